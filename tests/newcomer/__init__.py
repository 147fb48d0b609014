"""`make newcomer`: what a newcomer sees when following the README."""
