"""What the page of the outbox says."""

SENTENCES = {
    "title": "Outbox",
    "none": "No email is waiting. Emails to you and to visitors are sent within moments.",
    "none_here": "Nothing more is waiting.",
    "total": "Emails waiting: {total}.",
    "about": "They are sent automatically: all that wait are tried at least every 15 minutes. None are lost.",
    "count_owner": "To you, or to the recipients of a form: {number}",
    "count_visitor": "To visitors and subscribers: {number}",
    "count_held": "Held, because your mailbox accepts no mail: {number}",
    "reasons_title": "Why those on this page wait",
    "to_start": "Back to the oldest",
    "until": "The next try is after",
    "said": "The answer was:",
    "age_minutes": "for {number} min",
    "age_hours": "for {number} h",
    "age_days": "for {number} days",
    "to_owner": "To you",
    "to_host": "To the host of your site",
    "to_recipients": "To the recipients of the form",
    "to_sender": "To the sender of the message",
    "to_new_subscriber": "To a new subscriber",
    "to_author": "To an address that asked for its comments",
    "to_subscriber": "To a subscriber",
    "to_signed_up": "To an address that signed up",
    "to_visitor": "To a visitor",
    "email_deploy_hook": "Request to rebuild the site",
    "email_other": "Email “{name}”",
    "short_new": "Just queued",
    "short_sending": "Being sent at this moment",
    "short_erasing": "An erasure is under way",
    "short_in_doubt": "Amazon SES has not answered",
    "short_interrupted": "Sending was interrupted",
    "short_many": "Today’s limit for strangers is reached",
    "short_share": "One network’s share of that limit is used up",
    "short_often": "The same mailbox had one a moment ago",
    "short_mailbox": "Your mailbox accepts no mail",
    "short_bounced": "Your mailbox refused it for now",
    "short_rejected": "Amazon SES rejected its content",
    "short_sandbox": "Amazon SES is in the sandbox",
    "short_paused": "Amazon SES has paused the account",
    "short_quota": "The account’s daily quota is used up",
    "short_rate": "The account’s sending rate is reached",
    "short_ses": "Amazon SES does not accept it now",
    "short_table": "The table did not answer",
    "short_not_written": "It cannot be written",
    "short_hook": "The host of your site did not take the call",
    "why_new": "It was just queued, and not tried yet.",
    "why_sending": "It is being sent at this moment.",
    "why_erasing": "It reports an erasure that is still running, and is sent when that is done.",
    "why_in_doubt": (
        "Amazon SES was asked to send it and has not answered (tries: {tries}). It may have gone out: it is sent again "
        "only if no news of it comes."
    ),
    "why_interrupted": "What was sending it ended before there was an answer. It will be tried again.",
    "why_many": (
        "Only so many emails a day go to unconfirmed addresses (StrangerMailPerDay). Today’s are used up; it goes out "
        "tomorrow."
    ),
    "why_share": (
        "The network that asked for it has had its share of today’s emails to unconfirmed addresses. Others go first."
    ),
    "why_often": (
        "The same mailbox had such an email a moment ago, or three of them today. This keeps anyone from flooding it."
    ),
    "why_mailbox": (
        "A mailbox of yours has refused mail for good. One email a day is tried; once it arrives, all others follow."
    ),
    "why_bounced": "Your mailbox refused it for the time being; it may be full. It is tried again some hours later.",
    "why_rejected": (
        "Amazon SES took it and then rejected what is in it. A short notice without the visitor’s words will take its "
        "place."
    ),
    "why_sandbox": (
        "Your Amazon SES account is in the sandbox: it can only write to verified addresses. Request production access "
        "in the Amazon SES console."
    ),
    "why_paused": "Amazon SES has paused sending for this account. Its console says why.",
    "why_quota": "The account’s daily quota of Amazon SES is used up. It goes out when there is room again.",
    "why_rate": "More was sent than Amazon SES allows in a second. It goes out with the next try.",
    "why_ses": "Amazon SES does not accept it now. It is tried again.",
    "why_table": "The table did not answer while it was about to be sent. It is tried again.",
    "why_not_written": (
        "The email cannot be written: there is a mistake in the texts or in the program. It goes out once that "
        "is fixed."
    ),
    "why_hook": (
        "The deploy hook of your site did not take the call. It is tried again every 15 minutes, until a day after the "
        "last change. Until then, the built pages may lack the latest comments."
    ),
    "mailbox_title": "A mailbox that takes no mail",
    "mailbox_other": "A recipient of a form",
    "mailbox_since": "refusing mail since",
    "mailbox_do": (
        "Fix the mailbox, or deploy another address as OwnerEmail. Then try it: once one email has arrived, all others "
        "follow."
    ),
    "try_button": "Try it with the next emails",
    "told_tried": "Within 15 minutes, one email is sent there to try it.",
    "failed_title": "Emails that failed for good",
    "failed": (
        "Amazon SES, or the host of your site, has refused them or never answered, and they are not tried again "
        "automatically. Fix what the answer names, then send them again. They are listed for 90 days."
    ),
    "retry_button": "Send it again",
    "more_failed": "There are more. These commands list them all, and send them again:",
    "told_retried": "The email is queued again, and is sent within 15 minutes.",
    "told_unchanged": "Nothing was changed: the email is queued already, or has gone out.",
}
