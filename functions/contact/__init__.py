"""POST /contact: a message for the site's owner."""

import guichet  # noqa: F401  first: it says how the rest starts
