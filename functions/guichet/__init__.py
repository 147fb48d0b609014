"""What the handlers share: settings, the intake of a form, replies, storage, languages."""
