"""The minimum that stores a post: a client and one write, nothing checked."""

import json
from typing import Any

import boto3

client = boto3.client("dynamodb")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Store the body as it is."""
    item = {"pk": {"S": event["requestContext"]["requestId"]}, "sk": {"S": "message"}, "body": {"S": event["body"]}}
    client.put_item(TableName="table", Item=item)
    return {"statusCode": 200, "body": json.dumps({"ok": True})}
