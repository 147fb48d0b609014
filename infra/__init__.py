"""Everything that runs outside Lambda: the local stack, the build, the operator's commands, the demo site."""
