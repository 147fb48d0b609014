"""What the demo site and the app say, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language of the demo site: its page, labels and forms' replies."""

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
    subscribe="Je m’abonne",
    contact_done="Votre message est bien arrivé",
    newsletter_done="confirmer votre abonnement",
    failed="Le serveur ne répond pas. Rien n’est perdu.",
    again="Réessayer",
    thanks="Merci\u202f!",
    back="Retour au site",
)
ENGLISH = Words(
    path="/en/",
    message="Message",
    send="Send",
    subscribe="Subscribe",
    contact_done="Your message has arrived",
    newsletter_done="confirm your subscription",
    failed="The server does not answer. Nothing is lost.",
    again="Try again",
    thanks="Thank you!",
    back="Back to",
)
