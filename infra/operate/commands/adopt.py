"""`guichet adopt`: create a stack around a table that was left behind."""

import click

from infra.operate import adopting
from infra.operate.connection import client_of, region_of
from infra.operate.output import Output


@click.command("adopt")
@click.argument("table")
@click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The stack to create.")
@click.option("--region", help="The table's region. Default: the AWS CLI's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def adopt_table(*, table: str, stack: str, region: str | None, as_json: bool) -> None:
    """Create a stack around a table that was left behind.

    TABLE is the name of a table that a deleted stack left behind. The new stack contains only this table; `make
    deploy` with all parameters adds everything else. Use the same SigningSecret as before, or existing links and keys
    stop working. Use CreateIdentity=false if the SES identity was left behind as well.
    """
    where = region_of(region)
    adopting.adopt(client_of("cloudformation", where), client_of("dynamodb", where), stack, table)
    following = "make deploy, with all parameters and the same SigningSecret"
    Output(as_json=as_json).tell(
        [f"The stack {stack} now has the table {table}.", f"Next: {following}"],
        stack=stack,
        table=table,
        next=following,
    )
