"""Erasing a person."""

SENTENCES = {
    "title": "Erase a person",
    "lead": (
        "Has somebody asked you to erase what you store about them? Type their address. Nothing is erased yet: "
        "the next page says what will be."
    ),
    "address": "Email address",
    "address_wrong": "This is not an email address, such as name@example.com.",
    "next": "Continue",
    "gone": (
        "What this page was about is already erased or has expired, and its address with it. If anything else about "
        "this person may be left, type their address."
    ),
    "confirm_title": "Erase this person?",
    "confirm_message_title": "Erase this message?",
    "whose": "Address",
    "unwanted": (
        "Is the message or comment unwanted? Do not erase anything: anybody can type somebody else’s address into a "
        "form, and that is the person you would erase. File it as spam on its own page instead."
    ),
    "goes": "This will be erased",
    "goes_messages": "all messages from this address, also in the spam folder, and their emails that still wait",
    "goes_sign_ups": "sign-ups to the newsletter that are not confirmed",
    "goes_subscription": "the subscription, with its proof of consent",
    "goes_comments": "all comments from this address, also published ones; if others replied, an empty place is left",
    "goes_rest": "anything else stored with this address, such as requests to see their comments",
    "goes_mentions": (
        "the address itself wherever it appears in other people’s messages and comments: there it is redacted"
    ),
    "goes_message": "the message, and its emails that still wait. It has no address, so nobody else is affected.",
    "final": "None of it can be restored.",
    "state_none": "This address is not in the list of subscribers.",
    "state_confirmed": "This address is subscribed to the newsletter: its subscription will end.",
    "state_unsubscribed": "This address has unsubscribed from the newsletter.",
    "state_bounced": "This address does not take mail (it bounced), and stays excluded from all mail.",
    "state_complained": "This address reported an email as spam, and stays excluded from all mail.",
    "state_blocked": "This address is blocked, and stays excluded from all mail.",
    "state_lifted": "This address is not subscribed to the newsletter.",
    "stays": "This stays",
    "stays_hash": (
        "of a subscriber, former ones included: a fingerprint of the address and its state, so that no import "
        "subscribes it again"
    ),
    "stays_backups": "backups, until they expire",
    "stays_ses": (
        "an entry in Amazon SES’s own list, if an email to the address bounced or was reported: the command "
        "“guichet forget” takes it off"
    ),
    "stays_yours": "the emails that you received: erase them in your mailbox",
    "type_address": "Type the address to confirm",
    "type_word": "Type {word} to confirm",
    "word": "ERASE",
    "address_differs": "This is not the address above.",
    "word_differs": "Type the word {word}.",
    "erase": "Erase everything",
    "erase_message": "Erase the message",
    "background": "This runs in the background. An email tells you when it is done.",
    "going_on": "This person is already being erased.",
    "see": "See how far it has got",
    "erasing_title": "Erasing",
    "erasing": (
        "The erasure that you asked for on {at} continues in the background. You get an email when it is done: usually "
        "within minutes, later if a lot is stored. You can close this page."
    ),
    "done_title": "Erased",
    "done": "The erasure that you asked for on {at} ended on {done}.",
    "told_queued": "The erasure has begun.",
    "told_queued_before": "This erasure was asked for before, and continues.",
}
