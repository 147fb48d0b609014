"""What is kept where: the keys, items and conditions of the one table.

| kind       | pk                     | sk                             |
|------------|------------------------|--------------------------------|
| message    | message#<id>           | message                        |
| request    | request#<id>           | request                        |
| subscriber | subscriber#<id>        | subscriber                     |
| email      | the key of its record  | email#<name>, email#<name>#<occasion> |
| digest     | digest#<week>          | digest                         |
| caller     | caller#<hash>          | caller                         |
| proof      | proof#<challenge>      | proof                          |
| cap        | cap#<subscriber's id>  | cap#<email>#latest, cap#<email>#<day> |
| cap        | cap#visitors           | cap#<day>                      |

Every item has `expires_at` (seconds since 1970), but subscribers that are confirmed or must not be written to. There
are two sparse indexes: `owed` (emails still owed, by recipient and time) and `lists` (messages and spam of a
day, confirmed subscribers, and who confirmed on a day, by the row of the email that tells the owner of it).
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from guichet import dynamodb
from guichet.dynamodb import ConditionFailedError, Item, marshal, marshalled
from guichet.languages import Language
from guichet.records import (
    OWED_EMAIL_KEPT,
    REQUEST_KEPT,
    SENT_EMAIL_KEPT,
    SPAM_KEPT,
    Caller,
    ClaimedEmail,
    Confirmation,
    Digest,
    EmailKey,
    EmailName,
    Leaving,
    Message,
    OwedEmail,
    Owing,
    Recipient,
    SignUp,
    Solved,
    State,
    Subscriber,
    utc_now,
)

# Longer than the notifier may run, so that no two runs send one email; and over when the next sweep comes.
CLAIM_LASTS = timedelta(minutes=5)
# The longest that a reason from SES is kept.
_REASON_KEPT = 500
# How often one address gets the same email, whoever asks.
ADDRESS_GAP = timedelta(minutes=15)
ADDRESS_PER_DAY = 3
# A little longer than the longest of them counts.
CAPS_KEPT = timedelta(days=2)

_KINDS: dict[type[Owing], str] = {
    Message: "message",
    SignUp: "request",
    Subscriber: "subscriber",
    Digest: "digest",
}
_RECORDS = {kind: record for record, kind in _KINDS.items()}

CONFIRMED_LIST = "subscribers#confirmed"
DayList = Literal["messages", "spam", "confirmed"]

_APPEND = "history = list_append(if_not_exists(history, :none), :new)"
# TTL deletes up to days late, so what has expired counts as gone.
_NOT_THERE = "attribute_not_exists(pk) OR expires_at < :now"


class OverCapError(Exception):
    """A caller posted as often as they may in this hour. `until` is when it ends."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class UsedProofError(Exception):
    """A proof of work was used before, for another submission."""


class Store:
    """The table. Every method may raise dynamodb.UnavailableError."""

    def __init__(self, table_name: str) -> None:
        self._table = table_name

    # --- the request path: one write each ------------------------------------------------------------------------

    def keep(
        self, record: Message | SignUp, emails: Sequence[OwedEmail], caller: Caller, proof: Solved | None = None
    ) -> bool:
        """Keep a submission, the emails it owes, its proof of work and the caller's count, all or none.

        Return False for a repeat, which is success, changes nothing and does not count. Raises UsedProofError,
        OverCapError.
        """
        at = record.received_at if isinstance(record, Message) else record.asked_at
        item = _item(record)
        if record.spam:
            item["list"] = day_list("spam", at)
        elif isinstance(record, Message):
            item["list"] = day_list("messages", at)
        actions = [
            self._put(item, condition=_NOT_THERE, values={":now": _seconds(at)}),
            *(self._put(_email_item(item["pk"], email, at, record.expires_at)) for email in emails),
            *([self._used(proof)] if proof else []),
            self._counted(f"caller#{caller.key}", "caller", caller.cap, _seconds(caller.until)),
        ]
        try:
            dynamodb.transact(actions)
        except ConditionFailedError as failed:
            if failed.action == 0:
                return False
            if failed.action < len(actions) - 1:
                raise UsedProofError from None
            raise OverCapError(caller.until) from None
        return True

    # --- the newsletter --------------------------------------------------------------------------------------------

    def sign_up(self, request_id: str) -> SignUp | None:
        """Return a request to be subscribed, None where there is none or it has expired."""
        return cast("SignUp | None", self._get(f"request#{request_id}"))

    def confirm(
        self, subscriber_id: str, request: SignUp, confirmation: Confirmation, emails: Sequence[OwedEmail]
    ) -> State:
        """Make a subscriber of who confirmed, with the emails that this owes, all or none. Return the state after it.

        It is `confirmed` for a repeat, too. Nothing changes where they left after the request, or must not be
        written to: a link that was used before does not bring anybody back.
        """
        key = _key(Subscriber, subscriber_id)
        at = confirmation.at
        changes = {
            "kind": "subscriber",
            "id": subscriber_id,
            "email": request.email,
            "name": request.name,
            "state": "confirmed",
            "language": confirmation.wording_language,
            "confirmed_at": _stamp(at),
            "list": CONFIRMED_LIST,
        }
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        update = {
            "TableName": self._table,
            "Key": marshalled(key),
            "UpdateExpression": (f"SET {assignments}, {_APPEND} REMOVE expires_at, left_at"),
            "ConditionExpression": f"{_NOT_THERE} OR ((#state = :left OR #state = :lifted) AND left_at < :asked_at)",
            "ExpressionAttributeNames": {f"#{name}": name for name in changes},
            "ExpressionAttributeValues": marshalled(
                {f":{name}": value for name, value in changes.items()}
                | _appended(confirmation)
                | {
                    ":left": "unsubscribed",
                    ":lifted": "lifted",
                    ":asked_at": _stamp(request.asked_at),
                    ":now": _seconds(at),
                }
            ),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        rows = [_email_item(key["pk"], email, at, at + OWED_EMAIL_KEPT) for email in emails]
        for row in rows:
            if row["name"] == "new-subscriber":
                row["list"] = day_list("confirmed", at)
        try:
            dynamodb.transact([{"Update": update}, *map(self._put, rows)])
        except ConditionFailedError as failed:
            state: State = (failed.item or {})["state"]
            return state
        return "confirmed"

    def message(self, message_id: str) -> Message | None:
        """Return a message, in the spam folder or not, None where there is none or it has expired."""
        return cast("Message | None", self._get(f"message#{message_id}"))

    def subscriber(self, subscriber_id: str) -> Subscriber | None:
        """Return a subscriber in whatever state, None where there is none or its time is over."""
        return cast("Subscriber | None", self._get(f"subscriber#{subscriber_id}"))

    def unsubscribe(self, subscriber_id: str, at: datetime, kept: timedelta) -> bool:
        """Unsubscribe a subscriber. Return False where there is nothing to change, which is success all the same."""
        return self._leave(
            subscriber_id,
            Leaving(event="unsubscribed", at=at),
            condition="#state = :confirmed",
            values={":confirmed": "confirmed", ":end": _seconds(at + kept)},
            changes=", expires_at = :end REMOVE #list",
        )

    def suppress(self, subscriber_id: str, event: Literal["bounced", "complained"], at: datetime) -> bool:
        """End all mail to an address that bounced or complained, and keep no more of it than its id and its history.

        Return False where there is nothing to change: told before, or a complaint before a bounce; or what is told
        happened before the operator lifted it.
        """
        weaker = "#state <> :complained" + ("" if event == "complained" else " AND #state <> :bounced")
        return self._leave(
            subscriber_id,
            Leaving(event=event, at=at),
            condition=(
                f"attribute_not_exists(pk) OR ({weaker} AND (attribute_not_exists(lifted_at) OR lifted_at < :at))"
            ),
            values={":complained": "complained", **({} if event == "complained" else {":bounced": "bounced"})},
            changes=" REMOVE #list, email, #name, expires_at",
        )

    def lift(self, subscriber_id: str, at: datetime, kept: timedelta) -> bool:
        """Let an address that bounced or complained ask again. Only the operator does this. Return False for any other.

        What SES tells later of what happened before is passed over.
        """
        return self._leave(
            subscriber_id,
            Leaving(event="lifted", at=at),
            condition="#state = :bounced OR #state = :complained",
            values={":bounced": "bounced", ":complained": "complained", ":end": _seconds(at + kept)},
            changes=", lifted_at = :at, expires_at = :end REMOVE #list",
        )

    def _leave(self, subscriber_id: str, leaving: Leaving, condition: str, values: Item, changes: str) -> bool:
        names = {"#state": "state", "#list": "list"} | ({"#name": "name"} if "#name" in changes else {})
        try:
            dynamodb.call(
                "update_item",
                TableName=self._table,
                Key=marshalled(_key(Subscriber, subscriber_id)),
                UpdateExpression=f"SET kind = :kind, id = :id, #state = :state, left_at = :at, {_APPEND}{changes}",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=marshalled(
                    {":kind": "subscriber", ":id": subscriber_id, ":state": leaving.event, ":at": _stamp(leaving.at)}
                    | _appended(leaving)
                    | values
                ),
            )
        except ConditionFailedError:
            return False
        return True

    # --- the spam folder -------------------------------------------------------------------------------------------

    def mark_spam(self, message: Message, at: datetime) -> None:
        """File a message as spam. It is kept as long as what was caught, and again is success."""
        end = min(message.expires_at, at + SPAM_KEPT)
        with suppress(ConditionFailedError):
            dynamodb.call(
                "update_item",
                TableName=self._table,
                Key=marshalled(_key(Message, message.id)),
                UpdateExpression="SET spam = :spam, #list = :list, expires_at = :end",
                # It may have been erased meanwhile, and is not made anew.
                ConditionExpression="attribute_exists(pk) AND attribute_not_exists(spam)",
                ExpressionAttributeNames={"#list": "list"},
                ExpressionAttributeValues=marshalled(
                    {":spam": "owner", ":list": day_list("spam", message.received_at), ":end": _seconds(end)}
                ),
            )

    def release_spam(self, message: Message, language: Language, kept: timedelta) -> bool:
        """Release a message from the spam folder, and owe the owner the email of it. Return False for any other."""
        email = OwedEmail(name="contact-notification", recipient="owner", language=language, occasion="released")
        listed = day_list("messages", message.received_at)
        return self._release(message, email, message.received_at + kept, listed)

    def release_sign_up(self, sign_up: SignUp) -> bool:
        """Release a sign-up from the spam folder, and owe it the email with the link. Return False for any other."""
        email = OwedEmail(name="confirmation-request", recipient="visitor", language=sign_up.language)
        return self._release(sign_up, email, sign_up.asked_at + REQUEST_KEPT, None)

    def _release(self, record: Message | SignUp, email: OwedEmail, end: datetime, listed: str | None) -> bool:
        key = _key(type(record), record.id)
        values: Item = {":end": _seconds(end)} | ({":list": listed} if listed else {})
        update = {
            "TableName": self._table,
            "Key": marshalled(key),
            "UpdateExpression": (
                f"SET expires_at = :end{', #list = :list' if listed else ''} REMOVE spam{'' if listed else ', #list'}"
            ),
            "ConditionExpression": "attribute_exists(spam)",
            "ExpressionAttributeNames": {"#list": "list"},
            "ExpressionAttributeValues": marshalled(values),
        }
        row = _email_item(key["pk"], email, utc_now(), end)
        try:
            dynamodb.transact([{"Update": update}, self._put(row)])
        except ConditionFailedError:
            return False
        return True

    # --- the operator's import, and sending again ------------------------------------------------------------------

    def bring(self, subscriber: Subscriber) -> State | None:
        """Keep a subscriber from elsewhere, who owes no email. Return None, or the state of who is known already.

        Nothing changes for these: nobody is brought back by a list who left, or must not be written to.
        """
        item = {
            **_key(Subscriber, subscriber.id),
            "kind": "subscriber",
            **subscriber.model_dump(mode="json", exclude_defaults=True),
            "list": CONFIRMED_LIST,
        }
        put = self._put(item, condition=_NOT_THERE, values={":now": _seconds(utc_now())})["Put"]
        try:
            dynamodb.call("put_item", **put, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ConditionFailedError as failed:
            state: State = (failed.item or {})["state"]
            return state
        return None

    def ask(self, sign_up: SignUp, email: OwedEmail) -> bool:
        """Keep a request that the operator makes for an address, and the email it owes.

        Return False where it was made before: the row of its email is remembered longer than the request itself. One
        that was dropped was never mailed, and is made again.
        """
        item = _item(sign_up)
        row = _email_item(item["pk"], email, sign_up.asked_at, sign_up.expires_at)
        try:
            dynamodb.transact(
                [
                    self._put(item),
                    self._put(row, condition="attribute_not_exists(pk) OR attribute_exists(dropped_at)"),
                ]
            )
        except ConditionFailedError:
            return False
        return True

    def owe_again(self, key: EmailKey, recipient: Recipient) -> bool:
        """Owe an email again that failed. Return False where there is none, or it did not fail."""
        try:
            self._update_email(
                key,
                "SET owed = :recipient, expires_at = :end REMOVE failed_at, reason",
                "attribute_exists(failed_at)",
                {":recipient": recipient, ":end": _seconds(utc_now() + OWED_EMAIL_KEPT)},
            )
        except ConditionFailedError:
            return False
        return True

    # --- the digest ------------------------------------------------------------------------------------------------

    def count(self, name: DayList, day: datetime) -> int:
        """Count a list of a day, in UTC."""
        pages = dynamodb.pages(
            "query",
            TableName=self._table,
            IndexName="lists",
            Select="COUNT",
            KeyConditionExpression="#list = :list",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues={":list": marshal(day_list(name, day))},
        )
        return sum(page["Count"] for page in pages)

    def digest(self, week: str) -> Digest | None:
        """Return the digest of a week, None where it was not made yet."""
        return cast("Digest | None", self._get(f"digest#{week}"))

    def owe_digest(self, digest: Digest, email: OwedEmail) -> bool:
        """Keep a digest and the email of it. Return False where another run was quicker."""
        item = _item(digest)
        row = _email_item(item["pk"], email, digest.made_at, digest.expires_at)
        try:
            dynamodb.transact([self._put(item, condition="attribute_not_exists(pk)"), self._put(row)])
        except ConditionFailedError:
            return False
        return True

    # --- the notifier: rows of owed emails -------------------------------------------------------------------------

    def owed(self, recipient: Recipient, *, newest_first: bool = False) -> Iterator[tuple[EmailKey, datetime]]:
        """Yield the emails still owed to the owner or to visitors, with the time since when, oldest or newest first."""
        for item in dynamodb.items(
            "query",
            TableName=self._table,
            IndexName="owed",
            KeyConditionExpression="owed = :recipient",
            ExpressionAttributeValues={":recipient": marshal(recipient)},
            ScanIndexForward=not newest_first,
        ):
            yield EmailKey(record=item["pk"], email=item["sk"]), datetime.fromisoformat(item["owed_at"])

    def claim(self, key: EmailKey) -> ClaimedEmail | None:
        """Claim an owed email for this run; None where it is no longer owed, or another run's claim is still alive."""
        claim, at = str(uuid.uuid4()), utc_now()
        try:
            response = self._update_email(
                key,
                "SET claim = :claim, claimed_until = :until ADD tries :one",
                # `claim = :claim` lets this very call be sent again.
                "attribute_exists(owed) AND (attribute_not_exists(claim) OR claimed_until < :now OR claim = :claim)",
                {":claim": claim, ":until": _seconds(at + CLAIM_LASTS), ":now": _seconds(at), ":one": 1},
            )
        except ConditionFailedError:
            return None
        return ClaimedEmail.model_validate({**(dynamodb.unmarshalled(response["Attributes"]) or {}), "key": key})

    def hold(self, email: ClaimedEmail, until: datetime) -> None:
        """Let a claim last longer: nobody else is to try this email before."""
        values = {":until": _seconds(until), ":claim": email.claim}
        self._update_email(email.key, "SET claimed_until = :until", "claim = :claim", values)

    def latest_allowed(self, subscriber_id: str, name: EmailName) -> str | None:
        """Return the key of the record whose email of a name was let through last for an address, None for none."""
        key = marshalled({"pk": f"cap#{subscriber_id}", "sk": f"cap#{name}#latest"})
        answer = dynamodb.call("get_item", TableName=self._table, Key=key, ConsistentRead=True)
        item = dynamodb.unmarshalled(answer.get("Item")) or {}
        return item.get("email_of")

    def allow(self, email: ClaimedEmail, subscriber_id: str, per_day: int) -> Literal["allowed", "often", "many"]:
        """Count an email to a stranger against the caps of a day, in one write that names the email it is for.

        Return `often` where the address had one within 15 minutes or three today, `many` where all strangers together
        had `per_day` of them today.
        """
        if per_day < 1:
            return "many"
        now = utc_now()
        today, end = now.date().isoformat(), _seconds(now + CAPS_KEPT)
        row = {
            "TableName": self._table,
            "Key": marshalled({"pk": email.key.record, "sk": email.key.email}),
            "UpdateExpression": "SET allowed_at = :now",
            "ConditionExpression": "claim = :claim",
            "ExpressionAttributeValues": marshalled({":now": _stamp(now), ":claim": email.claim}),
        }
        latest = {
            "TableName": self._table,
            "Key": marshalled({"pk": f"cap#{subscriber_id}", "sk": f"cap#{email.name}#latest"}),
            "UpdateExpression": "SET kind = :kind, latest_at = :now, email_of = :email, expires_at = :end",
            # It may have been let through yesterday, a moment ago.
            "ConditionExpression": "attribute_not_exists(latest_at) OR latest_at <= :before OR email_of = :email",
            "ExpressionAttributeValues": marshalled(
                {
                    ":kind": "cap",
                    ":now": _stamp(now),
                    ":email": email.key.record,
                    ":end": end,
                    ":before": _stamp(now - ADDRESS_GAP),
                }
            ),
        }
        actions = [
            {"Update": row},
            {"Update": latest},
            self._counted(f"cap#{subscriber_id}", f"cap#{email.name}#{today}", ADDRESS_PER_DAY, end),
            self._counted("cap#visitors", f"cap#{today}", per_day, end),
        ]
        try:
            dynamodb.transact(actions)
        except ConditionFailedError as failed:
            if failed.action == 0:
                raise
            return "many" if failed.action == len(actions) - 1 else "often"
        return "allowed"

    def record_of(self, email: ClaimedEmail) -> Owing | None:
        """Return the record that owes an email, None where it is gone or has expired."""
        return self._get(email.key.record)

    def mark_sent(self, email: ClaimedEmail, message_id: str) -> None:
        """Mark an email as sent, with the message id that SES gave it. The row goes after 90 days."""
        self._end(email, {"sent_at": _stamp(utc_now()), "message_id": message_id})

    def mark_failed(self, email: ClaimedEmail, reason: str) -> None:
        """Mark an email that can never be sent, with the reason. The row goes after 90 days."""
        self._end(email, {"failed_at": _stamp(utc_now()), "reason": reason[:_REASON_KEPT]})

    def mark_dropped(self, email: ClaimedEmail, reason: str) -> None:
        """Mark an email that has become pointless, with the reason. The row goes after 90 days."""
        self._end(email, {"dropped_at": _stamp(utc_now()), "reason": reason})

    def put_off(self, email: ClaimedEmail, reason: str) -> None:
        """Give up the claim on an email that was certainly not sent, so that the next run may try it, and say why."""
        self._update_email(
            email.key,
            "SET waits_for = :reason, tried_at = :now REMOVE claim, claimed_until, tries",
            # This very call may be sent again.
            "claim = :claim OR (tried_at = :now AND waits_for = :reason)",
            {":reason": reason[:_REASON_KEPT], ":now": _stamp(utc_now()), ":claim": email.claim},
        )

    # --- one item --------------------------------------------------------------------------------------------------

    def _get(self, pk: str) -> Owing | None:
        kind = pk.partition("#")[0]
        key = marshalled({"pk": pk, "sk": kind})
        item = dynamodb.unmarshalled(
            dynamodb.call("get_item", TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        )
        if item is None or ("expires_at" in item and item["expires_at"] < _seconds(utc_now())):
            return None
        return _RECORDS[kind].model_validate(item)

    def _put(self, item: Item, condition: str | None = None, values: Item | None = None) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": marshalled(item)}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = marshalled(values)
        return {"Put": put}

    def _used(self, proof: Solved) -> dict[str, Any]:
        item = {"pk": f"proof#{proof.key}", "sk": "proof", "kind": "proof", "expires_at": _seconds(proof.until)}
        return self._put(item, condition="attribute_not_exists(pk)")

    def _counted(self, pk: str, sk: str, cap: int, end: int) -> dict[str, Any]:
        """Return the action that counts one more, on condition that the cap, at least 1, is not reached."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": marshalled({"pk": pk, "sk": sk}),
                "UpdateExpression": "SET kind = :kind, expires_at = :end ADD counted :one",
                "ConditionExpression": "attribute_not_exists(counted) OR counted < :cap",
                "ExpressionAttributeValues": marshalled(
                    {":kind": pk.partition("#")[0], ":end": end, ":one": 1, ":cap": cap}
                ),
            }
        }

    def _update_email(self, key: EmailKey, update: str, condition: str, values: Item) -> dict[str, Any]:
        return dynamodb.call(
            "update_item",
            TableName=self._table,
            Key=marshalled({"pk": key.record, "sk": key.email}),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=marshalled(values),
            ReturnValues="ALL_NEW",
        )

    def _end(self, email: ClaimedEmail, changes: dict[str, str]) -> None:
        """Take an email out of the index of owed ones."""
        assignments = ", ".join(f"{name} = :{name}" for name in changes)
        # This very call may be sent again.
        as_it_is_then = " AND ".join(f"{name} = :{name}" for name in changes)
        values: Item = {f":{name}": value for name, value in changes.items()}
        self._update_email(
            email.key,
            f"SET {assignments}, expires_at = :end REMOVE owed, claim, claimed_until, tries, waits_for, tried_at",
            f"claim = :claim OR ({as_it_is_then})",
            {**values, ":end": _seconds(utc_now() + SENT_EMAIL_KEPT), ":claim": email.claim},
        )


def day_list(name: DayList, day: datetime) -> str:
    """Return the name of the list of a day's messages, spam or confirmations, in UTC."""
    return f"{name}#{day.astimezone(UTC).date().isoformat()}"


def _appended(event: Confirmation | Leaving) -> Item:
    """Return the values of an event that is appended to a subscriber's history."""
    return {":none": [], ":new": [event.model_dump(mode="json", exclude_defaults=True)]}


def _key(record: type[Owing], record_id: str) -> dict[str, str]:
    kind = _KINDS[record]
    return {"pk": f"{kind}#{record_id}", "sk": kind}


def _item(record: Message | SignUp | Digest) -> Item:
    values = record.model_dump(mode="json", exclude_defaults=True)
    return {
        **_key(type(record), record.id),
        "kind": _KINDS[type(record)],
        **values,
        "expires_at": _seconds(record.expires_at),
    }


def _email_item(pk: str, email: OwedEmail, owed_at: datetime, expires_at: datetime) -> Item:
    occasion = f"#{email.occasion}" if email.occasion else ""
    return {
        "pk": pk,
        "sk": f"email#{email.name}{occasion}",
        "kind": "email",
        "name": email.name,
        "recipient": email.recipient,
        "language": email.language,
        "owed": email.recipient,
        "owed_at": _stamp(owed_at),
        "expires_at": _seconds(expires_at),
    }


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _stamp(at: datetime) -> str:
    # Always with microseconds, so that the texts sort as the times do.
    return at.astimezone(UTC).isoformat(timespec="microseconds")
