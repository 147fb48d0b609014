"""What the desk says in English."""
