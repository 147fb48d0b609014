"""Forms: parsing, validation, spam, rate limits, and what happens when one is posted."""
