"""Forms of the site's own, for tests: a `forms.toml` that replaces the site's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guichet.definitions import lookup
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
    source, built = lookup.SOURCE, lookup.COMPILED
    lookup.SOURCE, lookup.COMPILED = folder / "forms.toml", folder / "compiled"
    folder.mkdir(exist_ok=True)
    lookup.SOURCE.write_text(text, encoding="utf-8")
    if compiled:
        compile_forms(lookup.SOURCE, lookup.COMPILED)
        lookup.SOURCE.unlink()
    lookup.forget()
    try:
        yield
    finally:
        lookup.SOURCE, lookup.COMPILED = source, built
        lookup.forget()
