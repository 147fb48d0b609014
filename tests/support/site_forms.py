"""Forms of the site's own, for tests: a `forms.toml` that replaces the site's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guichet.definitions import definition
from infra.build import compile_forms

QUOTE = """
[devis]
title = { fr = "Demande de devis", en = "Request for a quote" }
recipients = ["devis@example.org"]
retention_days = 365
reply = { fr = "Merci, je réponds sous deux jours.", en = "Thank you, I answer within two days." }
fields.name    = { type = "text", max = 60, label = { fr = "Votre nom", en = "Your name" } }
fields.email   = { type = "email", required = true, label = { fr = "Votre email", en = "Your email" } }
fields.phone   = { type = "phone", label = { fr = "Téléphone", en = "Phone" } }
fields.site    = { type = "url", label = "Site" }
fields.surface = { type = "number", min = 1, max = 10_000, label = { fr = "Surface (m²)", en = "Area (m²)" } }
fields.date    = { type = "date", min = 2026-01-01, label = { fr = "Date souhaitée", en = "Date" } }
fields.message = { type = "long_text", label = { fr = "Votre projet", en = "Your project" } }
route = { field = "budget", to = { plus = ["grands@example.org", "devis@example.org"] } }

[devis.fields.rooms]
type = "choices"
choices = ["Cuisine, salle", "Salon", "Chambre"]
max = 2
label = { fr = "Pièces", en = "Rooms" }

[devis.fields.budget]
type = "choice"
choices = ["< 1 000 €", { value = "plus", label = { fr = "Davantage", en = "More" } }]
required = true

[devis.fields.accord]
type = "consent"
required = true
label = { fr = "J’accepte d’être rappelé.", en = "You may call me." }
"""


@contextmanager
def site_forms(folder: Path, text: str = QUOTE, *, compiled: bool = False) -> Iterator[None]:
    """Let the site define forms: in its file, or as the build compiles it."""
    source, built = definition.SOURCE, definition.COMPILED
    definition.SOURCE, definition.COMPILED = folder / "forms.toml", folder / "compiled"
    folder.mkdir(exist_ok=True)
    definition.SOURCE.write_text(text, encoding="utf-8")
    if compiled:
        compile_forms(definition.SOURCE, definition.COMPILED)
        definition.SOURCE.unlink()
    definition.forget()
    try:
        yield
    finally:
        definition.SOURCE, definition.COMPILED = source, built
        definition.forget()
