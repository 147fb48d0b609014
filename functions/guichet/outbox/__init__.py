"""The transactional outbox: rows of emails, and how they are sent."""
