"""POST /contact: a message for the site's owner."""
