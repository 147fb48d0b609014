"""Which browser it is, in our own words: a `User-Agent` is a stranger's text."""

# By substrings of `User-Agent`, the most specific first: most browsers name others as well.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Vivaldi/": "Vivaldi",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def browser_name(user_agent: str) -> str:
    """Return browser and system by their common names, such as `Firefox, Windows`, or as much as is known."""
    named = (next((name for sign, name in known.items() if sign in user_agent), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, named))
