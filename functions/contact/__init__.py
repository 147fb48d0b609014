"""POST /contact: a message for the site's owner."""

import guichet  # noqa: F401  first: it configures how the rest starts
