"""Ce que disent toutes les pages du bureau."""

SENTENCES = {
    "desk": "Bureau",
    "menu": "Rubriques du bureau",
    "messages": "Messages",
    "comments": "Commentaires",
    "comments_waiting": "Commentaires ({number})",
    "subscribers": "Abonnés",
    "issues": "Numéros",
    "outbox": "Emails en attente",
    "settings": "Réglages",
    "signed_in_as": "Connecté en tant que {address}",
    "sessions": "Sessions",
    "sign_out": "Se déconnecter",
    "skip": "Aller au contenu",
    "newer": "Plus récents",
    "older": "Plus anciens",
    "next": "Suivant",
    "previous": "Précédent",
    "back": "Retour",
    "to_site": "Vers le site",
    "error_title": "Cela n’a pas fonctionné",
    "no_such_page": (
        "Cette page n’existe pas, ou ce qu’elle montrait n’existe plus\u00a0: effacé, ou arrivé à expiration."
    ),
    "comment_gone": (
        "Ce commentaire n’existe plus\u00a0: supprimé, effacé, ou arrivé à expiration. Il n’y a plus rien à décider."
    ),
    "only_posted": (
        "Cette page ne s’ouvre pas directement\u00a0: seuls ses boutons fonctionnent. Revenez en arrière "
        "et utilisez le bouton."
    ),
    "other_origin": (
        "Ce formulaire ne venait pas du bureau lui-même\u00a0: rien n’a été modifié. Ouvrez le bureau "
        "dans cet onglet et réessayez."
    ),
    "other_session": (
        "Cette page a été ouverte dans une autre session\u00a0: rien n’a été modifié. Rouvrez-la et réessayez."
    ),
    "signed_out": "Votre session a pris fin\u00a0: rien n’a été modifié. Reconnectez-vous et réessayez.",
    "unavailable": (
        "La base de données n’a pas répondu à temps. Rechargez la page dans un instant. Si vous aviez appuyé sur un "
        "bouton, vérifiez d’abord si l’action a été faite\u00a0: elle a pu l’être."
    ),
    "too_large": (
        "C’est plus que le bureau n’accepte en une fois\u00a0: rien n’a été modifié. Une image a-t-elle été collée "
        "dans le texte\u202f? Placez-la sur votre site et indiquez plutôt son adresse."
    ),
    "not_read": (
        "L’envoi de votre navigateur est illisible\u00a0: rien n’a été modifié. Rouvrez la page et réessayez."
    ),
    "failed": (
        "Une erreur s’est produite dans le bureau lui-même. Réessayez dans un instant. Si vous aviez appuyé sur un "
        "bouton, vérifiez d’abord si l’action a été faite\u00a0: elle a pu l’être."
    ),
    "too_many": "Vous l’avez demandé très souvent en une heure. Attendez que l’heure soit passée.",
    "typed": "Ce que vous aviez saisi",
    "typed_hint": "Ce texte n’est enregistré nulle part. Copiez-le avant de quitter cette page.",
    "other_tab": "Ouvrir le bureau dans un autre onglet",
    "typed_cut": "La fin manque ici\u00a0: l’ensemble est trop long pour être affiché.",
}
