"""Pourquoi un email a échoué ou a été abandonné."""

SENTENCES = {
    "filed_as_spam": "le message a été classé comme spam",
    "too_late": "il était trop tard pour accuser réception du message",
    "replaced": "un email plus récent à cette adresse le remplace",
    "mailed_before": "son lien était déjà en route",
    "no_comments": "personne n’a commenté avec cette adresse",
    "confirmed_already": "l’adresse est déjà abonnée",
    "left": "l’adresse s’est désabonnée après sa demande",
    "blocked": "l’adresse est bloquée\u00a0: elle ne reçoit aucun email",
    "bounced": "l’adresse ne reçoit pas d’email (retour à l’expéditeur)",
    "complained": "l’adresse a signalé un email comme spam",
    "gone": "ce qu’il annonçait a été effacé ou est arrivé à expiration",
    "in_doubt": "Amazon SES n’a pas répondu\u00a0: il est peut-être parti, peut-être pas",
    "ended": "il n’a pas pu partir malgré de nombreux essais",
}
