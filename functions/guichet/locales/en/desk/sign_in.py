"""What the pages for signing in say."""

SENTENCES = {
    "title": "Sign in",
    "lead": "This is where the owner of {site} reads messages, manages subscribers and writes to them.",
    "address": "Your email address",
    "remember": "Stay signed in on this browser for 30 days",
    "ask": "Send me a code",
    "cookies": "Signing in needs cookies. There are no others here, and nobody is tracked.",
    "no_address": "This is not an email address. It looks like name@example.com.",
    "too_many": (
        "This network has requested too many codes. Try again in {minutes} min, or use the command guichet desk."
    ),
    "code_title": "Type the code",
    "sent": (
        "If this is the address of an owner, an email with a code is on its way. The code works only in this browser, "
        "once, for {minutes} minutes."
    ),
    "code": "Code from the email",
    "code_hint": "Eight letters and digits, such as XXXX-XXXX. Upper or lower case does not matter.",
    "enter": "Sign in",
    "no_code": "A code has eight letters and digits. Copy it from the email.",
    "wrong_code": "This code is wrong, or no longer works. Attempts left: {left}.",
    "none_came": "No email?",
    "none_came_because": (
        "Check the spam folder, and that you typed the address that the site was set up with. An email "
        "that cannot arrive within 15 minutes is not sent at all: then ask again. For browsers that you have not "
        "signed in with before, each network gets only a few a day."
    ),
    "again": "Ask for another code",
    "by_command": "Without email, anyone with the site’s AWS credentials gets a link from this command:",
    "as_title": "Confirm that it is you",
    "as": "You are about to sign in as {address}.",
    "elsewhere_title": "Not in this browser",
    "elsewhere": (
        "A link from the email works only in the browser where it was asked for. Go back to that browser, and type the "
        "code from the email there. If you have signed in already, there is nothing more to do."
    ),
    "no_cookie_title": "Ask for a code first",
    "no_cookie": (
        "This browser has not asked for a code in the last hour, or keeps no cookies. If it refuses cookies, allow "
        "them for this address: signing in does not work without. Then ask for a code."
    ),
    "ended_title": "This no longer works",
    "ended": (
        "The code or link has been used, is older than 15 minutes, or a wrong code was typed too often. Nobody was "
        "signed in."
    ),
    "told_signed_out": "You are signed out of this browser.",
}
