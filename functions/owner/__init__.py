"""The owner's links in notification emails: a page with a button each, to file as spam or to erase a person."""

import guichet  # noqa: F401  first: it says how the rest starts
