"""What the desk says in French."""
