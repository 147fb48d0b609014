"""Effacer une personne."""

SENTENCES = {
    "title": "Effacer une personne",
    "lead": (
        "Quelqu’un vous a demandé d’effacer ce que vous conservez à son sujet\u202f? Saisissez son adresse. Rien n’est "
        "encore effacé\u00a0: la page suivante dit ce qui le sera."
    ),
    "address": "Adresse email",
    "address_wrong": "Ce n’est pas une adresse email, comme nom@exemple.fr.",
    "next": "Continuer",
    "gone": (
        "Ce dont parlait cette page est déjà effacé ou est arrivé à expiration, et son adresse avec. S’il peut rester "
        "autre chose de cette personne, saisissez son adresse."
    ),
    "confirm_title": "Effacer cette personne\u202f?",
    "confirm_message_title": "Effacer ce message\u202f?",
    "whose": "Adresse",
    "unwanted": (
        "Le message ou le commentaire est indésirable\u202f? N’effacez rien\u00a0: n’importe qui peut saisir l’adresse "
        "d’une autre personne dans un formulaire, et c’est elle que vous effaceriez. Classez-le plutôt comme spam, "
        "sur sa propre page."
    ),
    "goes": "Ce qui sera effacé",
    "goes_messages": (
        "tous les messages venus de cette adresse, y compris dans le dossier de spam, et leurs emails encore en attente"
    ),
    "goes_sign_ups": "les inscriptions à la newsletter qui ne sont pas confirmées",
    "goes_subscription": "l’abonnement, avec la preuve du consentement",
    "goes_comments": (
        "tous les commentaires venus de cette adresse, même publiés\u00a0: là où quelqu’un a répondu, il reste une "
        "place vide"
    ),
    "goes_rest": (
        "tout ce qui est encore enregistré avec cette adresse, par exemple les demandes de voir ses commentaires"
    ),
    "goes_mentions": (
        "l’adresse elle-même dans les messages et commentaires d’autres personnes\u00a0: elle y est biffée"
    ),
    "goes_message": (
        "le message, et ses emails encore en attente. Il n’a pas d’adresse\u00a0: personne d’autre n’est concerné."
    ),
    "final": "Rien ne pourra être rétabli.",
    "state_none": "Cette adresse n’est pas dans la liste des abonnés.",
    "state_confirmed": "Cette adresse est abonnée à la newsletter\u00a0: son abonnement prendra fin.",
    "state_unsubscribed": "Cette adresse s’est désabonnée de la newsletter.",
    "state_bounced": "Cette adresse ne reçoit pas d’email (retour à l’expéditeur) et reste exclue de tout envoi.",
    "state_complained": "Cette adresse a signalé un email comme spam et reste exclue de tout envoi.",
    "state_blocked": "Cette adresse est bloquée et reste exclue de tout envoi.",
    "state_lifted": "Cette adresse n’est pas abonnée à la newsletter.",
    "stays": "Ce qui reste",
    "stays_hash": (
        "d’une personne abonnée, ou qui l’a été\u00a0: une empreinte de l’adresse et son état, pour qu’aucun import ne "
        "la réabonne"
    ),
    "stays_backups": "les sauvegardes, jusqu’à leur expiration",
    "stays_ses": (
        "une entrée dans la liste d’Amazon SES, si un email à cette adresse lui est revenu ou a été signalé\u00a0: la "
        "commande «\u00a0guichet forget\u00a0» l’en retire"
    ),
    "stays_yours": "les emails que vous avez reçus\u00a0: effacez-les dans votre messagerie",
    "type_address": "Pour confirmer, saisissez l’adresse",
    "type_word": "Pour confirmer, saisissez {word}",
    "word": "EFFACER",
    "address_differs": "Ce n’est pas l’adresse ci-dessus.",
    "word_differs": "Saisissez le mot {word}.",
    "erase": "Tout effacer",
    "erase_message": "Effacer le message",
    "background": "L’effacement se fait en arrière-plan. Un email vous dira quand il sera terminé.",
    "going_on": "L’effacement de cette personne est déjà en cours.",
    "see": "Voir où il en est",
    "erasing_title": "Effacement en cours",
    "erasing": (
        "L’effacement que vous avez demandé le {at} se poursuit en arrière-plan. Un email vous dira quand il sera "
        "terminé\u00a0: d’ordinaire en quelques minutes, plus tard s’il y a beaucoup de données. Vous pouvez fermer "
        "cette page."
    ),
    "done_title": "Effacement terminé",
    "done": "L’effacement que vous avez demandé le {at} s’est terminé le {done}.",
    "told_queued": "C’est demandé\u00a0: l’effacement a commencé.",
    "told_queued_before": "Cet effacement était déjà demandé et se poursuit.",
}
