"""What commands write in English."""
