"""What only the operator does to an address: `python -m infra.operate lift|erase ADDRESS`.

It acts on the table that TABLE_NAME names, with the stack's SIGNING_SECRET, as the functions do.
"""

import argparse
import os
import sys
from datetime import timedelta
from typing import Any

import botocore.session

from infra.local.functions import CODE

sys.path.insert(0, str(CODE))

from guichet.addresses import normalized, parse
from guichet.records import utc_now
from guichet.signing import subscriber_id
from guichet.storage import Store


def lift(table: str, secret: str, address: str) -> str:
    """Let an address that bounced or complained ask again, and say what was done."""
    lifted = Store(table).lift(subscriber_id(secret, address), utc_now(), timedelta(days=1095))
    return "lifted: the address may sign up again" if lifted else "nothing to lift: it did not bounce or complain"


def erase(table: str, secret: str, address: str) -> str:
    """Erase what the newsletter holds of an address, and say how much.

    Of one that bounced or complained, the keyed hash and the state stay, so that nobody writes to it again.
    """
    dynamodb = botocore.session.get_session().create_client("dynamodb")
    subscriber = f"subscriber#{subscriber_id(secret, address)}"
    keys = {subscriber}
    for page in dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="kind = :request",
        ExpressionAttributeValues={":request": {"S": "request"}},
    ):
        keys |= {item["pk"]["S"] for item in page["Items"] if normalized(item["email"]["S"]) == normalized(address)}
    erased = sum(_erase_collection(dynamodb, table, key) for key in keys)
    return f"erased: {erased} items"


def _erase_collection(dynamodb: Any, table: str, pk: str) -> int:
    """Erase a record and its rows of emails. Return how many items are gone, or reduced to what must stay."""
    erased = 0
    for page in dynamodb.get_paginator("query").paginate(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}}
    ):
        for item in page["Items"]:
            key = {"pk": item["pk"], "sk": item["sk"]}
            if item.get("state", {}).get("S") in ("bounced", "complained"):
                dynamodb.update_item(TableName=table, Key=key, UpdateExpression="REMOVE history, confirmed_at")
            else:
                dynamodb.delete_item(TableName=table, Key=key)
            erased += 1
    return erased


def main(arguments: list[str]) -> int:
    """Run a command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.operate", description=__doc__)
    parser.add_argument("command", choices=("lift", "erase"))
    parser.add_argument("address")
    given = parser.parse_args(arguments)
    address = parse(given.address)
    missing = [name for name in ("TABLE_NAME", "SIGNING_SECRET") if not os.environ.get(name)]
    if address is None or missing:
        parser.error(f"set {' and '.join(missing)}" if missing else f"{given.address!r} is no email address")
    command = {"lift": lift, "erase": erase}[given.command]
    print(command(os.environ["TABLE_NAME"], os.environ["SIGNING_SECRET"], address))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
