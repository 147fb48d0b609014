"""POST /newsletter and the buttons of its emails: a sign-up and its confirmation."""

import guichet  # noqa: F401  first: it configures how the rest starts
