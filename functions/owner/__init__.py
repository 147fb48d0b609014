"""The pages behind the owner's links: file a message as spam, erase a person."""

import guichet  # noqa: F401  first: it says how the rest starts
