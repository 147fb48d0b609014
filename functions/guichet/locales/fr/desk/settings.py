"""Ce que dit la page des réglages."""

SENTENCES = {
    "title": "Réglages",
    "lead": (
        "Voici avec quoi les formulaires du site ont été déployés. Cela se change par un déploiement, pas ici\u00a0: "
        "le nom placé avant chaque ligne est celui du paramètre. Ce qui n’est pas nommé garde sa valeur. "
        "Par exemple\u00a0:"
    ),
    "group_site": "Le site",
    "group_mail": "Emails",
    "group_consent": "Consentement à la newsletter",
    "group_limits": "Spam et limites",
    "group_kept": "Durées de conservation",
    "group_forms": "Formulaires propres au site",
    "site_name": "Nom affiché aux visiteurs et dans les emails\u00a0:",
    "site_url": "Adresse du site, dont les pages peuvent envoyer les formulaires\u00a0:",
    "allowed_origins": "Les pages de ces origines peuvent aussi envoyer les formulaires\u00a0:",
    "no_allowed_origins": "Aucune autre origine ne peut envoyer les formulaires.",
    "api": "Les formulaires sont envoyés à cette adresse, qui est aussi celle du bureau\u00a0:",
    "languages": (
        "Les visiteurs reçoivent une réponse dans leur langue\u00a0: {names}. Sans préférence, et "
        "pour vous\u00a0: {default}."
    ),
    "time_zone": "Les heures sont celles de {zone}.",
    "color": "Les boutons et les liens ont la couleur {color}.",
    "logo": "Les pages et les emails affichent ce logo\u00a0:",
    "no_logo": "Les pages et les emails affichent le nom du site, sans logo.",
    "privacy": "Les pages et les emails renvoient à cette politique de confidentialité\u00a0:",
    "no_privacy": "Les pages et les emails ne renvoient à aucune politique de confidentialité.",
    "owners": "Les messages et les avis vont à ces adresses. Elles peuvent se connecter au bureau\u00a0:",
    "sender": "Tous les emails partent de cette adresse\u00a0:",
    "deploy_hook_on": (
        "Quand des commentaires approuvés paraissent ou disparaissent, le site est reconstruit dans les "
        "20\u00a0minutes environ."
    ),
    "deploy_hook_off": (
        "Quand des commentaires approuvés paraissent ou disparaissent, aucune reconstruction du site n’est demandée."
    ),
    "reply_to": "Les réponses des visiteurs et des abonnés aux emails automatiques vont à cette adresse\u00a0:",
    "no_reply_to": "Les réponses des visiteurs et des abonnés aux emails automatiques vont à l’adresse d’expédition.",
    "acknowledge_on": "Qui vous écrit reçoit un accusé de réception.",
    "acknowledge_off": "Qui vous écrit ne reçoit pas d’accusé de réception.",
    "digest_on": "Chaque lundi, vous recevez un résumé de la semaine.",
    "digest_off": "Il n’y a pas de résumé hebdomadaire.",
    "consent": (
        "Les abonnés acceptent la version {version} du texte. La page de confirmation l’affiche\u202f; ses paramètres "
        "sont {wordings}. Si vous changez le texte, changez aussi la version."
    ),
    "callers_kept": "Les adresses réseau des inscriptions et des confirmations sont conservées avec la preuve.",
    "no_callers_kept": "Aucune adresse réseau n’est conservée.",
    "honeypot": "Un formulaire où ce champ est rempli est un spam, car personne ne le voit\u00a0:",
    "spam_on": "Les liens, les mots et la vitesse peuvent faire d’un message un spam.",
    "spam_off": "Aucun message n’est classé comme spam pour ses liens, ses mots ou sa vitesse.",
    "proof_off": "La preuve de travail est désactivée.",
    "proof_on": "La preuve de travail est vérifiée dans les formulaires qui en contiennent une.",
    "proof_required": "La preuve de travail est exigée de tous les formulaires.",
    "caller_cap": "Envois acceptés par visiteur, par formulaire et par heure\u00a0: {number}.",
    "requests": "Requêtes admises par seconde, tous visiteurs confondus\u00a0: {number}.",
    "reads": "Lectures de commentaires admises par seconde, tous visiteurs confondus\u00a0: {number}.",
    "strangers": "Emails par jour vers des adresses non confirmées, toutes confondues\u00a0: {number}.",
    "no_strangers": "Aucun email ne part vers des adresses non confirmées\u00a0: personne ne peut donc s’inscrire.",
    "retention": "Les messages et les adresses désabonnées sont conservés {days}\u00a0jours.",
    "renewal": (
        "Après ce nombre de mois sans nouvelles, les abonnés sont invités à dire s’ils veulent le rester\u00a0: "
        "{months}. Sans réponse dans les 30\u00a0jours, ils sont désabonnés."
    ),
    "no_renewal": "On ne demande jamais aux abonnés s’ils veulent le rester.",
    "logs": "Les journaux sont conservés {days}\u00a0jours. Ils ne contiennent ni adresse ni message.",
    "forms": (
        "Ils figurent dans functions/forms.toml, à côté des formulaires intégrés pour les messages et la newsletter."
    ),
    "no_forms": (
        "Il n’y en a pas, à part les formulaires intégrés pour les messages et la newsletter. Vous pouvez en déclarer "
        "dans functions/forms.toml."
    ),
    "form_fields": "Nombre de champs\u00a0: {number}",
    "form_others_keep": "Les autres champs sont conservés.",
    "form_others_drop": "Les autres champs sont ignorés.",
    "form_others_refuse": "Un formulaire qui a d’autres champs est refusé.",
    "form_kept": "Ses messages sont conservés {days}\u00a0jours.",
    "form_reply": "Qui l’envoie reçoit un accusé de réception.",
    "form_no_reply": "Il n’a pas d’accusé de réception propre.",
    "form_route": "Ses destinataires dépendent de la réponse à «\u00a0{field}\u00a0».",
    "form_recipients": "Il est envoyé à\u00a0:",
}
