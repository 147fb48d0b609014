"""French typography, as the Imprimerie nationale sets it: no-break spaces before high punctuation, and apostrophes."""

import re

NO_BREAK, NARROW = "\xa0", "\u202f"
# Addresses and commands have their own spelling.
_NOT_PROSE = re.compile(r"https?://\S*")
_FAULTS = {
    "a straight apostrophe or quote": r"['\"]",
    "a colon without U+00A0 before it": rf"(?<!{NO_BREAK}):",
    "a quote that a line may break inside": rf"«(?!{NO_BREAK})|(?<!{NO_BREAK})»",
    "; ! or ? without U+202F before it": rf"(?<!{NARROW})[;!?]",
    "dots instead of an ellipsis": r"\.\.\.",
    "a number that a line may part from its unit": r"(?:\d|\}) (?:heures|jours|min|Kio|h)\b",
}


def faults(text: str) -> list[str]:
    """Return what is wrong with the typography of a French text."""
    prose = _NOT_PROSE.sub("", text)
    return [
        f"{fault}: …{prose[max(0, found.start() - 30) : found.end() + 10]!r}…"
        for fault, pattern in _FAULTS.items()
        for found in re.finditer(pattern, prose)
    ]
