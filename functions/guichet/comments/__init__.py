"""Comments: how they are rendered and moderated, and which parts are public."""
