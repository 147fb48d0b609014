"""Emails: MIME, SES, and one module per email."""
