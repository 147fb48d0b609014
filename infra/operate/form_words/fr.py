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
    # The information notice (GDPR, article 13)
    "notice_required": (
        "Les champs marqués d’un astérisque (*) sont obligatoires\xa0: sans eux, votre envoi ne peut pas être traité."
    ),
    "notice_optional": "Aucun champ n’est obligatoire.",
    "notice_who": (
        "Responsable du traitement\xa0: {site}. Vos données servent uniquement à traiter votre envoi "
        "(«\xa0{title}\xa0») et à vous répondre."
    ),
    "notice_basis": "Base légale\xa0: l’intérêt légitime à répondre aux personnes qui écrivent par ce formulaire",
    "notice_basis_consent": " et, pour ce que vous acceptez en cochant une case, votre consentement",
    "notice_recipients": (
        "Destinataires\xa0: les personnes chargées de ces envois et le prestataire technique qui les héberge et les "
        "achemine (Amazon Web Services)."
    ),
    "notice_kept": "Durée de conservation\xa0: {duration}, puis effacement.",
    "notice_rights": (
        "Vous pouvez demander l’accès à vos données, leur rectification, leur effacement ou la limitation de leur "
        "traitement, et vous opposer à celui-ci"
    ),
    "notice_withdraw": ", ou retirer votre consentement à tout moment",
    "notice_contact": "\xa0: {contact}. Vous pouvez aussi adresser une réclamation à la CNIL (www.cnil.fr).",
    "day": "{count} jour",
    "days": "{count} jours",
    "year": "{count} an",
    "years": "{count} ans",
}
