"""French."""

SENTENCES = {
    "empty": "Laissez ce champ vide",
    "choose": "Choisissez",
    "send": "Envoyer",
    # What a field expects: a browser shows it where an answer does not fit.
    "required": "Ce champ est obligatoire.",
    "at_least": "Au moins {limit} caractères.",
    "email": "Une adresse email, comme nom@exemple.fr.",
    "phone": "Un numéro de téléphone, comme 01 99 00 00 00.",
    "url": "Une adresse web complète, comme https://exemple.fr.",
    # How many boxes to tick
    "one": "Cochez au moins une case.",
    "low": "Cochez au moins {low} cases.",
    "high": "Cochez au plus {high} cases.",
    "high_one": "Cochez au plus une case.",
    "exactly": "Cochez {low} cases.",
    "exactly_one": "Cochez une case.",
    "both": "Cochez de {low} à {high} cases.",
    # Where none need be ticked
    "low_if_any": "Si vous répondez, cochez au moins {low} cases.",
    "exactly_if_any": "Si vous répondez, cochez {low} cases.",
    "both_if_any": "Si vous répondez, cochez de {low} à {high} cases.",
}
