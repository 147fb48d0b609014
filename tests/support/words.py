"""What the demo site and the app say, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language of the demo site: its page, its labels and what comes of its forms."""

    path: str
    message: str
    send: str
    subscribe: str
    contact_done: str
    newsletter_done: str
    failed: str
    again: str
    thanks: str
    back: str


FRENCH = Words(
    path="/",
    message="Message",
    send="Envoyer",
    subscribe="Je m'abonne",
    contact_done="Merci pour votre message",
    newsletter_done="Merci pour votre abonnement",
    failed="Le serveur ne répond pas. Rien n’est perdu.",
    again="Réessayer",
    thanks="Merci !",
    back="Retour au site",
)
ENGLISH = Words(
    path="/en/",
    message="Message",
    send="Send",
    subscribe="Subscribe",
    contact_done="Thank you for your message",
    newsletter_done="Thank you for subscribing",
    failed="The server does not answer. Nothing is lost.",
    again="Try again",
    thanks="Thank you!",
    back="Back to",
)
