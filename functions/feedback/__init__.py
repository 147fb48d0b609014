"""Takes SES events: a bounce or complaint suppresses an address."""

import guichet  # noqa: F401  first: it configures how the rest starts
