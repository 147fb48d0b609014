"""What commands write in French."""
