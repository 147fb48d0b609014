"""A sample issue of the newsletter in each language, with everything that Markdown can say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from guichet.locales import LANGUAGES, Language
from guichet.records.issue import ISSUE_KEPT, Edition, Issue, Tally, WrittenIssue

AT = datetime(2026, 11, 1, 8, 5, tzinfo=UTC)
# What a reader's unsubscribe link looks like.
LINK = f"https://api.atelier.example/newsletter/unsubscribe?subscriber={'s' * 32}&token={'t' * 43}&language=fr"
IMAGES = ("https://atelier.example/img/etabli.jpg", "https://atelier.example/img/plan.png")

_FR = """\
Bonjour,

L’atelier rouvre **samedi 5 décembre**, après deux mois de travaux. Au programme : une _porte ouverte_, trois stages
d’hiver et ~~quatre~~ cinq places gardées pour nos abonnés. Tout est expliqué [sur notre
page](https://atelier.example/hiver?annee=2026&lettre=12#stages), et l’on peut nous écrire à <bonjour@atelier.example>.

![L’établi neuf, sous la verrière](https://atelier.example/img/etabli.jpg "Photo : Léa")

## Les stages d’hiver

| Stage | Jours | Prix |
|:------|:-----:|-----:|
| Tournage | 2 | 180 € |
| Assemblages à la japonaise | 3 | 240 € |
| Finitions | 1 | 95 € |

1. Choisissez votre stage ;
2. réservez **avant le 20 décembre** :
   - par email,
   - ou à l’atelier
     - le mardi,
     - le jeudi soir ;
3. venez avec un tablier.

### Ce qu’en disent les stagiaires

> On repart avec une boîte qui ferme *vraiment*, et l’envie d’en faire une autre.
>
> > Et des copeaux plein les poches.
>
> – Camille, <https://camille.example/>

#### Pour les bricoleurs

Collez à 20 °C, entre `50 % et 60 %` d’humidité. La formule du vernis :

```
gomme laque   200 g
alcool        1 l      à 95° puis laissez reposer une nuit entière dans un bocal fermé sans remuer
```

    # un rappel pour plus tard
    poncer && vernir

---

[![Le plan d’accès](https://atelier.example/img/plan.png)](https://atelier.example/venir)

À bientôt\\
L’équipe de l’atelier & de l’école, 12 < 13 \\*bis\\*, rue des Vignes <b>Lyon</b>
"""

_EN = """\
Hello,

The workshop opens again on **Saturday, 5 December**, after two months of building works. On the programme: an _open
day_, three winter courses and ~~four~~ five places kept for our subscribers. All is explained [on our
page](https://atelier.example/winter?year=2026&letter=12#courses), and you can write to <hello@atelier.example>.

![The new bench below the glass roof](https://atelier.example/img/etabli.jpg "Photo: Léa")

## Winter courses

| Course | Days | Price |
|:-------|:----:|------:|
| Turning | 2 | €180 |
| Japanese joints | 3 | €240 |
| Finishes | 1 | €95 |

1. Choose your course,
2. book **before 20 December**:
   - by email,
   - or at the workshop
     - on Tuesdays,
     - on Thursday evenings,
3. bring an apron.

### What people say

> You leave with a box that *really* shuts, and wish to make another.
>
> > And with shavings in all pockets.
>
> – Camille, <https://camille.example/>

#### For tinkerers

Glue at 20 °C, between `50 % and 60 %` of humidity. The recipe of the varnish:

```
shellac   200 g
alcohol   1 l      of 95 degrees then leave it alone for a whole night in a closed jar without stirring it
```

    # a note for later
    sand && varnish

---

[![How to find us](https://atelier.example/img/plan.png)](https://atelier.example/find)

See you soon\\
All of the workshop & the school, 12 < 13 \\*bis\\*, rue des Vignes <b>Lyon</b>
"""

_SAMPLES: Mapping[Language, Edition] = {
    "fr": Edition(
        subject="L’atelier rouvre\xa0: stages d’hiver et porte ouverte",
        markdown=_FR.replace(" :", "\xa0:").replace(" ;", "\u202f;").replace(" €", "\xa0€"),
        preheader="Cinq places gardées pour nos abonnés.",
        url="https://atelier.example/lettres/12",
    ),
    "en": Edition(
        subject="The workshop opens again: winter courses and an open day",
        markdown=_EN,
        preheader="Five places kept for our subscribers.",
        url="https://atelier.example/letters/12",
    ),
}
# Additional languages have no sample.
SAMPLE: Mapping[Language, Edition] = {**dict.fromkeys(LANGUAGES, _SAMPLES["en"]), **_SAMPLES}
ISSUE = Issue(
    id="2026-12-atelier",
    state="sending",
    languages=("fr", "en"),
    content="c",
    changed_at=AT,
    started_at=AT,
    ended_at=AT + timedelta(hours=2),
    reason="bounces",
    audience=1000,
    tally=Tally(waiting=100, claimed=1, sent=880, refused=2, left=10, unknown=7, bounced=60, complained=3),
    resumed_at=Tally(sent=100, bounced=5),
    expires_at=AT + ISSUE_KEPT,
)


def written(language: Language, to: str = "camille@example.org", link: str = LINK) -> WrittenIssue:
    """Return the sample as a reader gets it."""
    return WrittenIssue(ISSUE, SAMPLE[language], language, (to,), link)
