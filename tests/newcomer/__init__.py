"""`make newcomer`: what somebody sees who follows the README."""
