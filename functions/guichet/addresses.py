"""Email addresses: which are accepted, and when two are the same."""

import re

# What a browser's <input type="email"> takes (HTML Living Standard, "valid email address"), less what SES cannot
# mail: local parts are ASCII dot-atoms of at most 64 characters (RFC 5321, 4.5.3.1), domains have two labels or more.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LONGEST_LOCAL = 64
_LONGEST = 254


def parse(text: str) -> str | None:
    """Return a deliverable address, with its domain in lower-case Punycode (IDNA 2008), or None if it is invalid.

    Quoted local parts, comments, address literals and non-ASCII local parts are refused: SES does not mail them, or
    no mailbox uses them.
    """
    local, at, domain = text.strip().rpartition("@")
    if not domain.isascii():
        # Imported late, so that ASCII domains do not pay for it.
        import idna  # noqa: PLC0415

        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    domain = domain.lower()
    mailable = (
        bool(at)
        and len(local) <= _LONGEST_LOCAL
        and _LOCAL.fullmatch(local)
        # Mail software would decode it as an encoded word (RFC 2047).
        and "=?" not in local
        and _DOMAIN.fullmatch(domain)
        and not domain.rpartition(".")[2].isdigit()
        and len(local) + 1 + len(domain) <= _LONGEST
    )
    return f"{local}@{domain}" if mailable else None


# Gmail ignores dots, and both domains are one (Google: "Dots don't matter in Gmail addresses").
_GMAIL = ("gmail.com", "googlemail.com")


def mailbox(address: str) -> str:
    """Return the mailbox of a parsed address: without a `+tag` and, at Gmail, without dots.

    For counting only: at other providers, such addresses may belong to different people.
    """
    local, _, domain = normalized(address).rpartition("@")
    # A tag comes after something.
    local = local[:1] + local[1:].partition("+")[0]
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), _GMAIL[0]
    return f"{local}@{domain}"


def masked(address: str) -> str:
    """Return an address that its owner recognises and nobody else can read: `c•••@e•••.org`."""
    local, _, domain = address.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{top}"


def readable(address: str) -> str:
    """Return a parsed address as people write it: its domain with its accents, not in Punycode."""
    local, _, domain = address.rpartition("@")
    if "xn--" not in domain:
        return address
    # Imported late, so that other domains do not pay for it.
    import idna  # noqa: PLC0415

    try:
        return f"{local}@{idna.decode(domain)}"
    except (idna.IDNAError, UnicodeError):
        return address


def normalized(address: str) -> str:
    """Return the case-folded address, equal for all spellings of one parsed address."""
    return address.casefold()
