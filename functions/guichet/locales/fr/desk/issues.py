"""Ce que disent les pages des numéros de la lettre."""

SENTENCES = {
    # --- la liste
    "title": "Numéros",
    "about": "Ce que vous écrivez à la liste\u00a0: une seule fois à chaque abonné qui a confirmé.",
    "write_new": "Écrire un numéro",
    "empty": (
        "Aucun numéro pour l’instant. Écrivez le premier\u00a0: rien ne part avant que vous n’ayez saisi le nombre de "
        "ses lecteurs."
    ),
    "caption": "Numéros, le dernier modifié en premier",
    "column_name": "Nom",
    "column_state": "État",
    "column_languages": "Langues",
    "column_readers": "Lecteurs",
    "column_sent": "Envoyés",
    "column_changed": "Modifié",
    "state_draft": "Brouillon",
    "state_scheduled": "Programmé",
    "state_sending": "En cours d’envoi",
    "state_paused": "En pause",
    "state_sent": "Envoyé",
    "state_cancelled": "Annulé",
    # --- écrire
    "new_title": "Écrire un numéro",
    "write_title": "Écrire {name}",
    "name": "Nom",
    "name_hint": (
        "Pour vous seul\u202f; il ne pourra plus être changé. Lettres de a à z, chiffres et traits d’union, {most} "
        "caractères au plus, par exemple 2027-01."
    ),
    "languages_hint": (
        "Écrivez-le dans une langue, ou dans plusieurs. Les lecteurs dont la langue manque en reçoivent une autre."
    ),
    "subject": "Objet",
    "preheader": "Ligne d’aperçu",
    "preheader_hint": "Ce que les messageries affichent après l’objet. Peut rester vide.",
    "url": "Adresse du même texte sur votre site",
    "url_hint": "L’email y renvoie. Peut rester vide.",
    "text": "Texte",
    "text_hint": ("Markdown\u00a0: {example}. Le HTML arrive comme du texte. {most}\u00a0Ko au plus."),
    "save": "Enregistrer",
    "preview": "Aperçu",
    "preview_text": "Partie texte",
    "preview_of": "Ce que reçoivent les lecteurs",
    "preview_hint": ("«\u00a0Aperçu\u00a0» montre ici ce que recevraient les lecteurs. Cela n’enregistre rien."),
    "preview_live": "Il suit ce que vous tapez.",
    "no_subject": "(sans objet)",
    "too_large_to_show": "Ce texte est trop long pour être affiché\u00a0: {most}\u00a0Ko au plus.",
    "see_stored": "Ouvrir le texte enregistré dans un autre onglet",
    "nothing_written": "Écrivez le numéro dans une langue au moins\u00a0: son objet et son texte.",
    "subject_missing": "Écrivez un objet.",
    "subject_lines": "Écrivez l’objet sur une seule ligne.",
    "too_long": "{length} caractères, c’est trop\u00a0: {most} au plus.",
    "url_wrong": "Écrivez l’adresse entière, avec https://",
    "text_missing": "Écrivez le texte.",
    "text_large": (
        "Ce texte fait {size}\u00a0Ko\u00a0: {most}\u00a0Ko au plus. Raccourcissez-le, ou renvoyez à la suite sur "
        "votre site."
    ),
    "name_wrong": (
        "Seulement des lettres de a à z, des chiffres et des traits d’union, {most} caractères au plus. Par "
        "exemple\u00a0: {example}"
    ),
    "name_taken": "Un numéro porte déjà ce nom. Choisissez-en un autre.",
    "mistakes": "Rien n’a été enregistré. Ce qui ne va pas est indiqué près de chaque champ.",
    "written_meanwhile": (
        "Ce numéro a été modifié entre-temps, dans un autre onglet ou par quelqu’un d’autre\u00a0: votre texte n’a "
        "pas été enregistré. Il est ci-dessous\u00a0: «\u00a0Enregistrer\u00a0» remplacera cette fois ce qui est "
        "enregistré."
    ),
    "gone": (
        "Ce numéro n’existe plus\u00a0: rien n’a été enregistré. Votre texte est ci-dessous\u00a0: "
        "«\u00a0Enregistrer\u00a0» le conservera de nouveau."
    ),
    "not_to_be_written": (
        "Le texte de ce numéro ne peut plus être modifié\u00a0: il est programmé, ou son envoi a commencé. Remettez "
        "d’abord en brouillon un numéro programmé\u202f; pour un autre texte, écrivez un autre numéro."
    ),
    # --- ce qui ne va pas
    "findings": "À vérifier",
    "no_findings": "Aucune erreur trouvée. Seule leur ouverture dira si les liens fonctionnent.",
    "errors_stop": "Un numéro qui comporte des erreurs ne part pas.",
    "severity_error": "Erreur\u00a0:",
    "severity_warning": "Remarque\u00a0:",
    "at_line": "{name}, ligne {line}\u00a0: {said}",
    "of_language": "{name}\u00a0: {said}",
    "finding_not_a_link": (
        "{what} n’est pas un lien et arrive comme du texte. Écrivez une adresse avec espaces entre < et >, ou \\[ "
        "pour un crochet qui fait partie du texte."
    ),
    "finding_link_empty": "Un lien n’a pas d’adresse.",
    "finding_link_relative": (
        "Le lien {what} ne mène nulle part dans un email. Écrivez l’adresse entière, avec https://"
    ),
    "finding_link_address": "Le lien {what} ne contient pas d’adresse email correcte.",
    "finding_link_scheme": "Le lien {what} arrive comme du texte\u00a0: seuls https, http et mailto sont des liens.",
    "finding_link_broken": "Le lien {what} est incorrect. Écrivez l’adresse entière, avec https://",
    "finding_link_http": "Le lien {what} n’est pas chiffré. Écrivez https://, si le site le permet.",
    "finding_image_words": (
        "L’image {what} n’a pas de texte, que beaucoup de lecteurs voient à sa place. Dites entre les crochets ce "
        "qu’elle montre."
    ),
    "finding_image_http": (
        "L’image {what} est en http\u00a0: elle ne s’affiche pas et arrive comme un lien. Écrivez https://"
    ),
    "finding_image_elsewhere": (
        "L’image {what} ne s’affiche pas. Mettez-la sur votre site et écrivez son adresse entière, avec https://"
    ),
    "finding_image_third_party": (
        "L’image {what} se trouve sur un autre site\u00a0: {host} apprend quand et d’où chaque exemplaire est ouvert. "
        "Mettez-la sur votre propre site."
    ),
    "finding_at_home": "Personne ne peut ouvrir {what} hors de votre propre réseau.",
    "finding_html": "Le HTML {what} arrive comme du texte. Écrivez-le en Markdown.",
    "finding_url_http": "L’adresse sur votre site n’est pas chiffrée. Écrivez https://, si le site le permet.",
    "finding_size": (
        "L’email fait {size}\u00a0Ko, et Gmail le coupe à {limit}, avec le lien de désabonnement qui se trouve à la "
        "fin. Raccourcissez-le."
    ),
    "finding_size_nearly": "L’email fait {size}\u00a0Ko\u00a0: Gmail coupe ce qui dépasse {limit}.",
    "finding_language_missing": (
        "Le numéro n’existe pas en {missing}, la langue choisie par {count} des {all}\u00a0: ils le reçoivent en "
        "{other}."
    ),
    # --- un numéro
    "show_title": "Numéro {name}",
    "state": "État",
    "write": "Modifier le texte",
    "send": "Envoyer…",
    "schedule": "Programmer…",
    "reschedule": "Choisir un autre moment…",
    "test": "M’envoyer un essai",
    "take_back": "Remettre en brouillon",
    "pause": "Mettre en pause",
    "resume": "Reprendre",
    "actions": "Ce que vous pouvez faire",
    "fix_first": "Corrigez d’abord les erreurs\u00a0: il pourra alors partir.",
    "as_html": "Comme email, en {name}",
    "as_text": "Comme texte seul, en {name}",
    "subject_is": "Objet\u00a0: {subject}",
    "scheduled_for": "Programmé pour",
    "starts_within": "L’envoi commence dans les 15\u00a0minutes qui suivent.",
    "started_at": "Commencé",
    "ended_at": "Terminé",
    "waits": "Attend",
    "pace": "Cadence",
    "pace_is": "{count} par seconde",
    "ends": "Fin estimée",
    "ends_in": "dans {duration}",
    "copies": "Les exemplaires de {readers}",
    "count_hint": "Pendant l’envoi, les nombres ont quelques exemplaires de retard au plus.",
    "who": "Voir chaque lecteur",
    "reload": "Actualiser",
    "follow": "Actualiser automatiquement, toutes les dix secondes",
    "stop_following": "Ne plus actualiser automatiquement",
    "cancel": "Annuler définitivement",
    "cancel_unstarted": "Annuler",
    "cancel_unstarted_about": (
        "Il ne sera alors pas envoyé. Son texte reste\u00a0: vous pourrez le modifier et l’envoyer une autre fois. "
        "Pour l’annuler, saisissez son nom\u00a0: {name}"
    ),
    "cancel_about": (
        "Ce qui est déjà chez SES part\u202f; personne d’autre ne le reçoit, et il ne pourra plus être envoyé. Pour "
        "l’annuler, saisissez son nom\u00a0: {name}"
    ),
    "cancel_name": "Nom du numéro",
    "cancel_wrong": "Ce n’est pas son nom\u00a0: il n’a pas été annulé. Saisissez {name}",
    "state_waiting": "En attente",
    "state_claimed": "En route, ou incertain",
    "state_refused": "Refusé par SES",
    "state_left": "Plus abonné au moment de l’envoi",
    "state_unknown": "Peut-être envoyé\u00a0: SES n’a pas répondu",
    "state_bounced": "Revenu (adresse en erreur)",
    "state_complained": "Signalé comme indésirable",
    "paused_owner": "votre décision\u00a0: vous l’avez mis en pause",
    "paused_bounces": "votre décision\u00a0: plus de 5\u00a0% des exemplaires sont revenus",
    "paused_complaints": "votre décision\u00a0: trop de lecteurs l’ont signalé comme indésirable",
    "paused_late": "votre décision\u00a0: il devait partir il y a plus d’une heure, et n’est pas parti",
    "paused_sandbox": "votre décision\u00a0: SES est en mode d’essai (sandbox)",
    "paused_changed": "votre décision\u00a0: son texte n’est pas celui qui devait partir",
    "paused_refused": "votre décision\u00a0: SES a refusé un exemplaire après l’autre",
    "waits_quota": "de la place dans le quota journalier de SES\u202f; il reprendra de lui-même",
    "waits_ses": "SES, qui n’accepte rien pour l’instant\u202f; il reprendra de lui-même",
    "waits_answer": "des nouvelles de SES sur des exemplaires incertains\u202f; il reprendra de lui-même",
    "waits_owner": "votre décision",
    "waits_next": "sa prochaine tentative\u202f; il reprendra de lui-même",
    "waits_readers": "que la liste de ses lecteurs soit établie",
    "waits_last": "des nouvelles des derniers exemplaires",
    "changed_meanwhile": (
        "Ce numéro a changé pendant que vous le regardiez\u00a0: rien n’a été fait. Le voici tel qu’il est "
        "maintenant\u00a0: {state}."
    ),
    "not_to_start": (
        "Ce numéro ne peut pas être envoyé (état\u00a0: {state}). Un numéro ne part qu’une fois\u00a0: écrivez-en un "
        "autre."
    ),
    "told_saved": "Le texte est enregistré. Rien n’a été envoyé.",
    "told_tested": (
        "L’essai est en route, pour vous seul. Son lien de désabonnement fonctionne, et ne désabonne personne."
    ),
    "told_started": "Le numéro est en cours d’envoi.",
    "told_scheduled": "Le numéro est programmé.",
    "told_taken_back": "Le numéro est redevenu un brouillon. Il ne partira pas de lui-même.",
    "told_paused": "Le numéro est en pause. Ce qui est déjà chez SES part.",
    "told_resumed": "L’envoi reprend. Personne ne reçoit le numéro deux fois.",
    "told_cancelled": "Le numéro est annulé.",
    # --- envoyer
    "send_title": "Envoyer {name}",
    "schedule_title": "Programmer {name}",
    "one_reader": "{count} lecteur",
    "several_readers": "{count} lecteurs",
    "goes_to": "Il est envoyé à {readers}\u00a0: {parts}.",
    "in_language": "{count} en {name}",
    "other_language": (
        "Parmi eux, {readers} ont choisi une langue qu’il n’a pas ({name}), et le reçoivent en {other}."
    ),
    "costs": "Il coûte {cost}\u00a0: {prices}, et Lambda et DynamoDB {besides} dollar.",
    "about_dollars": "environ {dollars} dollars des États-Unis",
    "dollars_between": "environ {low} à {high} dollars des États-Unis",
    "less_than_a_cent": "moins d’un centime",
    "price": "SES facture {price} dollar les 1\u202f000 emails",
    "price_between": "SES facture {low} à {high} dollar les 1\u202f000 emails, selon la formule du compte",
    "takes": "L’envoi dure {duration}\u00a0: {pace}.",
    "pace_share": "{pace} emails par seconde, les quatre cinquièmes de ce que permet SES",
    "pace_most": "{pace} emails par seconde, le plus que Guichet envoie",
    "pace_a_day": (
        "{count} emails en 24\u00a0heures, les quatre cinquièmes de ce que permet SES, moins les {used} déjà envoyés"
    ),
    "less_than_a_minute": "moins d’une minute",
    "one_minute": "environ {count}\u00a0minute",
    "several_minutes": "environ {count}\u00a0minutes",
    "one_hour": "environ {count}\u00a0heure",
    "several_hours": "environ {count}\u00a0heures",
    "one_day": "environ {count}\u00a0jour",
    "several_days": "environ {count}\u00a0jours",
    "account_unknown": (
        "SES ne répond pas pour l’instant\u00a0: le coût et la durée ne sont pas connus. Le numéro peut partir malgré "
        "tout."
    ),
    "no_readers": "La liste n’a aucun lecteur\u00a0: personne n’a confirmé. Il n’y a personne à qui l’envoyer.",
    "has_errors": "Il comporte des erreurs\u00a0: il ne part pas. Modifiez d’abord le texte.",
    "in_sandbox": (
        "SES est en mode d’essai (sandbox) et n’écrit qu’à des adresses vérifiées. Demandez à AWS l’accès à la "
        "production\u202f; guichet doctor dit comment."
    ),
    "account_paused": "SES a suspendu le compte. La console de SES dit pourquoi.",
    "type_count": "Saisissez le nombre de lecteurs\u00a0: {count}",
    "count_wrong": "Ce n’est pas le nombre de lecteurs\u00a0: rien n’est parti. Comparez, et saisissez-le de nouveau.",
    "count_changed": (
        "Le nombre de lecteurs a changé entre-temps, de {before} à {now}\u00a0: rien n’est parti. Regardez de "
        "nouveau, et saisissez le nouveau nombre."
    ),
    "send_now": "Envoyer maintenant",
    "send_about": "Un numéro ne part qu’une fois. Pendant l’envoi, vous pouvez le mettre en pause ou l’annuler.",
    "schedule_now": "Programmer",
    "schedule_about": (
        "L’envoi commence dans les 15\u00a0minutes qui suivent ce moment, et va à ceux qui seront alors abonnés."
    ),
    "date": "Jour",
    "time": "Heure",
    "time_zone": "Dans le fuseau horaire {zone}.",
    "time_unreadable": "Choisissez un jour et une heure.",
    "time_past": "Ce moment est passé\u00a0: {at}.",
    "time_far": "C’est dans plus de {days}\u00a0jours\u00a0: {at}. Revenez le programmer plus tard.",
    "time_missing": ("Cette heure n’existe pas\u00a0: les horloges avancent. Choisissez plutôt\u00a0: {at}."),
    "time_twice": (
        "Cette heure se présente deux fois dans le fuseau {zone}\u00a0: les horloges reculent. Choisissez laquelle."
    ),
    "fold_first": "La première fois (heure d’été)",
    "fold_second": "La seconde fois (heure d’hiver)",
    # --- qui l’a reçu
    "readers_title": "Lecteurs de {name}",
    "readers_about": (
        "Une adresse s’affiche tant que la fiche de l’abonné la contient\u202f; sinon, seule sa clé est connue."
    ),
    "readers_caption": "Lecteurs, sans ordre particulier",
    "filter": "Afficher",
    "filter_all": "Tous",
    "filter_button": "Afficher",
    "column_reader": "Lecteur",
    "column_when": "Quand",
    "column_why": "Pourquoi",
    "looked_at": "{count} lecteurs sur {all} ont été parcourus pour cette page.",
    "no_readers_here": "Aucun lecteur sur cette page.",
    "not_started": "Il n’a pas de lecteurs avant d’être envoyé.",
    "first_page": "Début",
    "go_on": "Continuer",
    "back_to_issue": "Retour au numéro",
    "why_unsubscribed": "s’était désabonné",
    "why_bounced": "l’adresse était en erreur",
    "why_complained": "avait signalé un email comme indésirable",
    "why_blocked": "l’adresse est bloquée",
    "why_lifted": "n’est plus sur la liste",
    "why_erased": "a été effacé",
    "why_bounce": "revenu\u00a0: {reason}",
}
