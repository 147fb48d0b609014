"""SES: send one raw message, and interpret refusals."""

import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from guichet.addresses import normalized
from guichet.store import dynamodb

# In seconds. The first applies to each address that the endpoint resolves to.
CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 10.0

# Refusals of this one message. All others are temporary: throttling, the daily quota, the sandbox, a paused account, a
# wrong deployment.
_OF_THIS_MESSAGE = {"BadRequestException", "MessageRejected"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
_ADDRESS = re.compile(r"\S+@\S+")
_SERVER_ERROR, _NOT_THERE = 500, 503
# No tracking pixel and no rewritten link, whatever the account's settings: Virtual Deliverability Manager, once turned
# on, tracks by default. A single message can opt out (SES API v2, ConfigurationOverrides).
NO_TRACKING = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}}
# After these errors, nothing can have reached SES.
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError)


class RejectedError(Exception):
    """SES will never accept this message. The text is its reason."""


class PostponedError(Exception):
    """SES did not accept the message now. `certain` means that it was certainly not sent.

    `of_recipient` means that SES accepts mail to others: in the sandbox, to verified addresses. `too_fast` means that
    it would have accepted this one a moment later.
    """

    def __init__(self, reason: str, *, certain: bool, of_recipient: bool = False, too_fast: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.certain = certain
        self.of_recipient = of_recipient
        self.too_fast = too_fast


@cache
def client() -> Any:
    """Return the client of this process. It tries once: a retry after a time-out could send twice."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=dynamodb.CONNECTIONS,
    )
    return botocore.session.get_session().create_client("sesv2", config=config)


def send(
    message: EmailMessage | bytes,
    configuration_set: str,
    tags: Sequence[Mapping[str, str]] = (),
    to: Sequence[str] | None = None,
) -> str:
    """Send a message as it is (SES API v2, SendEmail, `Raw`) and return SES's message id.

    SES publishes the tags with each event about it. The recipients are passed explicitly, so that no header can add
    one: those of `To`, or `to`, which bytes require. SES does not track opens or clicks. Raises RejectedError,
    PostponedError.
    """
    raw = message if isinstance(message, bytes) else message.as_bytes()
    # As it is on the wire, `To` is bare addresses.
    recipients = list(to or ())
    if to is None and not isinstance(message, bytes):
        recipients = [address for _, address in getaddresses([message["To"]])]
    try:
        response = client().send_email(
            Destination={"ToAddresses": recipients},
            Content={"Raw": {"Data": raw}},
            ConfigurationSetName=configuration_set,
            EmailTags=list(tags),
            ConfigurationOverrides=NO_TRACKING,
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reason = f"{code}: {error.response['Error'].get('Message', '')}"
        # In the sandbox, an unverified address is refused with the same error as a harmful message; sometimes, so is
        # mail of a paused account. Only SES's message distinguishes them; the addresses in it are removed.
        words = without_addresses(reason).lower()
        unverified = "not verified" in words
        if code in _OF_THIS_MESSAGE and not unverified and "paused" not in words:
            raise RejectedError(reason) from error
        # The daily quota has the same error as the rate, but waiting a moment does not help.
        too_fast = code in _THROTTLED and "daily" not in words
        # A server error may follow an accepted message; a 503 means that it was not accepted.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        certain = status < _SERVER_ERROR or status == _NOT_THERE
        raise PostponedError(reason, certain=certain, of_recipient=unverified, too_fast=too_fast) from error
    except BotoCoreError as error:
        raise PostponedError(type(error).__name__, certain=isinstance(error, _NOT_SENT)) from error
    return str(response["MessageId"])


def without_addresses(reason: str) -> str:
    """Return SES's reason without the addresses that it may quote."""
    return _ADDRESS.sub("…", reason)


class Quota(NamedTuple):
    """How much the account may send: emails per second, and how many more in these 24 hours (None means unlimited).

    `per_day` is the limit itself.
    """

    per_second: float
    per_day: float | None
    left: float | None


def quota() -> Quota | None:
    """Return how much the account may send (SES API v2, GetAccount), or None if SES does not say."""
    try:
        found = client().get_account()["SendQuota"]
        per_day, sent = float(found.get("Max24HourSend", -1)), float(found.get("SentLast24Hours", 0))
        rate = float(found["MaxSendRate"])
    except (BotoCoreError, ClientError, KeyError):
        return None
    # AWS: -1 is an unlimited quota.
    return Quota(rate, None, None) if per_day < 0 else Quota(rate, per_day, per_day - sent)


def send_rate() -> float | None:
    """Return how many emails a second the account may send, or None if SES does not say."""
    found = quota()
    return found.per_second if found else None


def take_off_list(address: str, ses: Any = None) -> bool:
    """Remove an address from the account's suppression list, to which SES sends nothing. Return whether it was there.

    `ses` is the client, by default that of this process. Raises ClientError, BotoCoreError.
    """
    taken = False
    # Either spelling may be on the list.
    for spelling in dict.fromkeys((address, normalized(address))):
        try:
            (ses or client()).delete_suppressed_destination(EmailAddress=spelling)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
        else:
            taken = True
    return taken
