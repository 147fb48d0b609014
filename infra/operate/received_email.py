"""`guichet doctor --received`: check an email as a mailbox got it. SES signs in transit, so only this shows the result.

The email is verified again, by its signatures and the keys in DNS (RFC 6376). Nothing in it is trusted, except the
mailbox's own verdicts (RFC 8601).
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from functools import partial

import dkim
import dns.exception

from infra.operate.inspection import Finding, Kind, look_up

Records = Callable[[str, Kind], list[str]]

# The two headers of one-click unsubscribing (RFC 8058).
_LINK, _ONE_CLICK = "List-Unsubscribe", "List-Unsubscribe-Post"
_SES = "amazonses.com"
_SAVE = "save it in the mailbox that received it, with Show original, Download message, or as a file .eml"
# SES's address for opens and clicks, and its paths at a custom domain.
_TRACKING = re.compile(rb"awstrack\.me/|/C?[LI]0/")
_ADDRESS = re.compile(rb"https?://[^\s\"'<>]+")
_VERDICT = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]+)")
# dkimpy also logs what its result says.
_SILENT = logging.getLogger("guichet.doctor.dkim")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
# Anybody may have made the email, so its verification is bounded. Sizes are in bytes.
LONGEST = 10_000_000
_LONGEST_SIGNATURE, _MOST_SIGNATURES = 4096, 10


@dataclass(frozen=True)
class Signature:
    """A DKIM signature: who signed, which headers (in lower case), and why it is not valid (empty if it is)."""

    domain: str
    headers: Sequence[str]
    problem: str


def examine(raw: bytes, records: Records = look_up) -> Iterator[Finding]:
    """Check an email as it was received."""
    if len(raw) > LONGEST:
        text = f"the file is longer than {LONGEST // 1_000_000} MB, so it is not an email that Guichet sent"
        yield Finding("email", "wrong", text, _SAVE)
        return
    raw = _bare(raw)
    # Only the headers: thousands of nested parts would stop the parser.
    message = BytesHeaderParser().parsebytes(raw)
    senders = message.get_all("From", [])
    sender = parseaddr(str(senders[0]))[1].rpartition("@")[2].lower() if len(senders) == 1 else ""
    if not sender:
        why = f"it has {len(senders)} headers From" if len(senders) > 1 else "it has no sender"
        yield Finding("email", "wrong", f"the file is not an email as it was received: {why}", _SAVE)
        return
    signed = [str(header) for header in message.get_all("DKIM-Signature", [])]
    if len(signed) > _MOST_SIGNATURES:
        text = f"it has {len(signed)} signatures, of which the first {_MOST_SIGNATURES} are checked"
        yield Finding("email", "warning", text, _SAVE)
    try:
        signatures = list(_signatures(raw, signed[:_MOST_SIGNATURES], records))
    except dns.exception.DNSException as error:
        yield Finding("signature", "unknown", f"no answer: {error}", "try again; this machine may be offline")
        return
    if "X-SES-Outgoing" not in message and all(one.domain != _SES for one in signatures):
        yield Finding("email", "warning", "SES has not delivered this email, or this is an earlier copy", _SAVE)
    yield _signed(sender, signatures)
    yield _one_click(message, sender, signatures)
    yield from _verdicts(message)
    yield from _return_path(message, sender)
    yield _tracked(raw)


def _bare(raw: bytes) -> bytes:
    """Return only the email: without a byte order mark, blank lines, or the line that mail programs put first."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    # Apple Mail puts the number of bytes there; mbox files have the sender and the time.
    return re.sub(rb"\A(?:\d+ *|From [^\r\n]*)\r?\n", b"", raw)


def _signatures(raw: bytes, signed: Sequence[str], records: Records) -> Iterator[Signature]:
    for index, header in enumerate(signed):
        verifier = None
        if len(header) > _LONGEST_SIGNATURE:
            yield Signature("?", [], "it is longer than any signature")
            continue
        try:
            verifier = dkim.DKIM(raw, logger=_SILENT)
            verifier.verify_headerprep(index)
            domain = verifier.domain.decode("ascii", "replace").lower()
            key = f"{verifier.selector.decode('ascii', 'replace')}._domainkey.{domain}"
            found = records(key, "TXT")
            problem = "" if found else f"its key {key} is not in DNS (any more)"
            if found and not verifier.verify(index, dnsfunc=partial(_key, found)):
                problem = "its headers were changed on the way, or its key was replaced"
            problem = problem or _weakness(verifier.signature_fields)
            headers = [name.strip().lower() for name in verifier.signature_fields[b"h"].decode("ascii").split(":")]
        except dns.exception.DNSException:
            raise
        except dkim.ValidationError as error:
            changed = "its text was changed on the way, or when it was saved"
            problem = changed if "body hash" in str(error) else f"it is not valid: {error}"
            yield Signature(_domain(verifier), [], problem)
        except Exception as error:
            # The library fails on some that are truncated or made up.
            yield Signature(_domain(verifier), [], f"it cannot be read ({type(error).__name__})")
        else:
            yield Signature(domain, headers, problem)


def _weakness(tags: Mapping[bytes, bytes]) -> str:
    """Return why mailboxes do not rely on a signature although it is valid, or an empty text."""
    algorithm = tags[b"a"].decode("ascii", "replace")
    if algorithm != "rsa-sha256":
        # RFC 8301 forbids rsa-sha1.
        return f"it is made with {algorithm}, which not all mailboxes accept"
    return "it covers only the beginning of the text (l=), so anybody may have added to it" if b"l" in tags else ""


def _domain(verifier: dkim.DKIM | None) -> str:
    domain = verifier.domain if verifier else None
    return domain.decode("ascii", "replace").lower() if isinstance(domain, bytes) else "?"


def _key(found: Sequence[str], _name: bytes, timeout: int = 0) -> bytes:  # noqa: ARG001  as the library calls it
    return found[0].encode()


def _aligned(domain: str, sender: str) -> bool:
    """Return whether a domain is the sender's, its parent, or its subdomain (RFC 9989, relaxed)."""
    return domain == sender or sender.endswith(f".{domain}") or domain.endswith(f".{sender}")


def _signed(sender: str, signatures: Sequence[Signature]) -> Finding:
    ours = [one for one in signatures if _aligned(one.domain, sender)]
    if valid := [one for one in ours if not one.problem]:
        return Finding("signature", "ok", f"signed as {valid[0].domain}, and valid, so DMARC passes")
    if ours:
        message = f"the signature as {ours[0].domain} is not valid: {ours[0].problem}"
        remedy = f"{_SAVE}, unchanged, and not from a mailbox that it was forwarded to"
        return Finding("signature", "wrong", message, remedy)
    others = ", ".join(dict.fromkeys(one.domain for one in signatures))
    who = f"only {others} signed it, not {sender}" if others else "nobody signed it"
    return Finding("signature", "wrong", f"{who}, so DMARC does not pass", "`guichet doctor` says why, at DKIM")


def _one_click(message: Message, sender: str, signatures: Sequence[Signature]) -> Finding:
    """Check the headers of one-click unsubscribing, and that a signature covers them (RFC 8058, 3 and 4)."""
    links, posts = (message.get_all(name, []) for name in (_LINK, _ONE_CLICK))
    if not links and not posts:
        text = "this email has no headers for one-click unsubscribing, and messages to you need none"
        return Finding("one-click", "warning", text, "`guichet test-email` sends one that has them")
    if len(links) != 1 or len(posts) != 1:
        text = f"there are {len(links)} headers {_LINK} and {len(posts)} {_ONE_CLICK}, instead of one of each"
        return Finding("one-click", "wrong", text, "report it as a bug in Guichet")
    link, post = str(links[0]), str(posts[0]).strip()
    if not re.search(r"<\s*https://", link) or post.replace(" ", "") != "List-Unsubscribe=One-Click":
        text = f"the headers are not those of one-click unsubscribing: {_LINK}: {link}; {_ONE_CLICK}: {post}"
        return Finding("one-click", "wrong", text, "report it as a bug in Guichet")
    return _covered(sender, [one for one in signatures if not one.problem])


def _covered(sender: str, valid: Sequence[Signature]) -> Finding:
    """Check that a valid signature covers both headers of one-click unsubscribing."""
    covering = [one for one in valid if {_LINK.lower(), _ONE_CLICK.lower()} <= {*one.headers}]
    if any(_aligned(one.domain, sender) for one in covering):
        text = f"{_LINK} and {_ONE_CLICK} are inside the signature (h=), so mailboxes may show their button"
        return Finding("one-click", "ok", text)
    if covering:
        text = f"only the signature of {covering[0].domain} covers {_LINK} and {_ONE_CLICK}, not one of {sender}"
        return Finding("one-click", "warning", text, "`guichet doctor` says why mail is not signed, at DKIM")
    missing = [name for name in (_LINK, _ONE_CLICK) if all(name.lower() not in one.headers for one in valid)]
    if not valid:
        text = "no signature is valid, so none covers the headers of one-click unsubscribing"
        return Finding("one-click", "wrong", text, "see the signature, above")
    text = f"no signature covers {' and '.join(missing) or 'both headers'} (h=), so mailboxes show no button"
    return Finding("one-click", "wrong", text, "SES signs all headers that it is given: open a case with AWS")


def _verdicts(message: Message) -> Iterator[Finding]:
    """Report what the mailbox found. The topmost header is its own; anybody may have written those below."""
    headers = message.get_all("Authentication-Results", [])
    if not headers:
        yield Finding("mailbox", "ok", "it left no Authentication-Results in the email")
        return
    # Comments are free text.
    text = re.sub(r"\([^()]*\)", " ", " ".join(str(headers[0]).split()))
    server = text.partition(";")[0].split(" ")[0]
    verdicts: dict[str, str] = {}
    for way, verdict in _VERDICT.findall(text.lower()):
        # One of several signatures is enough.
        verdicts[way] = "pass" if verdicts.get(way) == "pass" else verdict
    found = ", ".join(f"{way.upper()} {verdicts[way]}" for way in ("dkim", "spf", "dmarc") if way in verdicts)
    words = f"{server} found: {found or 'no result of DKIM, SPF or DMARC'}"
    if verdicts.get("dmarc") == "fail":
        yield Finding("mailbox", "wrong", words, "`guichet doctor` says why, at DKIM and DMARC")
    elif verdicts.get("dmarc", "pass") == "pass":
        yield Finding("mailbox", "ok", words)
    else:
        yield Finding("mailbox", "warning", words, "`guichet doctor` says which DMARC record to add")


def _return_path(message: Message, sender: str) -> Iterator[Finding]:
    """Report where bounces go, which is what SPF is about."""
    domain = parseaddr(str(message.get("Return-Path", "")))[1].rpartition("@")[2].lower()
    if not domain:
        return
    if _aligned(domain, sender):
        yield Finding("MAIL FROM", "ok", f"it is {domain}, so DMARC can pass by SPF, too")
    elif domain.endswith(_SES):
        yield Finding("MAIL FROM", "ok", f"it is {domain}: for DMARC only the signature counts, which is enough")
    else:
        yield Finding("MAIL FROM", "warning", f"it is {domain}, that of somebody who forwarded this email", _SAVE)


def _tracked(raw: bytes) -> Finding:
    try:
        parts = [part for part in message_from_bytes(raw).walk() if part.get_content_maintype() == "text"]
        texts = [text for part in parts if isinstance(text := part.get_payload(decode=True), bytes)]
    except RecursionError:
        return Finding("tracking", "unknown", "its parts are nested too deep to be read", _SAVE)
    if any(_TRACKING.search(address) for text in texts for address in _ADDRESS.findall(text)):
        text = "SES has changed the email, to track who opens it or follows its links"
        return Finding("tracking", "wrong", text, "`guichet doctor --fix` ends that")
    return Finding("tracking", "ok", "no image and no changed link tracks who reads it")
