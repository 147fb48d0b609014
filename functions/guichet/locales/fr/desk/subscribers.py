"""Ce que disent les pages des abonnés."""

SENTENCES = {
    "tabs": "Abonnés par état",
    "tab_confirmed": "Abonnés",
    "tab_unsubscribed": "Désabonnés",
    "tab_bounced": "Injoignables",
    "tab_complained": "Plaintes pour spam",
    "tab_blocked": "Bloqués",
    "tab_lifted": "Réadmis",
    "title_confirmed": "Abonnés",
    "title_unsubscribed": "Adresses désabonnées",
    "title_bounced": "Adresses injoignables",
    "title_complained": "Adresses qui ont signalé un spam",
    "title_blocked": "Adresses bloquées",
    "title_lifted": "Adresses réadmises",
    "about_confirmed": (
        "Ces personnes ont confirmé par le lien d’un email, ou vous les avez importées. Elles reçoivent la newsletter."
    ),
    "about_unsubscribed": (
        "Ces personnes sont parties. Aucun import ne les réinscrit\u202f; elles peuvent revenir d’elles-mêmes."
    ),
    "about_bounced": (
        "Les emails envoyés à ces adresses ne peuvent plus être remis\u00a0: plus rien n’y est envoyé. Les adresses ne "
        "sont pas conservées."
    ),
    "about_complained": (
        "Ces personnes ont signalé un email comme spam\u00a0: plus rien ne leur est envoyé. Leurs adresses ne sont pas "
        "conservées."
    ),
    "about_blocked": (
        "Leurs titulaires ne veulent plus aucun email, ou vous les avez bloquées. Personne ne peut plus les inscrire. "
        "Les adresses ne sont pas conservées."
    ),
    "about_lifted": (
        "Ces adresses étaient injoignables, bloquées, ou avaient signalé un spam. Elles peuvent s’inscrire à nouveau."
    ),
    "total": "Dans cette liste\u00a0: {total}.",
    "none_confirmed": "Personne n’est encore abonné. Tout commence par la page de votre formulaire d’inscription.",
    "none_unsubscribed": "Personne ne s’est désabonné.",
    "none_bounced": "Aucune adresse n’est injoignable.",
    "none_complained": "Personne n’a signalé d’email comme spam.",
    "none_blocked": "Aucune adresse n’est bloquée.",
    "none_lifted": "Aucune adresse n’a été réadmise.",
    "nothing_here": "Il n’y a plus personne sur cette page de la liste.",
    "find": "Chercher une adresse",
    "find_button": "Chercher",
    "unknown_title": "Dans aucune liste",
    "unknown": (
        "Cette adresse n’a jamais confirmé d’abonnement, ou ce qui en restait a expiré. Elle a peut-être demandé à "
        "s’inscrire sans avoir encore confirmé."
    ),
    "block_unknown": "La bloquer, pour que personne ne puisse l’inscrire",
    "address": "Adresse",
    "name": "Nom",
    "since": "Depuis",
    "language": "Langue",
    "not_kept": "Fiche {id}",
    "no_address": "Ceci n’est pas une adresse email. Une adresse ressemble à nom@example.org.",
    "other_address": "Ce n’est pas l’adresse de cette fiche.",
    "no_ses": "Amazon SES n’a pas répondu\u00a0: rien n’a été modifié. Réessayez dans un instant.",
    "one": "Abonné {id}",
    "address_gone": "Non conservée\u00a0: il n’en reste qu’une empreinte, qui permet de la reconnaître.",
    "name_given": "Nom, tel qu’il a été saisi",
    "state": "État",
    "is_confirmed": "Abonné",
    "is_unsubscribed": "Désabonné",
    "is_bounced": "Injoignable\u00a0: ne reçoit plus d’email",
    "is_complained": "A signalé un email comme spam\u00a0: ne reçoit plus d’email",
    "is_blocked": "Bloqué\u00a0: ne reçoit plus d’email, et personne ne peut l’inscrire",
    "is_lifted": "Réadmis\u00a0: peut s’inscrire à nouveau",
    "kept": "Ce que l’on sait de cette adresse est effacé {days}\u00a0jours plus tard, sauf nouvelle inscription.",
    "bounces_title": "Emails revenus",
    "bounces": (
        "Emails provisoirement non remis depuis la dernière livraison\u00a0: {count}. À partir de {most}, plus rien "
        "n’est envoyé."
    ),
    "bounces_last": "Le dernier est revenu le",
    "history_title": "Preuve du consentement",
    "event_confirmed": "Abonnement confirmé",
    "event_imported": "Adresse importée par vous",
    "event_unsubscribed": "Désabonnement",
    "event_bounced": "Adresse devenue injoignable",
    "event_complained": "Email signalé comme spam",
    "event_blocked": "Blocage",
    "event_lifted": "Réadmission",
    "event_asked_to_renew": "Renouvellement demandé",
    "event_renewed": "Renouvellement",
    "event_no_answer": "Désabonnement faute de réponse",
    "event_resumed": "Désabonnement annulé",
    "consent": "La page du bouton de confirmation affichait ce texte\u00a0:",
    "wording": "Version du texte\u00a0: {version}. Langue\u00a0: {called}.",
    "asked_at": "Le formulaire avait été envoyé le",
    "asked_on": "Depuis cette page, selon le formulaire\u00a0:",
    "claim": "Ce que le formulaire disait de son accord, qui ne prouve rien à lui seul\u00a0:",
    "callers": "Adresses réseau\u00a0: {asked} pour le formulaire, {confirmed} pour la confirmation.",
    "no_callers": "Les adresses réseau n’ont pas été conservées.",
    "statement": "Comment le consentement a été donné, selon vous\u00a0:",
    "consented_at": "Selon votre fichier, le consentement a été donné le",
    "source": "Où, selon votre fichier\u00a0:",
    "left_file": "Selon un fichier que vous avez importé\u00a0:",
    "left_there_at": "Selon ce fichier, c’était le",
    "left_statement": "Ce que vous avez dit de ce fichier\u00a0:",
    "why_unsubscribed": "Par le lien d’un email, par son logiciel de messagerie, ou par vous.",
    "why_bounced": ("La boîte n’existe plus ou refuse tout email, ou trop d’emails de suite n’ont pas pu être remis."),
    "why_complained": "Le bouton «\u00a0spam\u00a0» de sa messagerie a été pressé, et Amazon SES en a été averti.",
    "why_blocked": (
        "Par le lien «\u00a0ce n’était pas moi\u00a0» d’un email, ou par vous. Ce que l’on savait avant a été effacé."
    ),
    "why_lifted": "Par vous. Dès lors, l’adresse pouvait s’inscrire à nouveau.",
    "why_no_answer": "Aucune réponse 30\u00a0jours après l’email qui demandait si l’abonnement devait continuer.",
    "why_asked_to_renew": "Un email l’a demandé, faute de nouvelles depuis la durée que vous avez fixée.",
    "why_renewed": "Le bouton de la page à laquelle mène cet email a été pressé.",
    "renewal_title": "Renouvellement",
    "renewal_waits": "Un email qui demande si l’abonnement doit continuer attend d’être envoyé depuis le",
    "renewal_sent": (
        "Un email a demandé si l’abonnement devait continuer. Sans réponse, l’adresse sera désabonnée quelques jours "
        "après le"
    ),
    "alive_at": "Dernier signe de vie",
    "why_resumed": "Un instant après son départ, l’abonnement a finalement été conservé.",
    "history_gone": "La preuve a été effacée avec l’adresse.",
    "actions_title": "Ce que vous pouvez faire",
    "unsubscribe_link": "Désabonner cette adresse",
    "block_link": "Bloquer cette adresse définitivement",
    "lift_link": "Permettre à cette adresse de s’inscrire à nouveau",
    "erase_link": "Effacer cette personne et tout ce qu’elle a envoyé",
    "back_to_list": "Retour à la liste",
    "told_unsubscribed": "L’adresse est désabonnée.",
    "told_blocked": "L’adresse est bloquée. Elle ne recevra plus d’email.",
    "told_lifted": "L’adresse peut s’inscrire à nouveau.",
    "told_unchanged": "Rien n’a changé\u00a0: c’était déjà fait. Voici la situation actuelle.",
    "sure_whose": "Adresse concernée\u00a0:",
    "sure_entry": "Il s’agit de la fiche {id}, dont l’adresse n’est pas conservée.",
    "unsubscribe_title": "Désabonner cette adresse\u202f?",
    "unsubscribe_lead": (
        "Elle ne recevra plus la newsletter, et aucun email ne l’en avertira. Son titulaire pourra se réinscrire à "
        "tout moment."
    ),
    "unsubscribe_kept": (
        "L’adresse et la preuve du consentement sont encore conservées {days}\u00a0jours, pour qu’aucun import ne la "
        "réinscrive."
    ),
    "unsubscribe_button": "Désabonner",
    "block_title": "Bloquer cette adresse\u202f?",
    "block_lead": (
        "Elle ne recevra plus aucun email automatique\u00a0: ni newsletter, ni demande de confirmation, ni accusé de "
        "réception. Personne ne pourra plus l’inscrire tant que vous ne levez pas le blocage."
    ),
    "block_new": (
        "L’adresse n’est encore dans aucune liste. Seule une empreinte en sera conservée, pour la reconnaître."
    ),
    "block_gone": (
        "L’adresse, le nom et la preuve du consentement sont effacés aussitôt. Seule une empreinte de l’adresse est "
        "conservée, pour la reconnaître. C’est irréversible."
    ),
    "block_button": "Bloquer",
    "lift_title": "Permettre à cette adresse de s’inscrire à nouveau\u202f?",
    "lift_lead": (
        "Elle est aussi retirée de la liste des adresses auxquelles Amazon SES n’envoie rien. Elle n’est pas abonnée "
        "pour autant\u00a0: son titulaire doit s’inscrire et confirmer. Ne le faites qu’à sa demande."
    ),
    "lift_address": "L’adresse",
    "lift_hint": "Le bureau n’en connaît que l’empreinte. Saisissez l’adresse\u00a0: les deux seront comparées.",
    "lift_button": "Réadmettre",
    "leave_it": "Ne rien changer",
    "block_typed_title": "Bloquer une adresse",
    "block_typed_lead": "Qu’elle figure dans une liste ou non. La page suivante dit ce que fait le blocage.",
    "go_on": "Continuer",
    "file_title": "Télécharger les listes (CSV)",
    "file_lead": (
        "Le fichier a une ligne par abonné\u00a0: adresse, nom, état, dates, preuve du consentement et lien de "
        "désabonnement. Il s’ouvre dans un tableur."
    ),
    "file_code": (
        "Il contient toutes les adresses à la fois\u00a0: être connecté ne suffit pas, un code vous est d’abord envoyé "
        "par email."
    ),
    "file_button": "Recevoir le code",
    "many_codes": "Vous avez demandé beaucoup de codes en une heure. Attendez que l’heure soit passée.",
    "told_ended": "Le temps prévu pour télécharger est écoulé. Demandez un autre code.",
    "told_code_sent": "Le code est en route vers votre boîte.",
    "code_title": "Saisissez le code",
    "code_lead": "Il est envoyé à {address} et ne sert qu’une fois, dans les 15 minutes.",
    "code": "Code",
    "wrong_code": (
        "Ce code ne fonctionne pas\u00a0: mal saisi, déjà utilisé, trop ancien, ou essayé trop souvent. Regardez le "
        "dernier email reçu, ou demandez un autre code."
    ),
    "another_code": "Demander un autre code",
    "files_title": "Vos fichiers",
    "files_lead": "Ils peuvent être téléchargés jusqu’au",
    "too_large": "Ce fichier était trop gros pour être envoyé d’un coup. Il est maintenant divisé en plus de parties.",
    "file_total": "Lignes\u00a0: {total}.",
    "no_files": "Il n’y a rien à télécharger\u00a0: toutes les listes sont vides.",
    "download": "Télécharger",
    "download_part": "Télécharger la partie {part} sur {parts}",
    "of_list": "({list})",
}
