"""`guichet forms check` on a site built by a real static site generator: its five mistakes, and nothing else."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.npm import built
from tests.support.operate import Said, said_by
from tests.support.site_forms import site_forms

pytestmark = pytest.mark.slow

# A layout around every page, with a form in its footer; a form in a separate include, made from data; and pages.
SOURCES: Mapping[str, str] = {
    "_data/site.json": '{"title": "Atelier Bellevue", "api": "https://api.atelier.example"}',
    "_data/pieces.json": '["Cuisine, salle", "Salon", "Chambre"]',
    "_includes/layout.njk": """<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><title>{{ title }} · {{ site.title }}</title></head>
<body>
<header><form action="/recherche"><input name="q" aria-label="Rechercher"><button>Rechercher</button></form></header>
<main>
{{ content | safe }}
</main>
<footer>
{% include "newsletter.njk" %}
<p><a href="/confidentialite/">Politique de confidentialité</a></p>
</footer>
</body>
</html>
""",
    "_includes/newsletter.njk": """<form action="{{ site.api }}/newsletter" method="post">
<label for="newsletter-email">Votre email</label>
<input id="newsletter-email" type="email" name="email" autocomplete="email" required>
<input type="text" name="_gotcha" tabindex="-1" autocomplete="off" hidden>
<button>Je m’abonne</button>
<p class="guichet-notice">Votre adresse sert à vous envoyer la lettre, jusqu’à votre désabonnement.</p>
</form>
""",
    "_includes/devis.njk": """<form action="{{ site.api }}/f/devis" method="post" data-guichet>
<input type="hidden" name="_language" value="fr">
<p><label>Votre nom <input name="name" maxlength="60" autocomplete="name"></label></p>
<p><label>Votre email <input type="email" name="email" required></label></p>
<p><label>Téléphone <input type="tel" name="phone"></label></p>
<fieldset><legend>Pièces</legend>
{% for piece in pieces %}
<label><input type="checkbox" name="rooms" value="{{ piece }}"> {{ piece }}</label>
{% endfor %}
</fieldset>
<p><label>Budget <select name="budget" required>
<option value="">Choisissez</option><option>&lt; 1 000 €</option><option value="plus">Davantage</option>
</select></label></p>
<p><label>Surface <input type="number" name="surface" min="1" max="10000"></label></p>
<p><label>Votre projet <textarea name="message"></textarea></label></p>
<p><label>Comment nous avez-vous connus ? <input name="origine"></label></p>
<p><label><input type="checkbox" name="accord" value="oui" required> J’accepte d’être rappelé.</label></p>
<button>Envoyer</button>
<p>Vos réponses sont conservées un an : <a href="/confidentialite/">vos données personnelles</a>.</p>
</form>
""",
    "index.md": "---\ntitle: Accueil\nlayout: layout.njk\n---\n# Bienvenue\n\n[Écrivez-nous](/contact/).\n",
    "devis.njk": '---\ntitle: Devis\nlayout: layout.njk\n---\n<h1>Devis</h1>\n{% include "devis.njk" %}\n',
    "contact.md": """---
title: Contact
layout: layout.njk
---
# Contact

<form action="{{ site.api }}/contact" method="post">
<label>Email <input type="email" name="email" required></label>
<label>Sujet <input name="sujet"></label>
<label>Message <textarea name="message" required></textarea></label>
<button>Envoyer</button>
</form>
<p>Ce que deviennent vos réponses : <a href="/confidentialite/">confidentialité</a>.</p>
""",
    "confidentialite.md": "---\ntitle: Confidentialité\nlayout: layout.njk\n---\n# Vos données\n",
}
# Each mistake, its file, and its message.
MISTAKES: tuple[tuple[str, str, str, str], ...] = (
    ("contact.md", "{{ site.api }}/contact", "{{ site.api }}/f/contacts", "form contacts: posts to https://api."),
    ("_includes/newsletter.njk", ' for="newsletter-email"', "", "form newsletter, field email: has no label"),
    ("_includes/devis.njk", 'name="phone"', 'name="phonne"', "form devis, field phonne: is not a field of this form"),
    ("_includes/devis.njk", 'name="accord" ', "", "form devis, field accord: is required"),
    (
        "_includes/devis.njk",
        ' : <a href="/confidentialite/">vos données personnelles</a>.',
        ".",
        "form devis: has no information notice",
    ),
)


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Said]:
    """Return a function that checks a site."""

    def check(site: Path) -> Said:
        # A line for each mistake.
        monkeypatch.setenv("COLUMNS", "400")
        return said_by(capsys, "forms", "check", str(site))

    return check


def test_five_mistakes_in_a_built_site_are_found_and_nothing_else(
    check: Callable[[Path], Said], tmp_path: Path
) -> None:
    wrong = dict(SOURCES)
    for file, right, mistaken, _ in MISTAKES:
        assert wrong[file].count(right) == 1
        wrong[file] = wrong[file].replace(right, mistaken)
    site = built(tmp_path / "wrong", wrong)
    with site_forms(tmp_path):
        said = check(site)
    mistakes = [line for line in said.out.splitlines() if not line.startswith("  → ")]
    assert said.code == 1
    assert len(mistakes) == len(MISTAKES), said.out
    for *_, words in MISTAKES:
        assert len([line for line in mistakes if words in line]) == 1, words
    # The footer is on all pages.
    (label,) = [line for line in mistakes if "has no label" in line]
    assert " and 1 more: form newsletter" in label
    for line in mistakes:
        file, _, number = line.split(": ", maxsplit=1)[0].split(",")[0].rpartition(":")
        assert "<" in (site / file).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_the_same_site_mended_has_none(check: Callable[[Path], Said], tmp_path: Path) -> None:
    site = built(tmp_path / "right", SOURCES)
    with site_forms(tmp_path):
        said = check(site)
        assert (said.code, said.out) == (0, "6 forms post to Guichet from 4 pages, without a mistake.\n")
        empty = tmp_path / "empty"
        empty.mkdir()
        nothing = check(empty)
        (empty / "a.html").write_text("<p>Bonjour", encoding="utf-8")
        none = check(empty)
    assert nothing.code == 2
    assert "has no HTML files: build the site" in nothing.told
    assert (none.code, none.out) == (0, "No form of 1 page posts to Guichet. A script may.\n")
