"""All that runs outside Lambda: the local stack, the demo site, sample events."""
