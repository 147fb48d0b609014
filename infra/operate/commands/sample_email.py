"""`guichet test-email`: send a test email to the owner."""

import click

from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.mail import ses
from guichet.mail.mime import envelope
from infra.operate.commands.exit_codes import UNAVAILABLE
from infra.operate.commands.options import address_of, on_stack
from infra.operate.connection import Connection, OperatorError
from infra.operate.output import Output


@click.command("test-email")
@click.option("--to", callback=address_of, metavar="ADDRESS", help="Another recipient.")
@on_stack
def send(connection: Connection, output: Output, *, to: str | None) -> int:
    """Send a test email to the owner.

    It is sent like the notifier's emails: with the same sender and configuration set.
    """
    settings = connection.settings
    recipients = (to,) if to else settings.owner_email
    subject = f"Guichet: test email from {connection.name}"
    message = envelope(recipients, subject, "visitor" if to else "owner", settings)
    message.set_content(
        f"This email was sent by `guichet test-email`.\n\nSite: {settings.site_name}, {settings.site_url}\n"
        f"API: {settings.api_url}\n\nIf it arrived where you expect your visitors' messages, mail to you works.\n\n"
        "SES has signed it on its way. To check that, save it as your mailbox got it (Show original, Download\n"
        "message), and run: guichet doctor --received FILE\n\n"
        "If your mailbox offers a button to unsubscribe: it is the newsletter's, here for the test, and does nothing.\n"
    )
    # As in an issue: SES only signs them in transit, so the test shows whether it does.
    language = settings.default_language
    link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, language, settings.signing_secret)
    message["List-Unsubscribe"] = f"<{link}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    try:
        message_id = ses.send(message, settings.owner_configuration_set)
    except ses.RejectedError as rejected:
        raise OperatorError(f"SES refuses it: {rejected}") from None
    except ses.PostponedError as postponed:
        output.advise(f"SES is not accepting it now: {postponed.reason}. `guichet doctor` may find out why.")
        return UNAVAILABLE
    output.tell(
        [f"Sent to {', '.join(recipients)}.", f"The message id is {message_id}"],
        sent_to=list(recipients),
        message_id=message_id,
    )
    return 0
