"""The site's own forms, as `functions/forms.toml` defines them."""
