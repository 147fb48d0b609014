"""English."""

SENTENCES = {
    "empty": "Leave this field empty",
    "choose": "Choose",
    "send": "Send",
    # What a field expects: a browser shows it where an answer does not fit.
    "required": "This field is required.",
    "at_least": "At least {limit} characters.",
    "email": "An email address, such as name@example.com.",
    "phone": "A phone number, such as +44 20 7946 0000.",
    "url": "A full web address, such as https://example.com.",
    # How many boxes to tick
    "one": "Tick at least one box.",
    "low": "Tick at least {low} boxes.",
    "high": "Tick at most {high} boxes.",
    "high_one": "Tick at most one box.",
    "exactly": "Tick {low} boxes.",
    "exactly_one": "Tick one box.",
    "both": "Tick {low} to {high} boxes.",
    # Where none need be ticked
    "low_if_any": "If you answer, tick at least {low} boxes.",
    "exactly_if_any": "If you answer, tick {low} boxes.",
    "both_if_any": "If you answer, tick {low} to {high} boxes.",
    # The information notice (GDPR, article 13)
    "notice_required": (
        "Fields marked with an asterisk (*) are required: without them, your submission cannot be dealt with."
    ),
    "notice_optional": "No field is required.",
    "notice_who": (
        "Data controller: {site}. Your data is used only to deal with your submission (“{title}”) and to reply to you."
    ),
    "notice_basis": "Legal basis: the legitimate interest in replying to people who write through this form",
    "notice_basis_consent": " and, for what you agree to by ticking a box, your consent",
    "notice_recipients": (
        "Recipients: the people who deal with these submissions, and the provider that hosts and delivers them "
        "(Amazon Web Services)."
    ),
    "notice_kept": "Your data is kept for {duration}, then deleted.",
    "notice_rights": (
        "You may ask to see your data, to have it corrected or deleted, or to restrict its use, and you may object to "
        "it"
    ),
    "notice_withdraw": ", or withdraw your consent at any time",
    "notice_contact": (
        ": {contact}. You may also complain to the CNIL (www.cnil.fr) or to the data protection authority of your "
        "country."
    ),
    "day": "{count} day",
    "days": "{count} days",
    "year": "{count} year",
    "years": "{count} years",
}
