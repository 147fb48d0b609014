"""`python -m infra.operate` is `guichet`."""

from infra.operate.commands import main

main()
