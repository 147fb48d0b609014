"""POST /comments and /f/comments, and GET /comments: what people write under the pages of the site."""

import guichet  # noqa: F401  first: it configures how the rest starts
