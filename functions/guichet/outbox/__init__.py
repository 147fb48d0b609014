"""The transactional outbox: rows of emails, and how they go out."""
