"""What an issue may be called, and what it may contain."""

import re
from typing import Literal
from urllib.parse import urlsplit

# An error keeps an issue from being sent.
Severity = Literal["error", "warning"]

# In characters. Mailboxes show some sixty to ninety of a subject.
LONGEST_SUBJECT = 150
LONGEST_PREHEADER = 250
LONGEST_ID = 64
# In bytes of UTF-8. Mail programs clip much shorter emails, and an item of the table holds 400 KB.
LARGEST_TEXT = 256 * 1024
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
# RFC 1035.
_LONGEST_HOST = 253
# A name, with letters of any language, or an IP address; urlsplit checks IPv6 ones.
_HOST = re.compile(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")


def is_issue_id(text: str) -> bool:
    """Return whether a text may be the id of an issue."""
    return len(text) <= LONGEST_ID and bool(_ID.fullmatch(text))


def is_web_address(text: str) -> bool:
    """Return whether a text is an absolute http or https address."""
    try:
        parts = urlsplit(text)
        # Reading the port validates it.
        host = parts.hostname or ""
        right = parts.port != 0 and len(host) <= _LONGEST_HOST and bool(_HOST.fullmatch(host))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and right and not re.search(r"[\s<>\"\\]", text)
