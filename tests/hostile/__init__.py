"""What a hostile stranger may post, as data: each case has a request and the outcome that the contract demands."""
