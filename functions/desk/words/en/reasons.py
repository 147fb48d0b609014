"""Why an email waits, failed or was dropped."""

SENTENCES = {
    "filed_as_spam": "the message was filed as spam",
    "too_late": "it was too late to say that the message had arrived",
    "replaced": "a later one to this address takes its place",
    "mailed_before": "its link was already on its way",
    "confirmed_already": "the address is already subscribed",
    "left": "the address unsubscribed after asking",
    "blocked": "the address is blocked: it gets no email",
    "bounced": "the address does not take mail (it bounced)",
    "complained": "the address reported an email as spam",
    "gone": "what it was about has been erased or has expired",
    "used_up": "the day’s emails to strangers (StrangerMailPerDay) are used up",
    "share": "its network has had its share of the day’s emails to strangers (StrangerMailPerDay)",
    "often": "this mailbox got one a moment ago, or enough of them today",
    "erasing": "the erasure goes on",
    "sent_before": "everybody else got it before",
    "mailbox": "your mailbox takes no mail: {said}",
    "unwritable": "Guichet could not write it ({said}): the logs say more",
    "table": "the database did not answer ({said})",
    "in_doubt": "Amazon SES did not answer, so it may or may not have gone out ({said})",
}
