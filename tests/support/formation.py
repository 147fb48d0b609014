"""CloudFormation's part in `guichet adopt`."""

from typing import Any

STACK_ID = "arn:aws:cloudformation:eu-west-3:123456789012:stack/guichet/1"
ASKED = {"Id": "arn:aws:cloudformation:eu-west-3:123456789012:changeSet/adopt-table/1", "StackId": STACK_ID}


class Formation:
    """Answers an import of a table, and keeps what was asked in `asked`."""

    def __init__(self, *, change_set: str = "CREATE_COMPLETE", stack: str = "IMPORT_COMPLETE") -> None:
        self.asked: list[dict[str, str]] = []
        self.answers: dict[str, Any] = {
            "cloudformation:CreateChangeSet": self._create,
            "cloudformation:DescribeChangeSet": {"Status": change_set, "StatusReason": "no such table"},
            "cloudformation:ExecuteChangeSet": {},
            "cloudformation:DescribeStacks": {
                "Stacks": [{"StackName": "guichet", "StackStatus": stack, "CreationTime": "2026-11-26T00:00:00Z"}]
            },
        }

    def _create(self, asked: Any) -> Any:
        self.asked.append(asked["body"])
        return ASKED
