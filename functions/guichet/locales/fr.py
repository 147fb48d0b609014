"""French: every sentence, and how it writes days and times."""

from datetime import datetime

# Written out: Lambda has no locale but C.
_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
# As words to split: as a tuple, each month would take a line.
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905

# Error codes are upper case, as in the responses; all other keys are lower case.
SENTENCES = {
    # What went wrong, at a field or as a whole
    "REQUIRED_FIELD_MISSING": "Le champ « {field} » est obligatoire et n'a pas été envoyé.",
    "REQUIRED_FIELD_EMPTY": "Le champ « {field} » est obligatoire.",
    "TYPE_EMAIL": "Le champ « {field} » doit contenir une adresse email, comme nom@exemple.fr.",
    "TYPE_TEXT": "Le champ « {field} » doit contenir un simple texte.",
    "TOO_LONG": "Le champ « {field} » est trop long : {limit} caractères au plus.",
    "NAME_TOO_LONG": "Le nom d'un champ est trop long : {limit} caractères au plus.",
    "TOO_MANY_FIELDS": "Le formulaire a trop de champs : {limit} au plus en dehors de ceux qui sont connus.",
    "EMPTY": "Le formulaire est vide.",
    "BAD_REQUEST": "La requête n'a pas pu être lue : elle est incomplète ou mal formée.",
    "BAD_JSON": "Le corps de la requête n'est pas un objet JSON valide.",
    "BAD_ENCODING": "La requête n'a pas pu être lue : le texte doit être en UTF-8.",
    "ORIGIN_NOT_ALLOWED": (
        "Ce site n’est pas autorisé à envoyer ce formulaire. "
        "C’est le vôtre\u202f? Ajoutez son origine au paramètre AllowedOrigins, puis déployez."
    ),
    "FORM_NOT_FOUND": "Ce formulaire n'existe pas.",
    "METHOD_NOT_ALLOWED": "À cette adresse arrivent les formulaires du site : il n'y a rien à y lire.",
    "TOO_LARGE": "L'envoi est trop volumineux : {limit} Kio au plus.",
    "UNSUPPORTED_MEDIA_TYPE": (
        "Ce type d'envoi n'est pas pris en charge. Sont acceptés : application/json, "
        "application/x-www-form-urlencoded et multipart/form-data, en UTF-8."
    ),
    "NO_FILE_UPLOADS": "Ce formulaire n'accepte pas de fichier.",
    "BLOCKED": "Votre envoi n'a pas pu être vérifié. Rechargez la page du formulaire et réessayez.",
    "TOO_MANY_REQUESTS": "Trop d'envois en peu de temps. Réessayez dans {minutes} min.",
    "UNAVAILABLE": (
        "Nous n'avons pas pu confirmer que votre envoi a été enregistré. "
        "Réessayez dans les dix minutes : le renvoyer est sans risque, il ne comptera qu'une fois."
    ),
    "LINK_INVALID": "Ce lien est incomplet ou n'est pas valable. Ouvrez-le tel qu'il figure dans l'email.",
    "LINK_ENDED": "Ce lien n'est plus valable : ce qu'il désigne est effacé, ou il a expiré.",
    "LINK_EXPIRED": "Ce lien n'est plus valable. Inscrivez-vous à nouveau pour en recevoir un autre.",
    # Pages and success
    "contact_accepted": "Merci pour votre message. Nous vous répondrons par email.",
    "newsletter_accepted": (
        "Merci pour votre abonnement ! Il reste un geste : ouvrez l'email qui est en route vers vous, "
        "et confirmez. Il peut tarder un peu ; regardez aussi dans les indésirables."
    ),
    "contact_accepted_for": "Merci pour votre message. Nous vous répondrons à l’adresse {email}.",
    "newsletter_accepted_for": (
        "Plus qu’une étape\xa0: ouvrez l’email que vous allez recevoir à l’adresse {email}, et confirmez. "
        "Il peut tarder un peu\u202f; regardez aussi dans les indésirables. "
        "L’adresse est fausse\u202f? Inscrivez-vous à nouveau."
    ),
    "used_title": "Vous êtes déjà abonné(e)",
    "used": (
        "Ce lien a déjà servi\xa0: vous êtes abonné(e) à la newsletter «\xa0{site}\xa0». Il n’y a plus rien à faire."
    ),
    "subscribed_title": "Vous êtes déjà abonné(e)",
    "subscribed": "Vous êtes déjà abonné(e) à la newsletter «\xa0{site}\xa0». Il n’y a plus rien à faire.",
    "thanks_title": "Merci !",
    "error_title": "Votre envoi n'a pas abouti",
    "error_kept": "Revenez en arrière dans votre navigateur : ce que vous avez écrit y est encore.",
    "error_again": "Vous pouvez aussi recharger cette page pour renvoyer le formulaire.",
    "back": "Retour au site « {site} »",
    "confirm_title": "Confirmer votre abonnement",
    "confirm_lead": "Vous avez demandé à recevoir la newsletter « {site} ». En confirmant, vous acceptez ceci :",
    "confirm_sent": "Envoyé avec la demande",
    "confirm_sent_lead": (
        "Ce qui suit accompagnait la demande et n'a pas été vérifié : elle a pu être faite par quelqu'un d'autre. "
        "Si vous confirmez, ce sera gardé comme tel."
    ),
    "confirm_page": "Page indiquée",
    "confirm_claim": "Ce qui aurait été accepté",
    "confirm_name": "Votre nom (facultatif)",
    "confirm_name_sent": "Nom envoyé avec la demande. Corrigez-le ou effacez-le : il sera gardé tel qu'il figure ici.",
    "confirm_name_hint": "Il sera gardé tel qu'il figure ici.",
    "confirm_button": "Je confirme mon abonnement",
    "confirm_ignore": "Vous n'avez rien demandé ? Fermez cette page, il ne se passera rien.",
    "confirmed_title": "Abonnement confirmé",
    "confirmed": "Merci pour votre abonnement à la newsletter « {site} ».",
    "form_title": "Rien à voir ici",
    "link_title": "Lien non valable",
    "expired_title": "Ce lien a expiré",
    "expired_lead": "Un lien de confirmation est valable 48 heures. Demandez-en un nouveau :",
    "expired_button": "M'envoyer un nouveau lien",
    "again_title": "Regardez vos emails",
    "again": (
        "Si votre demande était encore connue, un nouveau lien vient de vous être envoyé. "
        "Rien reçu d'ici quelques minutes ? Inscrivez-vous à nouveau sur le site."
    ),
    "unsubscribe_title": "Se désabonner",
    "unsubscribe_lead": "Vous ne recevrez plus la newsletter « {site} ».",
    "unsubscribe_button": "Je me désabonne",
    "unsubscribe_whose": "Adresse concernée : {address}",
    "unsubscribed_title": "Vous êtes désabonné(e)",
    "unsubscribed": "C'est fait : vous ne recevrez plus la newsletter « {site} ».",
    "undo_lead": "Une erreur ? Pendant quelques minutes, vous pouvez revenir en arrière.",
    "undo_button": "Rester abonné(e)",
    "undone_title": "Vous êtes toujours abonné(e)",
    "undone": "C'est fait : vous continuez à recevoir la newsletter « {site} ».",
    "refuse_title": "Ce n'était pas moi",
    "refuse_lead": (
        "Quelqu'un a saisi votre adresse sur le site « {site} » ? En appuyant sur le bouton, vous n'en recevrez plus "
        "aucun email automatique, et personne ne pourra plus y inscrire votre adresse. Si vous êtes abonné(e) à la "
        "newsletter, votre abonnement prend fin."
    ),
    "refuse_button": "Ne plus jamais m'écrire",
    "refuse_kept": "Pour cela, seule une empreinte de votre adresse est gardée : elle sert à la reconnaître.",
    "refused_title": "Nous ne vous écrirons plus",
    "refused": (
        "C'est fait : « {site} » n'enverra plus aucun email automatique à votre adresse. Si vous changez d'avis, "
        "écrivez au responsable du site."
    ),
    # Pages of the owner
    "owner_spam_title": "Classer comme spam",
    "owner_spam_lead": "Ce message ira dans le dossier de spam, où il sera effacé au bout de 30 jours.",
    "owner_spam_button": "C'est du spam",
    "owner_filed_title": "Classé comme spam",
    "owner_filed": "C'est fait : ce message est dans le dossier de spam.",
    "owner_erase_title": "Effacer cette personne",
    "owner_erase_lead": (
        "Tout ce que « {site} » garde de cette adresse sera effacé : messages, inscriptions, abonnement. "
        "Rien ne pourra être rétabli."
    ),
    "owner_erase_subscribed": "Cette adresse est abonnée à la newsletter : son abonnement prendra fin.",
    "owner_erase_not_subscribed": "Cette adresse n'est pas abonnée à la newsletter.",
    "owner_erase_unwanted": (
        "Ce message est indésirable ? N'effacez rien : n'importe qui peut écrire l'adresse d'une autre personne "
        "dans un formulaire, et c'est elle que vous effaceriez. Prenez le lien « C'est du spam » du même email."
    ),
    "owner_erase_button": "Tout effacer",
    "owner_erased_title": "Effacé",
    "owner_erased": (
        "C'est fait : « {site} » ne garde plus rien de cette personne, hors les sauvegardes jusqu'à leur "
        "expiration et, si elle a été abonnée, une empreinte de son adresse, pour qu'aucun import ne la réabonne. "
        "Pensez aux emails que vous avez reçus."
    ),
    "owner_erasing_title": "L'effacement continue",
    "owner_erasing": (
        "Il y a beaucoup à lire : « {site} » continue d'effacer sans que vous ayez à attendre, et vous envoie un email "
        "quand c'est fini. Vous pouvez fermer cette page."
    ),
    "owner_link": "Le lien ci-dessus est valable jusqu'au {until}.",
    "owner_links": "Les liens ci-dessus sont valables jusqu'au {until}.",
    "owner_gone_title": "Plus rien par ce lien",
    "owner_gone": (
        "Par ce lien, « {site} » ne trouve plus d'adresse : ce qu'il désigne est effacé, ou le lien a expiré. "
        "S'il peut rester autre chose de cette personne, prenez le lien d'un autre email à son sujet, ou la commande "
        "`guichet forget`."
    ),
    "owner_unfinished_title": "Ce n'est pas fini",
    "owner_unfinished_lead": (
        "« {site} » garde encore quelque chose de cette personne : la table n'a pas répondu. Réessayez ; sinon, la "
        "commande `guichet forget` efface le reste."
    ),
    "owner_unfinished_button": "Réessayer",
    # Emails: words that several of them share
    "hello": "Bonjour,",
    "label": "{name} :",
    "quoted": "« {text} »",
    "name": "Nom",
    "email": "Email",
    "subject": "Sujet",
    "message": "Message",
    "page": "Page",
    "reference": "Référence",
    "marked": "Tout ce qui est marqué à gauche a été écrit par le visiteur.",
    "erase_person": "Effacer cette personne",
    # Emails to visitors. Line breaks are those of the plain text.
    "acknowledgement_subject": "Votre message à « {site} »",
    "acknowledgement_title": "Votre message",
    "acknowledgement_heading": "Votre message est bien arrivé",
    "acknowledgement_lead": (
        "votre message envoyé par le formulaire du site « {site} » est bien arrivé.\nNous vous répondrons par email."
    ),
    "acknowledgement_ignore": (
        "Vous n'avez rien envoyé ?\nQuelqu'un a indiqué votre adresse par erreur :\nne tenez pas compte de cet email."
    ),
    "refuse_link": "Ce n'était pas moi, ne m'écrivez plus",
    "confirmation_request_subject": "Confirmez votre abonnement à la newsletter « {site} »",
    "confirmation_request_heading": "Confirmez votre abonnement",
    "confirmation_request_lead": (
        "vous avez demandé à recevoir la newsletter « {site} ».\n"
        "Pour confirmer, ouvrez cette page et appuyez sur le bouton :"
    ),
    "confirmation_request_button": "Confirmer mon abonnement",
    "confirmation_request_copy": "La même page, en adresse à copier :",
    "confirmation_request_until": "Le lien est valable jusqu'au {until}.",
    "confirmation_request_ignore": (
        "Vous n'avez rien demandé ?\nNe faites rien : sans confirmation, vous ne recevrez rien."
    ),
    "welcome_subject": "Bienvenue dans la newsletter « {site} »",
    "welcome_heading": "Bienvenue",
    "welcome_lead": "votre abonnement à la newsletter « {site} » est confirmé.\nMerci !",
    "welcome_leave": "Vous pouvez partir à tout moment : {unsubscribe}",
    "welcome_unsubscribe": "se désabonner",
    # Below the owner's own words
    "confirmation_request_why": (
        "Vous recevez cet email parce que la newsletter «\xa0{site}\xa0» a été demandée pour votre adresse."
    ),
    "welcome_why": (
        "Vous recevez cet email parce que vous avez confirmé votre abonnement à la newsletter «\xa0{site}\xa0»."
    ),
    "acknowledgement_why": (
        "Vous recevez cet email parce qu’un message a été envoyé au site «\xa0{site}\xa0» avec votre adresse."
    ),
    # Emails to the owner
    "contact_notification_from": "Message de {name}",
    "contact_notification_about": "{subject} – {name}",
    "contact_notification_heading": "Nouveau message",
    "contact_notification_lead": "Nouveau message reçu par le formulaire de contact du site « {site} ».",
    "contact_notification_extra": "Autres champs du formulaire",
    "contact_notification_reply": "Pour répondre au visiteur, répondez à cet email : votre réponse part à {email}.",
    "contact_notification_received": "Reçu le {at}",
    "contact_notification_spam": "C'est du spam",
    "new_subscriber_subject": "Nouvel abonnement à la newsletter : {email}",
    "new_subscriber_heading": "Nouvel abonnement",
    "new_subscriber_lead": "{email} a confirmé son abonnement à la newsletter « {site} ».",
    "new_subscriber_confirmed_on": "Confirmé le",
    "new_subscriber_page": "Inscription depuis",
    "erasure_done_subject": "L'effacement demandé le {at} est terminé",
    "erasure_done_heading": "L'effacement est terminé",
    "erasure_done_lead": (
        "L'effacement que vous avez demandé le {at} est terminé : « {site} » ne garde plus rien de cette personne."
    ),
    "erasure_done_remains": (
        "Il ne reste d'elle que les sauvegardes, jusqu'à leur expiration, et, si elle a été abonnée, une empreinte de "
        "son adresse, pour qu'aucun import ne la réabonne. Pensez aux emails que vous avez reçus."
    ),
    "rejected_notice_subject": "Un email n'a pas pu vous parvenir ({reference})",
    "rejected_notice_heading": "Un email n'a pas pu vous parvenir",
    "rejected_notice_message": (
        "Un message reçu par le formulaire du site « {site} » ne peut pas vous être envoyé par email : Amazon SES, "
        "le service qui envoie vos emails, l'a refusé. Le message, lui, est bien enregistré."
    ),
    "rejected_notice_other": (
        "Un email du site « {site} » ne peut pas vous être envoyé : Amazon SES, le service qui envoie vos emails, "
        "l'a refusé. Ce qu'il annonçait est bien enregistré."
    ),
    "rejected_notice_why": (
        "C'est d'ordinaire à cause de son contenu, qu'Amazon SES prend pour un virus. "
        "Méfiez-vous donc de ce qu'il contient."
    ),
    "rejected_notice_command": "Pour en savoir plus, tapez la commande {command}.",
    "digest_subject": "La semaine du {since}",
    "digest_heading": "Votre semaine",
    "digest_lead": "Du {since} au {until} (UTC), « {site} » a reçu :",
    "digest_messages": "Messages",
    "digest_confirmed": "Nouveaux abonnés",
    "digest_spam": "Classés comme spam",
    "digest_waiting": (
        "Emails en attente d'envoi : {count}, le plus ancien depuis {since}.\n"
        "Ils partiront d'eux-mêmes. Sinon, la commande {command} dit pourquoi."
    ),
    "digest_spam_named": "Ce que Guichet classe comme spam vous est signalé le lendemain, par un autre email.",
    "digest_none_waiting": "Aucun email n'est en attente.",
    "spam_note_subject": "Classés comme spam le {day} : {count}",
    "spam_note_heading": "Classés comme spam",
    "spam_note_day": "Envois que « {site} » a classés comme spam le {day} (UTC) : {count}.",
    "spam_note_days": "Envois que « {site} » a classés comme spam du {since} au {until} (UTC) : {count}.",
    "spam_note_kept": "Ils restent {days} jours dans le dossier de spam, puis sont effacés.",
    "spam_note_sign_up": "Inscription à la newsletter",
    "spam_note_reference": "RÉFÉRENCE",
    "spam_note_release": (
        "Ce n'est pas du spam ? La commande {command} le libère :\n"
        "un message vous est envoyé, une inscription reçoit son lien."
    ),
    "spam_note_others": "Il y en a d'autres : {count}. La commande {command} les montre tous.",
    "cap_reached_subject": "Limite quotidienne d'emails atteinte ({day})",
    "cap_reached_heading": "Limite quotidienne d'emails atteinte",
    "cap_reached_all": (
        "Le {day} (UTC), « {site} » a envoyé {per_day} emails d'une même sorte à des adresses non confirmées : "
        "c'est la limite pour une journée."
    ),
    "cap_reached_network": (
        "Le {day} (UTC), les visiteurs d'un même réseau ont demandé à « {site} » plus d'emails vers des adresses non "
        "confirmées que la part d'un réseau dans les {per_day} de la journée. Les autres visiteurs reçoivent les leurs."
    ),
    "cap_reached_links": "Ce sont les liens qui permettent de confirmer un abonnement à la newsletter.",
    "cap_reached_acknowledgements": (
        "Ce sont des accusés de réception, envoyés sous deux jours ou pas du tout. "
        "Les messages eux-mêmes vous sont parvenus."
    ),
    "cap_reached_wait": "Rien n'est perdu : les emails au-delà de la limite attendent et partiront seuls dès demain.",
    "cap_reached_list": "La commande {command} en donne la liste.",
    "cap_reached_more": "Ces personnes s'intéressent à votre site ? Augmentez {parameter} et déployez.",
    "cap_reached_abuse": "Quelqu'un saisit des adresses inventées ? Déployez avec {parameter}.",
}


def day(at: datetime) -> str:
    """Return a day, such as `dimanche 1er novembre 2026`."""
    number = "1er" if at.day == 1 else at.day
    return f"{_WEEKDAYS[at.weekday()]} {number} {_MONTHS[at.month - 1]} {at.year}"


def when(at: datetime) -> str:
    """Return a time in its own zone, such as `dimanche 1er novembre 2026 à 8 h 05 (Europe/Paris)`."""
    return f"{day(at)} à {at.hour}\xa0h\xa0{at:%M} ({at.tzinfo})"
