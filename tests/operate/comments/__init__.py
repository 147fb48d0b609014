"""`guichet comments`: into a site, and from other tools."""
