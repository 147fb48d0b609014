"""English."""

# A new file: the front matter, and what the Markdown may have in it.
SENTENCES = {
    "subject": "The title of the issue",
    "preheader": "A sentence that makes people open it, shown after the subject",
    "text": """# Hello

A first paragraph, with *italic text*, **bold text** and a
[link to the site](https://example.org/).

## A heading

- one point
- another one

> A quote.

See you soon!
""",
}
