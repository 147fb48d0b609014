"""What tests share, each module named after what it knows. Fixtures are in the conftest of their folder."""
