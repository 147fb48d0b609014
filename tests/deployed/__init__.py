"""The stack as it is deployed: by `sam deploy` to an emulator of AWS that enforces IAM, and used over HTTP."""
