"""What all pages of the desk say."""

SENTENCES = {
    "desk": "Desk",
    "menu": "Areas of the desk",
    "messages": "Messages",
    "comments": "Comments",
    "comments_waiting": "Comments ({number})",
    "subscribers": "Subscribers",
    "issues": "Issues",
    "outbox": "Outbox",
    "settings": "Settings",
    "signed_in_as": "Signed in as {address}",
    "sessions": "Sessions",
    "sign_out": "Sign out",
    "skip": "Skip to the content",
    "newer": "Newer",
    "older": "Older",
    "next": "Next",
    "previous": "Previous",
    "back": "Back",
    "to_site": "To the site",
    "error_title": "That did not work",
    "no_such_page": "There is no such page, or what it showed is gone: it was erased, or it has expired.",
    "comment_gone": "This comment is gone: it was deleted or erased, or it has expired. Nothing is left to decide.",
    "only_posted": "This page cannot be opened directly. Go back and press the button.",
    "other_origin": (
        "This form did not come from the desk itself, so nothing was changed. Open the desk in this tab and try again."
    ),
    "other_session": "This page was opened in another session, so nothing was changed. Reload it and try again.",
    "signed_out": "Your session has ended, so nothing was changed. Sign in and try again.",
    "unavailable": (
        "The database did not answer in time. Reload the page in a moment. If you pressed a button, check first "
        "whether it worked: it may have."
    ),
    "too_large": (
        "This is more than the desk takes at once, so nothing was changed. Was an image pasted into the text? Put it "
        "on your site, and write its address instead."
    ),
    "not_read": "What your browser sent could not be read, so nothing was changed. Reload the page and try again.",
    "failed": (
        "Something went wrong in the desk itself. Try again in a moment. If you pressed a button, check first whether "
        "it worked: it may have."
    ),
    "too_many": "You have requested this too often within an hour. Wait until the hour is over.",
    "typed": "What you typed",
    "typed_hint": "It is stored nowhere. Copy it before you leave this page.",
    "other_tab": "Open the desk in another tab",
    "typed_cut": "Its end is missing here: all of it is too long to be shown.",
}
