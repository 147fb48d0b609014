"""French."""

SENTENCES = {
    # Beside a form
    "required": (
        "Les champs marqués d’un astérisque (*) sont obligatoires\xa0: sans eux, votre envoi ne peut pas être traité."
    ),
    "optional": "Aucun champ n’est obligatoire.",
    "contact_required": (
        "L’adresse email et le message sont obligatoires\xa0: sans eux, votre message ne peut pas être traité."
    ),
    "newsletter_required": "Seule l’adresse email est obligatoire\xa0: sans elle, rien ne peut vous être envoyé.",
    "who": (
        "Responsable du traitement\xa0: {controller}. Vos données servent uniquement à traiter votre envoi "
        "(«\xa0{title}\xa0») et à vous répondre."
    ),
    "who_unanswered": (
        "Responsable du traitement\xa0: {controller}. Vos données servent uniquement à traiter votre envoi "
        "(«\xa0{title}\xa0»)."
    ),
    "contact_who": (
        "Responsable du traitement\xa0: {controller}. Vos données servent uniquement à traiter votre message et à vous "
        "répondre."
    ),
    "newsletter_who": (
        "Responsable du traitement\xa0: {controller}. Votre adresse sert uniquement à vous envoyer la newsletter "
        "«\xa0{site}\xa0»."
    ),
    "basis": "Base légale\xa0: l’intérêt légitime à traiter ce qui est envoyé par ce formulaire.",
    "basis_consent": (
        "Base légale\xa0: l’intérêt légitime à traiter ce qui est envoyé par ce formulaire et, pour ce que vous "
        "acceptez en cochant une case, votre consentement."
    ),
    "newsletter_basis": (
        "Base légale\xa0: votre consentement, que vous confirmez par le lien reçu à cette adresse\u202f; sans cela, "
        "vous n’êtes pas inscrit."
    ),
    "recipients": (
        "Destinataires\xa0: les personnes chargées de ces envois et le prestataire technique qui les héberge et les "
        "achemine (Amazon Web Services)."
    ),
    "newsletter_recipients": (
        "Destinataires\xa0: les personnes qui tiennent la liste et le prestataire technique qui l’héberge et achemine "
        "les envois (Amazon Web Services)."
    ),
    "kept": "Durée de conservation\xa0: {duration}, puis effacement.",
    "newsletter_kept": (
        "Durée de conservation\xa0: jusqu’à votre désinscription, puis {duration} comme preuve de votre consentement "
        "et de cette désinscription."
    ),
    "newsletter_leave": (
        "Vous pouvez vous désinscrire à tout moment, par le lien de chaque envoi. Aucun envoi ne contient de pixel de "
        "suivi."
    ),
    "rights": (
        "Vous pouvez demander l’accès à vos données, leur rectification, leur effacement ou la limitation de leur "
        "traitement, et vous opposer à celui-ci\xa0: {contact}. Vous pouvez aussi adresser une réclamation à la CNIL "
        "(www.cnil.fr)."
    ),
    "rights_consent": (
        "Vous pouvez demander l’accès à vos données, leur rectification, leur effacement ou la limitation de leur "
        "traitement, et vous opposer à celui-ci, ou retirer votre consentement à tout moment\xa0: {contact}. Vous "
        "pouvez aussi adresser une réclamation à la CNIL (www.cnil.fr)."
    ),
    "newsletter_rights": (
        "Vous pouvez demander l’accès à vos données, leur rectification, leur effacement, la limitation de leur "
        "traitement ou leur portabilité\xa0: {contact}. Vous pouvez aussi adresser une réclamation à la CNIL "
        "(www.cnil.fr)."
    ),
    "comments_required": (
        "Le nom, l’adresse email et le commentaire sont obligatoires. Nom et commentaire sont publiés une fois "
        "approuvés\u202f; l’adresse ne l’est jamais."
    ),
    "comments_who": (
        "Responsable du traitement\xa0: {controller}. Vos données servent uniquement à publier votre commentaire sur "
        "«\xa0{site}\xa0» et à vous écrire à son sujet."
    ),
    "comments_basis": "Base légale\xa0: l’intérêt légitime à faire vivre une conversation sous les pages du site.",
    "comments_recipients": (
        "Destinataires\xa0: tout le monde, pour ce qui est publié\u202f; pour le reste, les personnes qui lisent les "
        "commentaires et le prestataire technique qui les héberge (Amazon Web Services)."
    ),
    "comments_kept": (
        "Durée de conservation\xa0: jusqu’à la suppression du commentaire\u202f; s’il est refusé ou pris pour du spam, "
        "{refused}."
    ),
    "comments_mine": ("Un lien, envoyé à votre adresse sur demande, permet de voir et de supprimer vos commentaires."),
    "more": "En savoir plus\xa0: {privacy}.",
    # The page about personal data: whole
    "page": "Données personnelles\xa0: les formulaires du site «\xa0{site}\xa0»",
    "controller": (
        "{controller} est responsable du traitement des données que vous confiez à ces formulaires. Pour toute "
        "question sur vos données\xa0: {contact}."
    ),
    "dpo": "Délégué à la protection des données\xa0: {dpo}.",
    "contact_title": "Formulaire de contact",
    "comments_title": "Commentaires",
    "newsletter_title": "Newsletter",
    "own_title": "Formulaire «\xa0{title}\xa0»",
    # A form
    "purpose_label": "Finalité",
    "basis_label": "Base légale",
    "answers_label": "Données",
    "recipients_label": "Destinataires",
    "kept_label": "Durée de conservation",
    "purpose": "Traiter votre envoi et vous répondre.",
    "purpose_unanswered": "Traiter votre envoi.",
    "purpose_acknowledged": (
        "Traiter votre envoi et vous répondre. Un accusé de réception automatique est envoyé à l’adresse que vous "
        "indiquez\u202f; il ne reprend rien de ce que vous avez écrit."
    ),
    "page_basis": (
        "L’intérêt légitime du responsable à traiter ce qui lui est envoyé (article 6, paragraphe 1, f du RGPD)."
    ),
    "page_basis_consent": (
        "Pour ce que vous acceptez en cochant une case ({fields}), votre consentement (article 6, paragraphe 1, a du "
        "RGPD)\u202f; le texte accepté est conservé avec votre réponse. Vous pouvez le retirer à tout moment."
    ),
    "answers_contact": (
        "L’adresse email et le message sont obligatoires\xa0: sans eux, votre message ne peut pas être traité. Toute "
        "autre réponse est facultative."
    ),
    "answers_required": (
        "Réponses obligatoires\xa0: {fields}. Sans elles, votre envoi ne peut pas être traité. Toute autre réponse est "
        "facultative."
    ),
    "answers_all_required": (
        "Toutes les réponses sont obligatoires ({fields})\xa0: sans elles, votre envoi ne peut pas être traité."
    ),
    "answers_optional": "Aucune réponse n’est obligatoire.",
    "answers_besides": (
        "Sont aussi enregistrées la date et la langue de l’envoi, et l’adresse de la page d’où il est parti si votre "
        "navigateur l’indique."
    ),
    "recipients_one": "La personne chargée de ce formulaire, dans sa messagerie ({domains}).",
    "recipients_many": "Les {count} personnes chargées de ce formulaire, dans leur messagerie ({domains}).",
    "recipients_owner": "Les personnes qui administrent le site y ont aussi accès.",
    "kept_page": "{duration} à compter de la réception, puis effacement automatique.",
    "kept_spam": "Un envoi classé comme indésirable est effacé {duration} après son classement.",
    "kept_mailbox": (
        "La copie reçue par email se trouve dans la messagerie des destinataires\u202f; vous pouvez aussi en demander "
        "l’effacement."
    ),
    # Comments
    "comments_purpose": (
        "Publier votre commentaire sous une page de «\xa0{site}\xa0» une fois approuvé, et vous écrire à son sujet."
    ),
    "comments_page_basis": (
        "L’intérêt légitime du responsable à faire vivre une conversation sous les pages du site (RGPD, article 6, "
        "paragraphe 1, f)."
    ),
    "comments_answers": (
        "Le nom, l’adresse email et le commentaire sont obligatoires\xa0: sans eux, votre commentaire ne peut pas être "
        "traité. La date, la langue, la page et le commentaire auquel vous répondez sont également enregistrés."
    ),
    "comments_public": (
        "Tout le monde peut lire votre nom, votre commentaire et sa date, une fois le commentaire approuvé. Votre "
        "adresse n’est publiée nulle part, ni aucune empreinte de celle-ci."
    ),
    "comments_owner_one": "La personne qui lit les commentaires, par sa messagerie ({domains}).",
    "comments_owner_many": "Les {count} personnes qui lisent les commentaires, par leur messagerie ({domains}).",
    "comments_shown": (
        "Un commentaire en attente ou publié est conservé jusqu’à ce que vous, ou les responsables du site, le "
        "supprimiez. Si quelqu’un y a répondu, une place vide reste. Pour qu’un commentaire supprimé ou refusé ne "
        "réapparaisse pas à partir d’une copie, une empreinte cryptographique en est conservée sans limite de durée. "
        "Elle ne révèle ni son texte ni son auteur."
    ),
    "comments_refused": "Un commentaire refusé ou pris pour du spam est effacé {refused} plus tard.",
    "comments_link": (
        "Vous pouvez demander un lien vers vos commentaires et les y supprimer\xa0: il est envoyé à votre adresse et "
        "valable {hours}\xa0heures. Cette demande est effacée {request} après l’envoi de l’email."
    ),
    # The newsletter
    "newsletter_purpose": (
        "Vous envoyer la newsletter «\xa0{site}\xa0». Votre adresse ne sert à rien d’autre et n’est transmise à "
        "personne d’autre que les destinataires ci-dessous."
    ),
    "newsletter_page_basis": (
        "Votre consentement (article 6, paragraphe 1, a du RGPD), à cette phrase (version {version})\xa0: "
        "«\xa0{wording}\xa0» Vous le donnez en deux temps\xa0: après votre demande, un email vous mène à une page, "
        "dont le bouton vous inscrit. Sans ce bouton, vous n’êtes pas inscrit. Vous pouvez le retirer à tout moment, "
        "par le lien de désinscription de chaque envoi ou par le bouton de votre messagerie, en un clic."
    ),
    "newsletter_answers": (
        "Seule l’adresse email est obligatoire\u202f; le nom est facultatif. Comme preuve de votre consentement sont "
        "conservés la phrase acceptée et sa version, les dates de la demande et de la confirmation, et l’adresse de "
        "la page d’où vient la demande ou le nom que cette page se donne. La date à laquelle vous avez appuyé pour "
        "la dernière fois sur un bouton d’une page ouverte depuis un de nos emails est aussi conservée."
    ),
    "newsletter_callers": "Les adresses IP de la demande et de la confirmation sont conservées avec la preuve.",
    "newsletter_no_callers": "Aucune adresse IP n’est conservée avec la preuve.",
    "newsletter_owner_one": "La personne qui tient la liste, prévenue par email de chaque inscription ({domains}).",
    "newsletter_owner_many": (
        "Les {count} personnes qui tiennent la liste, prévenues par email de chaque inscription ({domains})."
    ),
    "newsletter_asked": (
        "Une demande est effacée {request} après l’envoi de l’email de confirmation, dont le lien est valable "
        "{hours}\xa0heures, ou {failed} après l’échec de cet envoi\u202f; une demande classée comme indésirable, "
        "après {spam}."
    ),
    "newsletter_subscribed": "Une inscription dure jusqu’à ce que vous vous désinscriviez.",
    "newsletter_renewal": (
        "Sans signe de votre part pendant {months}\xa0mois, un email vous demande si vous voulez rester "
        "inscrit\u202f; sans réponse sous {answer}\xa0jours, vous êtes désinscrit."
    ),
    "newsletter_left": (
        "Après la désinscription, votre adresse et la preuve de votre consentement sont conservées {duration}, afin "
        "de pouvoir établir que vous aviez consenti et que vous vous êtes désinscrit (intérêt légitime, article 6, "
        "paragraphe 1, f du RGPD), puis effacées."
    ),
    "newsletter_suppressed": (
        "Si votre adresse n’existe plus ou si vous signalez un envoi comme indésirable, elle est effacée\u202f; il en "
        "reste, sans limite de durée, une empreinte cryptographique et la preuve du consentement, afin que rien ne "
        "vous soit plus envoyé. Si vous demandez à ne plus rien recevoir («\xa0ce n’était pas moi\xa0»), seule "
        "l’empreinte reste."
    ),
    "newsletter_erased": (
        "Si vous demandez l’effacement de vos données, il ne reste d’une inscription que cette empreinte, {duration} "
        "au plus, sauf si votre adresse est bloquée pour une autre raison, afin qu’aucun import ne vous réinscrive."
    ),
    "newsletter_copies": (
        "Ce qu’est devenu chaque numéro (parti, refusé, revenu) est noté avec une empreinte cryptographique de "
        "l’adresse, et effacé {copies} après le début de l’envoi."
    ),
    # All forms
    "common_title": "Pour tous ces formulaires",
    "tracking_label": "Ni pixel ni lien de suivi",
    "tracking": (
        "Aucun email ne contient de pixel de suivi, et aucun lien n’y est réécrit pour compter les clics\xa0: rien "
        "ne mesure si vous ouvrez un email, ni quand. Les liens personnels (confirmer, se désinscrire, ne plus rien "
        "recevoir) ne servent qu’à ce qu’ils annoncent."
    ),
    "tracking_logo": (
        "Les emails affichent le logo du site, chargé depuis {host} à la même adresse pour tous les "
        "destinataires\u202f; son serveur peut noter l’heure et votre adresse IP, comme pour toute page web."
    ),
    "tracking_images": (
        "Un numéro de la newsletter peut afficher des images, chargées elles aussi à la même adresse pour tous les "
        "lecteurs."
    ),
    "abuse_label": "Abus",
    "abuse": (
        "Pour limiter les envois abusifs (intérêt légitime), des empreintes cryptographiques de l’adresse IP, du "
        "réseau et de l’adresse email sont comptées, puis effacées au bout de {slot} au plus, ou dès que l’email en "
        "attente est envoyé. Un filtre peut classer un envoi comme indésirable\u202f; le responsable en est averti "
        "et peut le vérifier. Aucune décision automatisée n’a d’effet juridique sur vous."
    ),
    "logs_label": "Traces techniques",
    "logs": (
        "Les journaux techniques, sans adresse ni message, sont conservés {logs}\u202f; la trace de chaque email "
        "envoyé (date, résultat, empreinte cryptographique de l’adresse), {rows}. L’effacement automatique peut "
        "prendre quelques jours. Les sauvegardes de la base conservent encore {backups} ce qui a été effacé."
    ),
    "hosting_label": "Sous-traitant et lieu",
    "hosting": (
        "Amazon Web Services héberge ces données et achemine les emails, en qualité de sous-traitant (article 28 du "
        "RGPD), dans sa région {region} ({place})."
    ),
    "hosting_unknown": (
        "Amazon Web Services héberge ces données et achemine les emails, en qualité de sous-traitant (article 28 du "
        "RGPD), dans sa région {region}."
    ),
    "within": (
        "Cette région se trouve dans l’Union européenne\xa0: l’hébergement n’entraîne aucun transfert hors de celle-ci."
    ),
    "adequate": (
        "Elle se trouve hors de l’Union européenne, dans un pays dont la Commission européenne a reconnu le niveau de "
        "protection comme adéquat (article 45 du RGPD)."
    ),
    "outside": (
        "Elle se trouve hors de l’Union européenne\xa0: vos données y sont transférées. Ce transfert est encadré par "
        "les clauses contractuelles types de la Commission européenne, qui font partie du contrat avec Amazon Web "
        "Services (article 46 du RGPD)\u202f; vous pouvez en demander une copie."
    ),
    "unknown": (
        "Si elle se trouve hors de l’Union européenne, le transfert est encadré par les clauses contractuelles types "
        "de la Commission européenne, qui font partie du contrat avec Amazon Web Services (article 46 du RGPD)\u202f; "
        "vous pouvez en demander une copie."
    ),
    "rights_label": "Vos droits",
    "page_rights": (
        "Vous pouvez accéder à vos données, les faire rectifier ou effacer, demander la limitation de leur traitement "
        "et vous opposer à celui-ci\u202f; retirer un consentement à tout moment, sans effet sur ce qui a été fait "
        "avant\u202f; et recevoir dans un format lisible par une machine les données que vous avez confiées sur la "
        "base d’un consentement. Pour exercer ces droits\xa0: {contact}."
    ),
    "complaint": (
        "Si vous estimez, après nous avoir contactés, que vos droits ne sont pas respectés, vous pouvez adresser une "
        "réclamation à la CNIL\xa0: {cnil} (3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07)."
    ),
    # Durations
    "day": "{count}\xa0jour",
    "days": "{count}\xa0jours",
    "year": "{count}\xa0an",
    "years": "{count}\xa0ans",
}
# Where the regions of AWS are.
PLACES = {
    "af-south-1": "Le Cap, Afrique du Sud",
    "ap-east-1": "Hong Kong",
    "ap-east-2": "Taïwan",
    "ap-northeast-1": "Tokyo, Japon",
    "ap-northeast-2": "Séoul, Corée du Sud",
    "ap-northeast-3": "Osaka, Japon",
    "ap-south-1": "Mumbai, Inde",
    "ap-south-2": "Hyderabad, Inde",
    "ap-southeast-1": "Singapour",
    "ap-southeast-2": "Sydney, Australie",
    "ap-southeast-3": "Jakarta, Indonésie",
    "ap-southeast-4": "Melbourne, Australie",
    "ap-southeast-5": "Malaisie",
    "ap-southeast-7": "Thaïlande",
    "ca-central-1": "Montréal, Canada",
    "ca-west-1": "Calgary, Canada",
    "eu-central-1": "Francfort, Allemagne",
    "eu-central-2": "Zurich, Suisse",
    "eu-north-1": "Stockholm, Suède",
    "eu-south-1": "Milan, Italie",
    "eu-south-2": "Espagne",
    "eu-west-1": "Irlande",
    "eu-west-2": "Londres, Royaume-Uni",
    "eu-west-3": "Paris, France",
    "il-central-1": "Tel-Aviv, Israël",
    "me-central-1": "Émirats arabes unis",
    "me-south-1": "Bahreïn",
    "mx-central-1": "Mexique",
    "sa-east-1": "São Paulo, Brésil",
    "us-east-1": "Virginie, États-Unis",
    "us-east-2": "Ohio, États-Unis",
    "us-west-1": "Californie, États-Unis",
    "us-west-2": "Oregon, États-Unis",
}
