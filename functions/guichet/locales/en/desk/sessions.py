"""What the page of the sessions says."""

SENTENCES = {
    "title": "Sessions",
    "lead": "These browsers are signed in at the desk as {address}.",
    "this": "this browser",
    "unknown": "An unknown browser",
    "calls_itself": "“{text}”",
    "since": "Since",
    "until": "until",
    "end": "End this session",
    "end_others": "End all other sessions",
    "only_this": "You are signed in nowhere else.",
    "told_ended": "The session is ended: that browser is signed out.",
    "told_ended_others": "All other sessions are ended.",
}
