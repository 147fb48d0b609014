"""Les messages et le dossier de spam."""

SENTENCES = {
    "title": "Messages",
    "spam_title": "Dossier de spam",
    "folders": "Dossiers",
    "inbox": "Messages",
    "spam": "Spam",
    "all_forms": "Tous les formulaires",
    "form": "Formulaire",
    "form_contact": "Contact",
    "form_newsletter": "Inscription à la newsletter",
    "search": "Rechercher",
    "search_hint": (
        "Des mots du nom, de l’adresse, du sujet, du message ou des autres champs, sans tenir compte des "
        "accents ni des majuscules."
    ),
    "until": "En remontant depuis",
    "today": "aujourd’hui",
    "show": "Afficher",
    "to_newest": "Aux plus récents",
    "wrote": "Ce que le visiteur a écrit",
    "marked": "Ce qui est marqué dans la marge a été écrit par des visiteurs.",
    # Nothing to show
    "none_yet": "Aucun message pour l’instant.",
    "none_yet_do": (
        "Pour essayer, envoyez un message par un formulaire de votre site\u00a0: il s’affichera aussitôt ici et vous "
        "parviendra par email."
    ),
    "none_of_form": "Aucun message n’est venu par ce formulaire.",
    "none_in_spam": "Le dossier de spam est vide.",
    "none_in_spam_do": "Ce qui est classé comme spam reste ici 30\u00a0jours, puis est effacé.",
    "none_caught": (
        "Ce qui est classé comme spam est conservé 30\u00a0jours. Plus loin, il ne peut y avoir que des messages plus "
        "anciens que vous avez classés vous-même."
    ),
    "none_in_period": "Rien du {since} au {until}.",
    "none_found": "Aucun des messages parcourus ne contient tous ces mots.",
    "looked_back": "Parcouru jusqu’au {day}.",
    "looked_at_none": "Parcouru jusqu’au {day}.",
    "looked_at_one": "Un message parcouru, jusqu’au {day}.",
    "looked_at": "{count} messages parcourus, jusqu’au {day}.",
    "looked_at_all": "C’est tout.",
    "further": "Chercher plus loin dans le passé",
    # One message
    "message_title": "Message du {at}",
    "sign_up_title": "Inscription du {at}",
    "received": "Reçu le",
    "through": "Formulaire",
    "caught": "Dans le dossier de spam",
    "expires": "Effacement",
    "expires_hint": "le {day}, sauf changement d’ici là",
    "reference": "Référence",
    "name": "Nom",
    "email": "Email",
    "subject": "Sujet",
    "form_subject": "Sujet donné par le formulaire",
    "message": "Message",
    "page": "Page",
    "claim": "Accord indiqué",
    "reply": "Répondre par email",
    "reply_subject": "Votre message à «\u00a0{site}\u00a0» ({day})",
    "no_address": "Ce formulaire ne donne pas d’adresse à laquelle répondre.",
    "file": "C’est du spam",
    "release": "Ce n’est pas du spam",
    "release_hint": (
        "Le message est alors envoyé par email comme s’il venait d’arriver, et conservé aussi longtemps que les autres."
    ),
    "release_sign_up_hint": "L’adresse reçoit alors l’email avec le lien qui confirme l’abonnement.",
    "erase": "Effacer cette personne…",
    "erase_message": "Effacer ce message…",
    "erase_by_address": "Effacer une personne par son adresse…",
    "subscriber": "Cette adresse dans la liste des abonnés",
    "emails": "Emails à son sujet",
    "no_emails": "Aucun email n’a été envoyé à son sujet.",
    "older_further": "Messages plus anciens",
    "newer_further": "Messages plus récents",
    # Why it is in the spam folder
    "spam_owner": "classé par vous",
    "spam_honeypot": "le champ caché, que seuls des programmes remplissent, était rempli",
    "spam_links": "de nombreux liens",
    "spam_markup": "des liens écrits en balises",
    "spam_short_field": "un lien là où il n’a pas sa place",
    "spam_alphabets": "des mots qui mélangent les alphabets pour en imiter d’autres",
    "spam_phrases": "des expressions connues du spam",
    "spam_at_once": "envoyé plus vite que l’on ne peut écrire",
    "spam_program": "envoyé par un programme",
    "spam_points": "{sign} ({points}\u00a0points)",
    # Its emails
    "email_released": "Notification, après sa sortie du dossier de spam",
    "state_sent": "Envoyé le {at}",
    "state_failed": "Échec le {at}\u00a0: {why}",
    "state_dropped": "Non envoyé\u00a0: {why}",
    "state_waiting": "En attente depuis le {at}. {why}",
    "state_sent_waits": "Envoyé le {at}\u202f; attend encore un autre destinataire. {why}",
    # What was done
    "told_filed": "Classé comme spam. Il sera effacé dans 30\u00a0jours au plus tard.",
    "told_filed_before": "Il était déjà dans le dossier de spam.",
    "told_released": "Sorti du dossier de spam. Son email est en route.",
    "told_released_before": "Il n’était plus dans le dossier de spam.",
}
