"""The operator's commands: running Guichet without the AWS console."""
