"""The form handler of most tutorials: a table resource, then the email, then the reply."""

import json
import uuid
from typing import Any

import boto3

table = boto3.resource("dynamodb").Table("table")
ses = boto3.client("sesv2")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Store a message, mail it, answer."""
    form = json.loads(event["body"])
    table.put_item(Item={"pk": str(uuid.uuid4()), "sk": "message", **form})
    content = {"Simple": {"Subject": {"Data": "New message"}, "Body": {"Text": {"Data": form["message"]}}}}
    to = {"ToAddresses": ["owner@example.org"]}
    ses.send_email(FromEmailAddress="guichet@example.org", Destination=to, Content=content)
    return {"statusCode": 200, "body": json.dumps({"ok": True})}
