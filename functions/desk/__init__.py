"""The desk: the owner's own pages, behind a sign-in by email. Each area of it is a module with its routes."""
