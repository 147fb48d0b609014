"""French: every sentence, and how it writes days and times."""

from datetime import datetime

# Names of languages, as written within a sentence.
NAMES = {"fr": "français", "en": "anglais"}
# The separator that Excel expects in a CSV file.
SEPARATOR = ";"
# 05/06/2024 is a day in June.
DAY_FIRST = True
# Written out: Lambda has no locale but C.
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
# As words to split: as a tuple, each month would take a line.
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905

# Error codes are upper case, as in the responses; all other keys are lower case.
SENTENCES = {
    # What went wrong, at a field or as a whole
    "REQUIRED_FIELD_MISSING": "Le champ « {field} » est obligatoire et ne figure pas dans l’envoi.",
    "REQUIRED_FIELD_EMPTY": "Le champ « {field} » est obligatoire.",
    "TYPE_EMAIL": "Le champ « {field} » doit contenir une adresse email, comme nom@exemple.fr.",
    "TYPE_TEXT": "Le champ « {field} » ne peut contenir que du texte.",
    "TOO_LONG": "Le champ « {field} » est trop long : {limit} caractères au maximum.",
    "TYPE_DATE": "Le champ « {field} » doit contenir une date, comme 31/12/2026.",
    "TYPE_NUMERIC": "Le champ « {field} » doit contenir un nombre, comme 1 234,50.",
    "TYPE_PHONE": "Le champ « {field} » doit contenir un numéro de téléphone, comme 01 99 00 00 00.",
    "TYPE_URL": "Le champ « {field} » doit contenir une adresse web, comme https://exemple.fr.",
    "NOT_A_CHOICE": "Le champ « {field} » contient une réponse qui n’est pas proposée : choisissez dans la liste.",
    "TOO_SHORT": "Le champ « {field} » est trop court : {limit} caractères au moins.",
    "NUMBER_TOO_SMALL": "Le champ « {field} » doit être au moins égal à {limit}.",
    "NUMBER_TOO_LARGE": "Le champ « {field} » doit être au plus égal à {limit}.",
    "DATE_TOO_EARLY": "Le champ « {field} » ne peut pas être avant le {limit}.",
    "DATE_TOO_LATE": "Le champ « {field} » ne peut pas être après le {limit}.",
    "TOO_FEW_CHOICES": "Le champ « {field} » demande au moins {limit} réponses.",
    "TOO_MANY_CHOICES": "Le champ « {field} » accepte au plus {limit} réponses.",
    "UNKNOWN_FIELD": "Ce formulaire n’a pas de champ « {field} ».",
    "NAME_TOO_LONG": "Le nom d’un champ est trop long : {limit} caractères au maximum.",
    "TOO_MANY_FIELDS": "Le formulaire a trop de champs : {limit} au maximum, en plus des champs habituels.",
    "EMPTY": "Le formulaire est vide.",
    "BAD_REQUEST": "La requête est illisible : elle est incomplète ou mal formée.",
    "BAD_JSON": "Le corps de la requête n’est pas un objet JSON valide.",
    "BAD_ENCODING": "La requête est illisible : le texte doit être en UTF-8.",
    "ORIGIN_NOT_ALLOWED": (
        "Ce site n’est pas autorisé à envoyer ce formulaire. "
        "C’est le vôtre ? Ajoutez son origine au paramètre AllowedOrigins, puis déployez."
    ),
    "FORM_NOT_FOUND": "Ce formulaire n’existe pas.",
    "METHOD_NOT_ALLOWED": "Cette adresse sert seulement à recevoir les formulaires du site.",
    "TOO_LARGE": "L’envoi est trop volumineux : {limit} Kio au maximum.",
    "UNSUPPORTED_MEDIA_TYPE": (
        "Ce format d’envoi n’est pas pris en charge. Formats acceptés : application/json, "
        "application/x-www-form-urlencoded et multipart/form-data, en UTF-8."
    ),
    "NO_FILE_UPLOADS": "Ce formulaire n’accepte pas de fichiers.",
    "BLOCKED": "Votre envoi n’a pas pu être vérifié. Rechargez la page du formulaire et réessayez.",
    "TOO_MANY_REQUESTS": "Trop d’envois en peu de temps. Réessayez dans {minutes} min.",
    "UNAVAILABLE": (
        "Votre envoi n’a peut-être pas été enregistré. "
        "Réessayez dans les dix minutes : même reçu deux fois, il ne comptera qu’une fois."
    ),
    "TYPE_PAGE": "Le champ « {field} » doit contenir le chemin d’une page de ce site, comme /articles/bonjour/.",
    "TYPE_COMMENT": "Le champ « {field} » ne désigne aucun commentaire. Rechargez la page et réessayez.",
    "LINK_INVALID": "Ce lien est incomplet ou incorrect. Ouvrez-le directement depuis l’email.",
    "LINK_ENDED": "Ce lien ne fonctionne plus : il a expiré, ou ce à quoi il menait a été effacé.",
    "LINK_EXPIRED": "Ce lien ne fonctionne plus. Inscrivez-vous à nouveau pour en recevoir un autre.",
    # Pages and success
    "contact_accepted": "Votre message est bien arrivé. Vous recevrez une réponse par email.",
    "newsletter_accepted": (
        "Il ne vous reste plus qu’à confirmer votre abonnement : ouvrez l’email que vous allez recevoir et suivez son "
        "lien. Il peut tarder un peu ; regardez aussi dans vos courriers indésirables."
    ),
    "comments_accepted": "Votre commentaire est bien arrivé. Il paraîtra une fois approuvé.",
    "comments_mine_accepted": (
        "Si des commentaires ont été écrits avec cette adresse, un lien pour les voir est en route vers elle. "
        "Il peut tarder un peu ; regardez aussi dans vos courriers indésirables."
    ),
    "contact_accepted_for": "Votre message est bien arrivé. Vous recevrez une réponse à l’adresse {email}.",
    "newsletter_accepted_for": (
        "Il ne vous reste plus qu’à confirmer votre abonnement : ouvrez l’email que vous allez recevoir à l’adresse "
        "{email} et suivez son lien. Il peut tarder un peu ; regardez aussi dans vos courriers indésirables. "
        "L’adresse est fausse ? Inscrivez-vous à nouveau."
    ),
    "comments_accepted_for": "Votre commentaire est bien arrivé. Il paraîtra une fois approuvé.",
    "comments_mine_accepted_for": (
        "Si des commentaires ont été écrits avec l’adresse {email}, un lien pour les voir est en route vers elle. "
        "Il peut tarder un peu ; regardez aussi dans vos courriers indésirables."
    ),
    "used_title": "Abonnement déjà confirmé",
    "used": (
        "Ce lien a déjà servi : votre abonnement à la newsletter « {site} » est confirmé. "
        "Vous n’avez plus rien à faire."
    ),
    "subscribed_title": "Abonnement déjà confirmé",
    "subscribed": "Vous recevez déjà la newsletter « {site} ». Vous n’avez plus rien à faire.",
    "form_accepted": "Nous avons bien reçu votre envoi : {title}.",
    "form_accepted_for": "Nous avons bien reçu votre envoi : {title}. Vous avez indiqué l’adresse {email}.",
    "thanks_title": "Merci !",
    "error_title": "Votre envoi n’a pas abouti",
    "error_kept": "Revenez en arrière dans votre navigateur : ce que vous avez écrit y est encore.",
    "error_again": "Vous pouvez aussi recharger cette page pour renvoyer le formulaire.",
    "back": "Retour au site « {site} »",
    "privacy": "Politique de confidentialité",
    "confirm_title": "Confirmez votre abonnement",
    "confirm_lead": (
        "Vous avez demandé à recevoir la newsletter « {site} ». En confirmant, vous acceptez ce qui suit :"
    ),
    "confirm_sent": "Reçu avec la demande",
    "confirm_sent_lead": (
        "Ces informations accompagnaient la demande et n’ont pas été vérifiées : quelqu’un d’autre a pu la faire. "
        "Si vous confirmez, elles seront conservées à ce titre."
    ),
    "confirm_page": "Page indiquée",
    "confirm_claim": "Accord indiqué",
    "confirm_name": "Votre nom (facultatif)",
    "confirm_name_sent": (
        "Reçu avec la demande. Vous pouvez le corriger ou l’effacer : seul ce qui figure ici sera enregistré."
    ),
    "confirm_name_hint": "Seul ce qui figure ici sera enregistré.",
    "confirm_button": "Je confirme mon abonnement",
    "confirm_ignore": "Vous n’avez rien demandé ? Fermez cette page : il ne se passera rien.",
    "confirmed_title": "Abonnement confirmé",
    "confirmed": "Merci pour votre abonnement ! Vous recevrez désormais la newsletter « {site} ».",
    "form_title": "Rien à voir ici",
    "link_title": "Lien inutilisable",
    "expired_title": "Ce lien a expiré",
    "expired_lead": "Un lien de confirmation est valable 48 heures. Demandez-en un nouveau :",
    "expired_button": "Recevoir un nouveau lien",
    "again_title": "Consultez vos emails",
    "again": (
        "Si votre demande existe encore, un nouveau lien est en route vers vous. "
        "Rien d’ici quelques minutes ? Inscrivez-vous à nouveau sur le site."
    ),
    "unsubscribe_title": "Vous désabonner",
    "unsubscribe_lead": "Vous ne voulez plus recevoir la newsletter « {site} » ? Confirmez-le d’un clic.",
    "unsubscribe_button": "Je me désabonne",
    "unsubscribe_whose": "Adresse concernée : {address}",
    "tested_title": "Ce lien fonctionne",
    "tested": "Il vient d’un envoi de test : personne n’a été désabonné. Dans l’email d’un abonné, il le désabonne.",
    "unsubscribed_title": "Désabonnement confirmé",
    "unsubscribed": "C’est fait : vous ne recevrez plus la newsletter « {site} ».",
    "undo_lead": "Une erreur ? Vous avez quelques minutes pour revenir en arrière.",
    "undo_button": "Garder mon abonnement",
    "undone_title": "Abonnement conservé",
    "undone": "C’est fait : vous continuerez à recevoir la newsletter « {site} ».",
    "renew_title": "Voulez-vous continuer à nous lire ?",
    "renew_lead": "Voulez-vous continuer à recevoir la newsletter « {site} » ? Un clic suffit.",
    "renew_button": "Oui, continuez à m’écrire",
    "renew_until": "Sans réponse de votre part, votre abonnement prendra fin après le {day}.",
    "renew_leave": "Me désabonner",
    "renewed_title": "Abonnement renouvelé",
    "renewed": "Votre abonnement à la newsletter « {site} » se poursuit. Vous n’avez plus rien à faire.",
    "returned_title": "Abonnement repris",
    "returned": "C’est fait : vous recevrez à nouveau la newsletter « {site} ».",
    "lapsed_title": "Votre abonnement a pris fin",
    "lapsed_lead": (
        "Un email vous demandait si vous souhaitiez toujours recevoir la newsletter « {site} ». Sans réponse dans les "
        "30 jours, votre abonnement a pris fin."
    ),
    "lapsed_on": "C’était le {day}. Depuis, vous ne recevez plus rien.",
    "lapsed_button": "Me réabonner",
    "lapsed_ignore": "Vous ne voulez plus la recevoir ? Fermez cette page : il ne se passera rien.",
    "refuse_title": "Ce n’était pas vous ?",
    "refuse_lead": (
        "Quelqu’un a saisi votre adresse sur le site « {site} » ? Si vous appuyez sur le bouton, vous n’en recevrez "
        "plus aucun email automatique, et personne ne pourra plus y inscrire votre adresse. Si vous receviez la "
        "newsletter, votre abonnement prendra fin."
    ),
    "refuse_button": "Ne plus jamais m’écrire",
    "refuse_kept": "Seule une empreinte de votre adresse sera conservée, pour la reconnaître.",
    "refused_title": "Plus aucun email",
    "refused": (
        "C’est fait : « {site} » n’enverra plus aucun email automatique à votre adresse. Si vous changez d’avis, "
        "écrivez au responsable du site."
    ),
    # Pages for who commented
    "mine_title": "Vos commentaires sur « {site} »",
    "mine_ask": (
        "Saisissez l’adresse avec laquelle vous avez commenté. S’il y a des commentaires, vous recevrez un email avec "
        "un lien qui vous les montre et permet de supprimer ceux que vous voulez. Il est valable 48 heures."
    ),
    "mine_expired": "Ce lien a expiré. Saisissez votre adresse pour en recevoir un nouveau.",
    "mine_address": "Votre adresse email",
    "mine_address_hint": "Elle sert à vous envoyer le lien, et à rien d’autre.",
    "mine_trap": "Laissez ce champ vide",
    "mine_send": "Recevoir le lien",
    "mine_lead": (
        "Voici les commentaires écrits avec votre adresse. L’un d’eux n’est pas de vous ? Vous pouvez le supprimer."
    ),
    "mine_none": "Il n’y a plus aucun commentaire écrit avec votre adresse.",
    "mine_shown": "Tout le monde le voit.",
    "mine_hidden": "Personne ne le voit : le responsable du site ne l’a pas approuvé.",
    "mine_delete": "Supprimer ce commentaire…",
    "mine_delete_all": "Tous les supprimer…",
    "mine_older": "Commentaires plus anciens",
    "mine_back": "Retour à vos commentaires",
    "mine_one_title": "Supprimer ce commentaire ?",
    "mine_one_lead": ("Il ne pourra pas être rétabli. Si quelqu’un y a répondu, une place vide reste, sans votre nom."),
    "mine_one_button": "Le supprimer définitivement",
    "mine_all_title": "Supprimer tous vos commentaires ?",
    "mine_all_lead": (
        "Tous les commentaires écrits avec votre adresse seront supprimés, sans retour possible. Là où quelqu’un a "
        "répondu, une place vide reste, sans votre nom."
    ),
    "mine_all_button": "Tous les supprimer définitivement",
    "mine_gone_title": "Commentaire supprimé",
    "mine_gone": (
        "« {site} » ne le conserve plus. Si une page du site en contient une copie, elle disparaîtra à la prochaine "
        "publication du site ; un navigateur peut encore le montrer une minute."
    ),
    "mine_all_gone_title": "Tous vos commentaires sont supprimés",
    "mine_all_gone": (
        "« {site} » ne les conserve plus. Si une page du site en contient une copie, elle disparaîtra à la prochaine "
        "publication du site ; un navigateur peut encore les montrer une minute."
    ),
    "mine_left_title": "Il reste des commentaires",
    "mine_left": (
        "Il y en a trop pour les supprimer tous à la fois. Appuyez encore sur le bouton pour supprimer le reste."
    ),
    # Emails: words that several of them share
    "hello": "Bonjour,",
    "label": "{name} :",
    "quoted": "« {text} »",
    "name": "Nom",
    "email": "Email",
    "subject": "Sujet",
    "field_phone": "Téléphone",
    "message": "Message",
    "comment": "Commentaire",
    "page": "Page",
    "reference": "Référence",
    "marked": "Les passages marqués dans la marge ont été écrits par le visiteur.",
    "desk_message": "Ce message sur votre bureau Guichet",
    "desk_subscriber": "Cet abonnement sur votre bureau Guichet",
    "desk_open": "Sur votre bureau Guichet",
    # What the desk calls each email
    "acknowledgement_called": "Accusé de réception d’un message",
    "cap_reached_called": "Avis de limite quotidienne atteinte",
    "comment_notification_called": "Notification d’un commentaire",
    "comments_link_called": "Lien vers ses propres commentaires",
    "confirmation_request_called": "Demande de confirmation d’abonnement",
    "contact_notification_called": "Notification d’un message",
    "desk_sign_in_called": "Lien et code de connexion au bureau",
    "digest_called": "Résumé de la semaine",
    "erasure_done_called": "Avis de fin d’effacement",
    "form_notification_called": "Notification d’un envoi de formulaire",
    "issue_paused_called": "Avis de suspension d’un numéro",
    "issue_sent_called": "Avis de fin d’envoi d’un numéro",
    "issue_test_called": "Essai d’un numéro",
    "new_subscriber_called": "Avis de nouvel abonné",
    "rejected_notice_called": "Avis remplaçant un email rejeté",
    "renewal_called": "Demande de renouvellement d’un abonnement",
    "spam_note_called": "Note sur les envois classés comme spam",
    "welcome_called": "Bienvenue à un nouvel abonné",
    # Emails to visitors. Line breaks are those of the plain text.
    "acknowledgement_subject": "Votre message à « {site} »",
    "acknowledgement_title": "Votre message",
    "acknowledgement_heading": "Votre message est bien arrivé",
    "acknowledgement_lead": (
        "Merci pour le message que vous avez envoyé depuis le site « {site} ».\nVous recevrez une réponse par email."
    ),
    "acknowledgement_ignore": (
        "Vous n’avez rien envoyé ?\n"
        "Quelqu’un a sans doute saisi votre adresse par erreur :\nne tenez pas compte de cet email."
    ),
    "refuse_link": "Ce n’était pas moi, ne m’écrivez plus",
    "confirmation_request_subject": "Confirmez votre abonnement à la newsletter « {site} »",
    "confirmation_request_heading": "Confirmez votre abonnement",
    "confirmation_request_lead": (
        "Vous avez demandé à recevoir la newsletter « {site} ».\n"
        "Pour confirmer, ouvrez cette page et appuyez sur le bouton :"
    ),
    "confirmation_request_button": "Confirmer mon abonnement",
    "confirmation_request_copy": "Le bouton ne répond pas ? Copiez cette adresse dans votre navigateur :",
    "confirmation_request_until": "Le lien est valable jusqu’au {until}.",
    "confirmation_request_ignore": (
        "Vous n’avez rien demandé ?\nNe faites rien : sans confirmation, vous ne recevrez rien."
    ),
    "comments_link_subject": "Vos commentaires sur « {site} »",
    "comments_link_heading": "Vos commentaires",
    "comments_link_lead": (
        "Quelqu’un a demandé à voir les commentaires écrits avec cette adresse sur « {site} ».\n"
        "Cette page les montre, et permet de supprimer ceux que vous voulez :"
    ),
    "comments_link_button": "Voir mes commentaires",
    "comments_link_ignore": (
        "Vous n’avez rien demandé ?\nNe faites rien : seule la personne qui a ce lien peut voir les commentaires."
    ),
    "welcome_subject": "Bienvenue dans la newsletter « {site} »",
    "welcome_heading": "Bienvenue",
    "welcome_lead": "Votre abonnement à la newsletter « {site} » est confirmé.\nMerci pour votre intérêt !",
    "welcome_leave": "Vous changez d’avis ? Vous pouvez {unsubscribe} à tout moment.",
    "welcome_unsubscribe": "vous désabonner",
    "renewal_subject": "Voulez-vous toujours recevoir la newsletter « {site} » ?",
    "renewal_heading": "Voulez-vous continuer à nous lire ?",
    "renewal_lead": (
        "Vous recevez la newsletter « {site} », et nous sommes sans nouvelles de vous depuis le {since}.\n"
        "Voulez-vous continuer à la recevoir ? Ouvrez cette page et appuyez sur le bouton :"
    ),
    "renewal_button": "Oui, continuez à m’écrire",
    "renewal_until": "Sans réponse d’ici le {until}, votre abonnement prendra fin et vous ne recevrez plus rien.",
    "renewal_leave": "Vous n’en voulez plus ? Vous pouvez {unsubscribe} dès maintenant.",
    # Below the owner's own words
    "confirmation_request_why": (
        "Vous recevez cet email parce que la newsletter « {site} » a été demandée pour votre adresse."
    ),
    "welcome_why": ("Vous recevez cet email parce que vous avez confirmé votre abonnement à la newsletter « {site} »."),
    "renewal_why": "Vous recevez cet email parce que votre adresse est abonnée à la newsletter « {site} ».",
    "acknowledgement_why": (
        "Vous recevez cet email parce qu’un message a été envoyé depuis le site « {site} » avec votre adresse."
    ),
    # Emails to the owner
    "contact_notification_from": "Message de {name}",
    "contact_notification_about": "{subject} – {name}",
    "contact_notification_heading": "Nouveau message",
    "contact_notification_lead": "Un message vous est arrivé par le formulaire de contact du site « {site} ».",
    "contact_notification_extra": "Autres champs du formulaire",
    "contact_notification_reply": "Pour répondre au visiteur, répondez à cet email : votre réponse ira à {email}.",
    "contact_notification_received": "Reçu le {at}",
    "comment_notification_from": "Commentaire de {name}",
    "comment_notification_heading": "Nouveau commentaire",
    "comment_notification_lead": "Quelqu’un a commenté une page du site « {site} ».",
    "comment_notification_next": (
        "Personne d’autre ne le voit tant que vous ne l’avez pas approuvé, sur votre bureau Guichet :"
    ),
    "comment_notification_button": "Le lire et décider",
    "comment_notification_reply": (
        "Pour écrire à son auteur, répondez à cet email : votre réponse ira à {email}, et à personne d’autre."
    ),
    "agreed": "Accepté",
    "form_notification_lead": "Quelqu’un a rempli ce formulaire du site « {site} » : {title}.",
    "new_subscriber_subject": "Nouvel abonnement à la newsletter : {email}",
    "new_subscriber_heading": "Nouvel abonnement",
    "new_subscriber_lead": "{email} a confirmé son abonnement à la newsletter « {site} ».",
    "new_subscriber_confirmed_on": "Confirmé le",
    "new_subscriber_page": "Inscription depuis",
    "erasure_done_subject": "L’effacement demandé le {at} est terminé",
    "erasure_done_heading": "L’effacement est terminé",
    "erasure_done_lead": (
        "L’effacement que vous avez demandé le {at} est terminé : « {site} » ne conserve plus rien de cette personne."
    ),
    "erasure_done_message": (
        "L’effacement que vous avez demandé le {at} est terminé : « {site} » ne conserve plus ce message."
    ),
    "erasure_done_message_remains": (
        "Il ne reste que les sauvegardes, jusqu’à leur expiration. Pensez aussi à l’email que vous avez reçu."
    ),
    "erasure_done_remains": (
        "Il ne reste que les sauvegardes, jusqu’à leur expiration, et, si cette personne était abonnée, une empreinte "
        "de son adresse, pour qu’aucun import ne la réabonne. Pensez aussi aux emails que vous avez reçus."
    ),
    "desk_sign_in_subject": "Connexion à votre bureau",
    "desk_sign_in_lead": "Le {at}, quelqu’un a saisi cette adresse pour se connecter au bureau de « {site} ».",
    "desk_sign_in_browser": "Avec",
    "desk_sign_in_code": "Votre code",
    "desk_sign_in_type": (
        "Saisissez-le dans le navigateur où il a été demandé. Il fonctionne une seule fois, dans les {minutes} minutes "
        "qui suivent cet email."
    ),
    "desk_sign_in_button": "Se connecter",
    "desk_sign_in_or_link": (
        "Ou ouvrez ce lien dans ce même navigateur et appuyez sur le bouton. Il ne fonctionne nulle part ailleurs :"
    ),
    "desk_sign_in_not_you": (
        "Ce n’était pas vous ? Ne faites rien : sans cet email, personne ne peut entrer. Ne le transférez pas et ne "
        "communiquez le code à personne."
    ),
    "desk_code_subject": "Votre code pour le bureau",
    "desk_code_lead": "Le {at}, un téléchargement a été demandé au bureau de « {site} », où vous êtes connecté.",
    "desk_code_not_you": (
        "Ce n’était pas vous ? Quelqu’un utilise alors un navigateur où vous êtes connecté : au bureau, ouvrez "
        "« Sessions » et fermez toutes les autres. Ne communiquez le code à personne."
    ),
    "rejected_notice_subject": "Un email n’a pas pu vous parvenir ({reference})",
    "rejected_notice_heading": "Un email n’a pas pu vous parvenir",
    "rejected_notice_message": (
        "Un message reçu par le formulaire du site « {site} » ne peut pas vous être envoyé par email : Amazon SES, "
        "le service qui envoie vos emails, l’a refusé. Le message, lui, est bien enregistré."
    ),
    "rejected_notice_comment": (
        "Un commentaire reçu sur le site « {site} » ne peut pas vous être envoyé par email : Amazon SES, le service "
        "qui envoie vos emails, l’a refusé. Le commentaire, lui, est bien enregistré et attend au bureau."
    ),
    "rejected_notice_other": (
        "Un email du site « {site} » ne peut pas vous être envoyé : Amazon SES, le service qui envoie vos emails, "
        "l’a refusé. Ce qu’il annonçait est bien enregistré."
    ),
    "rejected_notice_why": ("Le plus souvent, Amazon SES a pris son contenu pour un virus : ouvrez-le avec prudence."),
    "rejected_notice_desk": "Votre bureau Guichet en dit plus : {link}",
    "digest_subject": "La semaine du {since}",
    "digest_heading": "Votre semaine",
    "digest_lead": "Du {since} au {until} (UTC), « {site} » a reçu :",
    "digest_messages": "Messages",
    "digest_confirmed": "Nouveaux abonnés",
    "digest_spam": "Classés comme spam",
    "digest_asked": "Abonnés invités à renouveler",
    "digest_ended": "Désabonnés faute de réponse",
    "digest_waiting": (
        "Emails en attente d’envoi : {count}, le plus ancien depuis le {since}.\n"
        "Ils partiront d’eux-mêmes. Si ce n’est pas le cas, votre bureau Guichet dit pourquoi : {link}"
    ),
    "digest_comments": (
        "Commentaires en attente de votre approbation : {count}. Lisez-les sur votre bureau Guichet : {link}"
    ),
    "digest_spam_named": "Le détail de ce qui est classé comme spam vous parvient le lendemain, dans un autre email.",
    "digest_none_waiting": "Aucun email n’est en attente.",
    "spam_note_subject": "Classés comme spam le {day} : {count}",
    "spam_note_heading": "Classés comme spam",
    "spam_note_day": "Envois classés comme spam par « {site} » le {day} (UTC) : {count}.",
    "spam_note_days": "Envois classés comme spam par « {site} » du {since} au {until} (UTC) : {count}.",
    "spam_note_kept": "Ils restent {days} jours dans le dossier de spam, puis sont effacés.",
    "spam_note_sign_up": "Inscription à la newsletter",
    "spam_note_release": (
        "Ce n’est pas du spam ? Ouvrez-le sur votre bureau Guichet et appuyez sur « Ce n’est pas du spam » :\n"
        "un message vous est alors transmis, une inscription reçoit son lien, un commentaire attend votre approbation."
    ),
    "spam_note_others": "Il y en a d’autres : {count}. Le dossier de spam les contient tous.",
    "spam_note_folder": "Le dossier de spam sur votre bureau Guichet",
    "cap_reached_subject": "Limite quotidienne d’emails atteinte ({day})",
    "cap_reached_heading": "Limite quotidienne d’emails atteinte",
    "cap_reached_all": (
        "Le {day} (UTC), « {site} » a envoyé {per_day} emails d’une même sorte à des adresses non confirmées : "
        "c’est la limite pour une journée."
    ),
    "cap_reached_network": (
        "Le {day} (UTC), les visiteurs d’un même réseau ont demandé à « {site} » plus d’emails vers des adresses non "
        "confirmées que ce qu’un seul réseau obtient des {per_day} de la journée. Les autres visiteurs reçoivent les "
        "leurs."
    ),
    "cap_reached_links": (
        "Il s’agit des liens qui confirment un abonnement à la newsletter, ou qui montrent à quelqu’un ses "
        "commentaires."
    ),
    "cap_reached_acknowledgements": (
        "Il s’agit d’accusés de réception, envoyés sous deux jours ou pas du tout. "
        "Les messages eux-mêmes vous sont parvenus."
    ),
    "cap_reached_wait": "Rien n’est perdu : les emails au-delà de la limite attendent et partiront seuls dès demain.",
    "cap_reached_list": "Votre bureau Guichet les montre : {link}",
    "cap_reached_more": "Ces personnes s’intéressent à votre site ? Augmentez {parameter} et déployez à nouveau.",
    "cap_reached_abuse": "Quelqu’un saisit des adresses inventées ? Déployez avec {parameter}.",
    "issue_read": "Lire sur le site",
    "issue_why": "Vous recevez cet email parce que votre adresse est abonnée à la newsletter « {site} ».",
    "issue_leave": "Vous pouvez {unsubscribe} à tout moment.",
    "issue_test_subject": "[Essai] {subject}",
    "issue_audience": "Destinataires",
    "issue_sent": "Envoyés",
    "issue_refused": "Refusés par Amazon SES",
    "issue_left": "Désabonnés entre-temps",
    "issue_unknown": "Sort inconnu",
    "issue_withheld": "Non envoyés",
    "issue_waiting": "En attente",
    "issue_bounced": "Non remis",
    "issue_complained": "Signalés comme spam",
    "issue_started": "Début de l’envoi",
    "issue_ended": "Fin de l’envoi",
    "issue_sent_subject": "Newsletter envoyée : {id}",
    "issue_sent_heading": "Votre newsletter est partie",
    "issue_sent_lead": "L’envoi du numéro « {id} » de la newsletter « {site} » est terminé.",
    "issue_cancelled_subject": "Envoi de la newsletter annulé : {id}",
    "issue_cancelled_heading": "L’envoi est annulé",
    "issue_cancelled_lead": (
        "L’envoi du numéro « {id} » de la newsletter « {site} » a été annulé. Les emails déjà partis ne "
        "peuvent pas être rattrapés."
    ),
    "issue_sent_of_them": (
        "Les emails non remis ou signalés comme spam comptent parmi les envoyés. D’autres peuvent encore s’y ajouter."
    ),
    "issue_unknown_why": (
        "Sort inconnu : Amazon SES n’a rien répondu. Ces emails sont peut-être arrivés, peut-être pas."
    ),
    "issue_who": "Votre bureau Guichet dit ce qu’est devenu l’exemplaire de chaque lecteur : {link}",
    "issue_paused_subject": "Envoi de la newsletter suspendu : {id}",
    "issue_paused_heading": "L’envoi est suspendu",
    "issue_paused_lead": "L’envoi du numéro « {id} » de la newsletter « {site} » est suspendu.",
    "issue_paused_bounces": (
        "Trop d’emails n’ont pas pu être remis : {bounced} sur {sent}. Amazon SES bloque les comptes à qui "
        "cela arrive trop souvent."
    ),
    "issue_paused_bounces_do": (
        "Vérifiez d’où viennent les adresses de votre liste. Celles qui n’existent pas ne recevront plus rien."
    ),
    "issue_paused_complaints": (
        "Trop de destinataires ont signalé cet email comme spam : {complained} sur {sent}. Amazon SES bloque "
        "les comptes à qui cela arrive trop souvent."
    ),
    "issue_paused_complaints_do": (
        "Vérifiez que vos abonnés ont bien demandé la newsletter. Ceux qui l’ont signalée ne la recevront plus."
    ),
    "issue_paused_late": (
        "Il devait partir il y a plus d’une heure et n’a pas pu : il ne partira pas sans votre accord."
    ),
    "issue_paused_late_do": "Le moment convient-il encore ?",
    "issue_paused_sandbox": (
        "Votre compte Amazon SES est encore en mode d’essai (sandbox) : il n’écrit qu’aux adresses vérifiées."
    ),
    "issue_paused_sandbox_do": "Demandez l’accès de production dans la console d’Amazon SES.",
    "issue_paused_changed": "Le texte enregistré n’est plus celui dont vous avez demandé l’envoi.",
    "issue_paused_changed_do": "Il ne partira pas. Créez un nouveau numéro avec le bon texte.",
    "issue_paused_refused": "Amazon SES refuse les envois les uns après les autres, et refuserait les suivants.",
    "issue_paused_refused_do": "Votre bureau Guichet dit pourquoi, lecteur par lecteur.",
    "issue_resume": "Reprenez-le ou annulez-le sur votre bureau Guichet : {link}",
    "issue_cancel": "Annulez-le sur votre bureau Guichet : {link}",
}


def day(at: datetime) -> str:
    """Return a day, such as `dimanche 1er novembre 2026`."""
    number = "1er" if at.day == 1 else at.day
    return f"{WEEKDAYS[at.weekday()]} {number} {MONTHS[at.month - 1]} {at.year}"


def when(at: datetime) -> str:
    """Return a time in its own zone, such as `dimanche 1er novembre 2026 à 8 h 05 (Europe/Paris)`."""
    return f"{day(at)} à {at.hour}\xa0h\xa0{at:%M} ({at.tzinfo})"


def number(plain: str) -> str:
    """Return a number, such as `1234.5`, as it is written: `1 234,5`, with a space that does not break."""
    sign, digits = plain[: plain.startswith("-")], plain.removeprefix("-")
    whole, point, decimals = digits.partition(".")
    if not whole.isdigit():
        return plain
    return sign + f"{int(whole):,}".replace(",", "\u202f") + (f",{decimals}" if point else "")
