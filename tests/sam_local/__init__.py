"""`make sam-local`: SAM's own commands, in containers, against a running local stack."""
