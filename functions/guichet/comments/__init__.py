"""What comments are: the pages they stand under, how they are written out, and what of them is public."""
