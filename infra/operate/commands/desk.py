"""`guichet desk`: print a link that signs in at the desk."""

import click

from infra.operate import desk
from infra.operate.commands.options import address_of, on_stack
from infra.operate.connection import Connection
from infra.operate.output import Output


@click.command("desk")
@click.option("--owner", callback=address_of, metavar="ADDRESS", help="Which owner. Default: the first of OwnerEmail.")
@on_stack
def sign_in_at_desk(connection: Connection, output: Output, *, owner: str | None) -> None:
    """Print a link that signs in at the desk.

    Use it when no email arrives. The link works in any browser, once, within 15 minutes: do not share it. It opens a
    page with a button.
    """
    made = desk.sign_in(connection.settings, owner)
    output.tell(
        [f"Open this link within {desk.MINUTES} minutes to sign in as {made.owner}. It works once:"],
        owner=made.owner,
        link=made.link,
        valid_until=f"{made.until:%Y-%m-%dT%H:%M:%SZ}",
    )
    # To be copied, so only the terminal may break the line.
    output.say(made.link, indent=None)
