"""What a hostile stranger may post, as data: each case names its request and the outcome that the contract demands."""
