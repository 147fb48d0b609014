"""French."""

# A new file: the front matter, and what the Markdown may have in it.
SENTENCES = {
    "subject": "Le titre de la lettre",
    "preheader": "Une phrase qui donne envie d’ouvrir, affichée après l’objet",
    "text": """# Bonjour

Un premier paragraphe, avec du *texte en italique*, du **gras** et un
[lien vers le site](https://example.org/).

## Un sous-titre

- un point
- un autre

> Une citation.

À bientôt !
""",
}
