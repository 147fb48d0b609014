"""The local stack: the API, the table, the mail and the site on one machine, from the real template."""
