"""What the stack of `make run` has stored and mailed, no matter which process did it."""

from typing import Any

import botocore.session

from tests.support.stack import ask, text_of

STACK = 3000


class LocalStack:
    """The running stack, by its own addresses."""

    def __init__(self) -> None:
        self._variables: dict[str, str] = ask(STACK, "GET", "/_local/environment.json").json
        self._client: Any = botocore.session.get_session().create_client(
            "dynamodb",
            self._variables["AWS_DEFAULT_REGION"],
            endpoint_url=self._variables["AWS_ENDPOINT_URL_DYNAMODB"],
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of a kind, with values as stored in the table."""
        found = self._client.scan(TableName=self._variables["TABLE_NAME"])["Items"]
        plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
        return [item for item in plain if item["kind"] == kind]

    def messages(self, words: str) -> list[dict[str, Any]]:
        """Return the messages with some words in their text."""
        return [item for item in self.items("message") if words in item["message"]]

    def mails(self, words: str, to: str = "owner@example.org") -> list[str]:
        """Return the texts of the mails to an address with some words in them, the oldest first."""
        return [text for raw in self.raw_mails(to) for text in [text_of(raw)] if words in text]

    def raw_mails(self, to: str) -> list[str]:
        """Return the mails to an address as they were sent, the oldest first."""
        return [mail["raw"] for mail in ask(STACK, "GET", "/_local/inbox.json").json if mail["to"] == [to]]

    def owe_again(self, words: str) -> None:
        """Queue the owner's email of a message once more.

        The stream only reports new rows, and this stack's schedule runs after a quarter of an hour, so the function in
        the container has it to itself.
        """
        (message,) = self.messages(words)
        (row,) = (item for item in self.items("email") if item["pk"] == message["pk"])
        self._client.update_item(
            TableName=self._variables["TABLE_NAME"],
            Key={name: {"S": row[name]} for name in ("pk", "sk")},
            UpdateExpression="SET outbox = :shard REMOVE sent_at, message_id, reached",
            ExpressionAttributeValues={":shard": {"S": f"{row['recipient']}#00"}},
        )
