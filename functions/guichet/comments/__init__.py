"""Comments: the pages they belong to, how they are rendered, and which parts are public."""
