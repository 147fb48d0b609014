"""Why an email failed or was dropped."""

SENTENCES = {
    "filed_as_spam": "the message was filed as spam",
    "too_late": "it was too late to say that the message had arrived",
    "replaced": "a later one to this address takes its place",
    "mailed_before": "its link was already on its way",
    "no_comments": "nobody commented with this address",
    "confirmed_already": "the address is already subscribed",
    "left": "the address unsubscribed after asking",
    "blocked": "the address is blocked: it gets no email",
    "bounced": "the address does not take mail (it bounced)",
    "complained": "the address reported an email as spam",
    "gone": "what it was about has been erased or has expired",
    "in_doubt": "Amazon SES did not answer: it may or may not have gone out",
    "ended": "it could not be sent, however often it was tried",
}
