"""Ce que dit la page des emails en attente."""

SENTENCES = {
    "title": "Emails en attente",
    "none": "Aucun email n’attend. Ce qui vous est écrit ou demandé part en quelques instants.",
    "none_here": "Rien d’autre n’attend.",
    "total": "Emails en attente\u00a0: {total}.",
    "about": "Ils partent d’eux-mêmes\u00a0: tous sont retentés au moins toutes les 15 minutes. Aucun n’est perdu.",
    "count_owner": "Pour vous ou pour les destinataires d’un formulaire\u00a0: {number}",
    "count_visitor": "Pour des visiteurs et des abonnés\u00a0: {number}",
    "count_held": "Retenus, car votre boîte n’accepte plus d’email\u00a0: {number}",
    "reasons_title": "Pourquoi attendent ceux de cette page",
    "to_start": "Revenir aux plus anciens",
    "until": "Prochain essai après le",
    "said": "La réponse était\u00a0:",
    "age_minutes": "depuis {number}\u00a0min",
    "age_hours": "depuis {number}\u00a0h",
    "age_days": "depuis {number}\u00a0jours",
    "to_owner": "Pour vous",
    "to_host": "Pour l’hébergeur de votre site",
    "to_recipients": "Pour les destinataires du formulaire",
    "to_sender": "Pour l’auteur du message",
    "to_new_subscriber": "Pour un nouvel abonné",
    "to_author": "Pour une adresse qui a demandé ses commentaires",
    "to_subscriber": "Pour un abonné",
    "to_signed_up": "Pour une adresse qui s’est inscrite",
    "to_visitor": "Pour un visiteur",
    "email_deploy_hook": "Demande de reconstruction du site",
    "email_other": "Email «\u00a0{name}\u00a0»",
    "short_new": "Vient d’être ajouté",
    "short_sending": "Envoi en cours",
    "short_erasing": "Effacement en cours",
    "short_in_doubt": "Amazon SES n’a pas répondu",
    "short_interrupted": "Envoi interrompu",
    "short_many": "Limite du jour pour les inconnus atteinte",
    "short_share": "Part d’un réseau dans cette limite épuisée",
    "short_often": "La même boîte vient d’en recevoir un",
    "short_mailbox": "Votre boîte n’accepte plus d’email",
    "short_bounced": "Votre boîte l’a refusé pour l’instant",
    "short_rejected": "Contenu rejeté par Amazon SES",
    "short_sandbox": "Amazon SES est en mode d’essai (sandbox)",
    "short_paused": "Compte suspendu par Amazon SES",
    "short_quota": "Quota quotidien du compte épuisé",
    "short_rate": "Débit d’envoi du compte atteint",
    "short_ses": "Amazon SES ne l’accepte pas pour l’instant",
    "short_table": "La table n’a pas répondu",
    "short_not_written": "Impossible à rédiger",
    "short_hook": "L’hébergeur de votre site n’a pas pris l’appel",
    "why_new": "Il vient d’être ajouté et n’a pas encore été tenté.",
    "why_sending": "Il est en train de partir.",
    "why_erasing": "Il annonce un effacement encore en cours, et partira quand celui-ci sera terminé.",
    "why_in_doubt": (
        "Amazon SES devait l’envoyer et n’a pas répondu (essais\u00a0: {tries}). Il est peut-être parti\u00a0: il "
        "n’est renvoyé que si aucune nouvelle n’arrive."
    ),
    "why_interrupted": "L’envoi s’est interrompu avant toute réponse. Il sera retenté.",
    "why_many": (
        "Le nombre d’emails par jour vers des adresses non confirmées est limité (StrangerMailPerDay). Celui du jour "
        "est atteint\u00a0: il partira demain."
    ),
    "why_share": (
        "Le réseau d’où vient la demande a eu sa part des emails du jour vers des adresses non confirmées. Les autres "
        "passent avant."
    ),
    "why_often": (
        "La même boîte vient de recevoir un tel email, ou trois aujourd’hui. Ainsi, personne ne peut l’inonder."
    ),
    "why_mailbox": (
        "L’une de vos boîtes a refusé un email définitivement. Un email par jour est tenté\u202f; dès qu’il arrive, "
        "tous les autres suivent."
    ),
    "why_bounced": (
        "Votre boîte l’a refusé pour l’instant\u202f; elle est peut-être pleine. Il sera retenté dans quelques heures."
    ),
    "why_rejected": (
        "Amazon SES l’a accepté puis en a rejeté le contenu. Un bref avis sans le texte du visiteur le remplacera."
    ),
    "why_sandbox": (
        "Le compte Amazon SES est en mode d’essai (sandbox)\u00a0: il n’écrit qu’aux adresses vérifiées. Demandez "
        "l’accès de production dans la console d’Amazon SES."
    ),
    "why_paused": "Amazon SES a suspendu les envois de ce compte. Sa console dit pourquoi.",
    "why_quota": "Le quota quotidien d’Amazon SES est épuisé. Il partira dès qu’il y aura de la place.",
    "why_rate": "Amazon SES limite le nombre d’envois par seconde. Il partira au prochain essai.",
    "why_ses": "Amazon SES ne l’accepte pas pour l’instant. Il sera retenté.",
    "why_table": "La table n’a pas répondu au moment de l’envoi. Il sera retenté.",
    "why_not_written": (
        "Cet email ne peut pas être rédigé\u00a0: il y a une erreur dans les textes ou dans le programme. Il partira "
        "une fois l’erreur corrigée."
    ),
    "why_hook": (
        "L’hébergeur de votre site n’a pas pris l’appel qui demande une reconstruction (deploy hook). Il est retenté "
        "toutes les 15 minutes, jusqu’à un jour après le dernier changement. D’ici là, les derniers commentaires "
        "manquent peut-être aux pages déjà construites."
    ),
    "mailbox_title": "Une boîte qui n’accepte plus d’email",
    "mailbox_other": "Un destinataire d’un formulaire",
    "mailbox_since": "refus depuis le",
    "mailbox_do": (
        "Réparez la boîte, ou déployez une autre adresse comme OwnerEmail. Puis faites-la essayer\u00a0: dès qu’un "
        "email est arrivé, tous les autres suivent."
    ),
    "try_button": "L’essayer avec les prochains emails",
    "told_tried": "D’ici 15 minutes, un email y sera envoyé pour l’essayer.",
    "failed_title": "Emails définitivement refusés",
    "failed": (
        "Amazon SES, ou l’hébergeur de votre site, les a refusés ou n’a jamais répondu, et ils ne sont plus tentés "
        "d’eux-mêmes. Réglez ce que dit la réponse, puis renvoyez-les. Ils figurent ici pendant 90\u00a0jours."
    ),
    "retry_button": "Le renvoyer",
    "more_failed": "Il y en a d’autres. Ces commandes en donnent la liste complète et les renvoient\u00a0:",
    "told_retried": "L’email est de nouveau en attente, et partira d’ici 15 minutes.",
    "told_unchanged": "Rien n’a changé\u00a0: l’email est déjà en attente, ou parti.",
}
