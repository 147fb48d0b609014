"""Records: what is stored."""
