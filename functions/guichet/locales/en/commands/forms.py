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
}
