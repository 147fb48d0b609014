"""The languages that visitors are answered in: which one, and the sentences."""

from typing import Literal, get_args

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def known(tag: str) -> Language | None:
    """Return the language of a tag such as `fr-CA` (RFC 5646), None where it is not one of ours."""
    primary = tag.strip().lower().replace("_", "-").split("-", 1)[0]
    return next((language for language in LANGUAGES if language == primary), None)


def choose(asked: str, accept_language: str, default: Language) -> Language:
    """Choose a visitor's language: what the form asks for, else what the browser prefers, else the default.

    `accept_language` is the header's value (RFC 9110, section 12.5.4); what is not understood in it is passed over.
    """
    if (language := known(asked)) is not None:
        return language
    preferred: tuple[float, Language] | None = None
    for entry in accept_language.split(","):
        tag, _, weight = entry.replace(" ", "").partition(";q=")
        language = known(tag)
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language is not None and quality > 0 and (preferred is None or quality > preferred[0]):
            preferred = quality, language
    return preferred[1] if preferred else default


def say(key: str, language: Language, **values: object) -> str:
    """Return a sentence of the catalogue in a language, its places filled with `values`."""
    return SENTENCES[language][key].format_map(values)


# Codes of errors are upper case, as in the replies; all other sentences are lower case.
SENTENCES: dict[Language, dict[str, str]] = {
    "fr": {
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
        "ORIGIN_NOT_ALLOWED": "Ce site n'est pas autorisé à envoyer ce formulaire.",
        "NOT_FOUND": "Il n'y a rien à cette adresse.",
        "FORM_NOT_FOUND": "Ce formulaire n'existe pas.",
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
            "Réessayez dans un instant : le renvoyer est sans risque, il ne comptera qu'une fois."
        ),
        "LINK_INVALID": "Ce lien est incomplet ou n'est pas valable. Ouvrez-le tel qu'il figure dans l'email.",
        "LINK_ENDED": "Ce lien n'est plus valable : ce qu'il désigne est effacé, ou trop ancien.",
        "LINK_EXPIRED": "Ce lien n'est plus valable. Inscrivez-vous à nouveau pour en recevoir un autre.",
        # Pages and success
        "contact_accepted": "Merci pour votre message. Nous vous répondrons par email.",
        "newsletter_accepted": (
            "Merci pour votre abonnement ! Il reste un geste : ouvrez l'email qui vient de vous être envoyé, "
            "et confirmez. Rien reçu ? Regardez dans les indésirables."
        ),
        "thanks_title": "Merci !",
        "error_title": "Votre envoi n'a pas abouti",
        "error_kept": "Revenez en arrière dans votre navigateur : ce que vous avez écrit y est encore.",
        "error_again": "Vous pouvez aussi recharger cette page pour renvoyer le formulaire.",
        "back": "Retour au site « {site} »",
        "confirm_title": "Confirmer votre abonnement",
        "confirm_lead": "Vous avez demandé à recevoir la newsletter « {site} ». En confirmant, vous acceptez ceci :",
        "confirm_button": "Je confirme mon abonnement",
        "confirm_ignore": "Vous n'avez rien demandé ? Fermez cette page, il ne se passera rien.",
        "confirmed_title": "Abonnement confirmé",
        "confirmed": "Merci pour votre abonnement à la newsletter « {site} ».",
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
        "unsubscribed_title": "Vous êtes désabonné(e)",
        "unsubscribed": "C'est fait : vous ne recevrez plus la newsletter « {site} ».",
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
        "owner_gone_title": "Plus rien par ce lien",
        "owner_gone": (
            "Par ce lien, « {site} » ne trouve plus d'adresse : ce qu'il désigne est effacé, ou trop ancien. S'il peut "
            "rester autre chose de cette personne, prenez le lien d'un autre email à son sujet, ou la commande "
            "`guichet forget`."
        ),
        "owner_unfinished_title": "Ce n'est pas fini",
        "owner_unfinished_lead": (
            "« {site} » garde encore quelque chose de cette personne : il y a trop à lire pour cette page, quelque "
            "chose a changé entre-temps, ou la table n'a pas répondu. Réessayez ; sinon, la commande `guichet forget` "
            "efface le reste."
        ),
        "owner_unfinished_button": "Réessayer",
    },
    "en": {
        "REQUIRED_FIELD_MISSING": 'The field "{field}" is required and was not sent.',
        "REQUIRED_FIELD_EMPTY": 'The field "{field}" is required.',
        "TYPE_EMAIL": 'The field "{field}" must be an email address, such as name@example.com.',
        "TYPE_TEXT": 'The field "{field}" must be plain text.',
        "TOO_LONG": 'The field "{field}" is too long: at most {limit} characters.',
        "NAME_TOO_LONG": "The name of a field is too long: at most {limit} characters.",
        "TOO_MANY_FIELDS": "The form has too many fields: at most {limit} besides the known ones.",
        "EMPTY": "The form is empty.",
        "BAD_REQUEST": "The request could not be read: it is incomplete or malformed.",
        "BAD_JSON": "The body of the request is not a valid JSON object.",
        "BAD_ENCODING": "The request could not be read: its text must be UTF-8.",
        "ORIGIN_NOT_ALLOWED": "This site is not allowed to send this form.",
        "NOT_FOUND": "There is nothing at this address.",
        "FORM_NOT_FOUND": "There is no such form.",
        "TOO_LARGE": "The submission is too large: at most {limit} KiB.",
        "UNSUPPORTED_MEDIA_TYPE": (
            "This type of submission is not served. Accepted are application/json, "
            "application/x-www-form-urlencoded and multipart/form-data, in UTF-8."
        ),
        "NO_FILE_UPLOADS": "This form takes no files.",
        "BLOCKED": "Your submission could not be verified. Reload the page of the form and try again.",
        "TOO_MANY_REQUESTS": "Too many submissions in a short time. Try again in {minutes} min.",
        "UNAVAILABLE": (
            "We could not confirm that your submission was kept. "
            "Try again in a moment: sending it again is harmless, it will count only once."
        ),
        "LINK_INVALID": "This link is incomplete or not valid. Open it just as it stands in the email.",
        "LINK_ENDED": "This link is no longer valid: what it is for is erased, or too old.",
        "LINK_EXPIRED": "This link is no longer valid. Sign up again to receive a new one.",
        "contact_accepted": "Thank you for your message. We will answer you by email.",
        "newsletter_accepted": (
            "Thank you for subscribing! One step is left: open the email that is on its way to you, "
            "and confirm. Nothing there? Look in the spam folder."
        ),
        "thanks_title": "Thank you!",
        "error_title": "Your submission did not get through",
        "error_kept": "Go back in your browser: what you wrote is still there.",
        "error_again": "You can also reload this page to send the form again.",
        "back": "Back to {site}",
        "confirm_title": "Confirm your subscription",
        "confirm_lead": "You asked for the newsletter of {site}. By confirming, you agree to this:",
        "confirm_button": "I confirm my subscription",
        "confirm_ignore": "You did not ask for anything? Close this page, and nothing will happen.",
        "confirmed_title": "Subscription confirmed",
        "confirmed": "Thank you for subscribing to the newsletter of {site}.",
        "link_title": "Link not valid",
        "expired_title": "This link has expired",
        "expired_lead": "A confirmation link is valid for 48 hours. Ask for a new one:",
        "expired_button": "Send me a new link",
        "again_title": "Look at your email",
        "again": (
            "If your request was still known, a new link is on its way to you. "
            "Nothing there in a few minutes? Sign up again on the site."
        ),
        "unsubscribe_title": "Unsubscribe",
        "unsubscribe_lead": "You will no longer receive the newsletter of {site}.",
        "unsubscribe_button": "Unsubscribe me",
        "unsubscribed_title": "You are unsubscribed",
        "unsubscribed": "Done: you will no longer receive the newsletter of {site}.",
        "owner_spam_title": "File as spam",
        "owner_spam_lead": "This message goes to the spam folder, where it is erased after 30 days.",
        "owner_spam_button": "This is spam",
        "owner_filed_title": "Filed as spam",
        "owner_filed": "Done: this message is in the spam folder.",
        "owner_erase_title": "Erase this person",
        "owner_erase_lead": (
            "All that {site} holds of this address will be erased: messages, sign-ups, subscription. "
            "Nothing of it can be restored."
        ),
        "owner_erase_subscribed": "This address is subscribed to the newsletter: its subscription will end.",
        "owner_erase_not_subscribed": "This address is not subscribed to the newsletter.",
        "owner_erase_unwanted": (
            "Is this message unwanted? Do not erase anything: anybody can write the address of somebody else into a "
            'form, and it is them whom you would erase. Use the link "This is spam" of the same email.'
        ),
        "owner_erase_button": "Erase everything",
        "owner_erased_title": "Erased",
        "owner_erased": (
            "Done: {site} holds nothing more of this person, but for backups until they expire and, if they were "
            "subscribed, a fingerprint of the address, so that no import subscribes them again. "
            "Think of the emails that you received."
        ),
        "owner_gone_title": "Nothing left by this link",
        "owner_gone": (
            "By this link {site} finds no address any more: what it is for is erased, or too old. If anything else of "
            "this person may be left, use the link in another email about them, or the command `guichet forget`."
        ),
        "owner_unfinished_title": "Not finished",
        "owner_unfinished_lead": (
            "{site} still holds something of this person: there is too much to read for this page, something changed "
            "meanwhile, or the table did not answer. Try again; failing that, the command `guichet forget` erases "
            "the rest."
        ),
        "owner_unfinished_button": "Try again",
    },
}
