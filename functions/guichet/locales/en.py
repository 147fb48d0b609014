"""English: every sentence, and how it writes days and times."""

from datetime import datetime

# Written out, as in the other languages: Lambda has no locale but C.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# As words to split: as a tuple, each month would take a line.
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905

# Error codes are upper case, as in the responses; all other keys are lower case.
SENTENCES = {
    "REQUIRED_FIELD_MISSING": 'The field "{field}" is required and was not sent.',
    "REQUIRED_FIELD_EMPTY": 'The field "{field}" is required.',
    "TYPE_EMAIL": 'The field "{field}" must be an email address, such as name@example.com.',
    "TYPE_TEXT": 'The field "{field}" must be plain text.',
    "TOO_LONG": 'The field "{field}" is too long: at most {limit} characters.',
    "NAME_TOO_LONG": "The name of a field is too long: at most {limit} characters.",
    "TOO_MANY_FIELDS": "The form has too many fields: at most {limit} besides the known ones.",
    "EMPTY": "The form is empty.",
    "BAD_REQUEST": "The request could not be read: it is incomplete or malformed.",
    "BAD_JSON": "The body of the request is not a valid JSON object.",
    "BAD_ENCODING": "The request could not be read: its text must be UTF-8.",
    "ORIGIN_NOT_ALLOWED": (
        "This site is not allowed to send this form. "
        "Is it yours? Add its origin to the parameter AllowedOrigins, and deploy."
    ),
    "FORM_NOT_FOUND": "There is no such form.",
    "METHOD_NOT_ALLOWED": "The forms of the site arrive at this address: there is nothing to read.",
    "TOO_LARGE": "The submission is too large: at most {limit} KiB.",
    "UNSUPPORTED_MEDIA_TYPE": (
        "This type of submission is not served. Accepted are application/json, "
        "application/x-www-form-urlencoded and multipart/form-data, in UTF-8."
    ),
    "NO_FILE_UPLOADS": "This form takes no files.",
    "BLOCKED": "Your submission could not be verified. Reload the page of the form and try again.",
    "TOO_MANY_REQUESTS": "Too many submissions in a short time. Try again in {minutes} min.",
    "UNAVAILABLE": (
        "We could not confirm that your submission was kept. "
        "Try again within ten minutes: sending it again is harmless, it will count only once."
    ),
    "LINK_INVALID": "This link is incomplete or not valid. Open it just as it stands in the email.",
    "LINK_ENDED": "This link is no longer valid: what it is for is erased, or it has expired.",
    "LINK_EXPIRED": "This link is no longer valid. Sign up again to receive a new one.",
    "contact_accepted": "Thank you for your message. We will answer you by email.",
    "newsletter_accepted": (
        "Thank you for subscribing! One step is left: open the email that is on its way to you, "
        "and confirm. It may take a while; look in the spam folder, too."
    ),
    "contact_accepted_for": "Thank you for your message. We will answer you at {email}.",
    "newsletter_accepted_for": (
        "One step is left: open the email that is on its way to {email}, and confirm. It may take a while; "
        "look in the spam folder, too. Is the address wrong? Sign up again."
    ),
    "used_title": "You are already subscribed",
    "used": "This link has already been used: you are subscribed to the newsletter of {site}. Nothing is left to do.",
    "subscribed_title": "You are already subscribed",
    "subscribed": "You are already subscribed to the newsletter of {site}. Nothing is left to do.",
    "thanks_title": "Thank you!",
    "error_title": "Your submission did not get through",
    "error_kept": "Go back in your browser: what you wrote is still there.",
    "error_again": "You can also reload this page to send the form again.",
    "back": "Back to {site}",
    "confirm_title": "Confirm your subscription",
    "confirm_lead": "You asked for the newsletter of {site}. By confirming, you agree to this:",
    "confirm_sent": "Sent with the request",
    "confirm_sent_lead": (
        "This came with the request and was not checked: somebody else may have made it. "
        "If you confirm, it is kept as what it is."
    ),
    "confirm_page": "Page given",
    "confirm_claim": "What is said to have been accepted",
    "confirm_name": "Your name (optional)",
    "confirm_name_sent": "Name sent with the request. Correct it or delete it: it is kept as it stands here.",
    "confirm_name_hint": "It is kept as it stands here.",
    "confirm_button": "I confirm my subscription",
    "confirm_ignore": "You did not ask for anything? Close this page, and nothing will happen.",
    "confirmed_title": "Subscription confirmed",
    "confirmed": "Thank you for subscribing to the newsletter of {site}.",
    "form_title": "Nothing to see here",
    "link_title": "Link not valid",
    "expired_title": "This link has expired",
    "expired_lead": "A confirmation link is valid for 48 hours. Ask for a new one:",
    "expired_button": "Send me a new link",
    "again_title": "Look at your email",
    "again": (
        "If your request was still known, a new link is on its way to you. "
        "Nothing there in a few minutes? Sign up again on the site."
    ),
    "unsubscribe_title": "Unsubscribe",
    "unsubscribe_lead": "You will no longer receive the newsletter of {site}.",
    "unsubscribe_button": "Unsubscribe me",
    "unsubscribe_whose": "Address: {address}",
    "unsubscribed_title": "You are unsubscribed",
    "unsubscribed": "Done: you will no longer receive the newsletter of {site}.",
    "undo_lead": "A mistake? For a few minutes you can go back.",
    "undo_button": "Stay subscribed",
    "undone_title": "You are still subscribed",
    "undone": "Done: you keep receiving the newsletter of {site}.",
    "refuse_title": "This was not me",
    "refuse_lead": (
        "Did somebody type your address on the site {site}? If you press the button, it will send you no automatic "
        "email any more, and nobody can sign your address up again. If you are subscribed to the newsletter, "
        "your subscription ends."
    ),
    "refuse_button": "Never write to me again",
    "refuse_kept": "For that, only a fingerprint of your address is kept, by which it is recognised.",
    "refused_title": "We will not write to you again",
    "refused": (
        "Done: {site} will send no automatic email to your address any more. If you change your mind, "
        "write to the owner of the site."
    ),
    "owner_spam_title": "File as spam",
    "owner_spam_lead": "This message goes to the spam folder, where it is erased after 30 days.",
    "owner_spam_button": "This is spam",
    "owner_filed_title": "Filed as spam",
    "owner_filed": "Done: this message is in the spam folder.",
    "owner_erase_title": "Erase this person",
    "owner_erase_lead": (
        "All that {site} holds of this address will be erased: messages, sign-ups, subscription. "
        "Nothing of it can be restored."
    ),
    "owner_erase_subscribed": "This address is subscribed to the newsletter: its subscription will end.",
    "owner_erase_not_subscribed": "This address is not subscribed to the newsletter.",
    "owner_erase_unwanted": (
        "Is this message unwanted? Do not erase anything: anybody can write the address of somebody else into a "
        'form, and it is them whom you would erase. Use the link "This is spam" of the same email.'
    ),
    "owner_erase_button": "Erase everything",
    "owner_erased_title": "Erased",
    "owner_erased": (
        "Done: {site} holds nothing more of this person, but for backups until they expire and, if they were "
        "subscribed, a fingerprint of the address, so that no import subscribes them again. "
        "Think of the emails that you received."
    ),
    "owner_erasing_title": "Erasing goes on",
    "owner_erasing": (
        "There is a lot to read. {site} goes on erasing without you, and sends you an email when it is done. "
        "You can close this page."
    ),
    "owner_link": "The link above works until {until}.",
    "owner_links": "The links above work until {until}.",
    "owner_gone_title": "Nothing left by this link",
    "owner_gone": (
        "By this link {site} no longer finds an address: what it is for is erased, or the link has expired. If "
        "anything else of this person may be left, use the link in another email about them, or the command "
        "`guichet forget`."
    ),
    "owner_unfinished_title": "Not finished",
    "owner_unfinished_lead": (
        "{site} still holds something of this person: the table did not answer. Try again; failing that, the command "
        "`guichet forget` erases the rest."
    ),
    "owner_unfinished_button": "Try again",
    "hello": "Hello,",
    "label": "{name}:",
    "quoted": '"{text}"',
    "name": "Name",
    "email": "Email",
    "subject": "Subject",
    "message": "Message",
    "page": "Page",
    "reference": "Reference",
    "marked": "Everything marked on the left was written by the visitor.",
    "erase_person": "Erase this person",
    "acknowledgement_subject": "Your message to {site}",
    "acknowledgement_title": "Your message",
    "acknowledgement_heading": "Your message has arrived",
    "acknowledgement_lead": "your message through the form of {site} has arrived.\nWe will answer you by email.",
    "refuse_link": "This was not me, do not write to me again",
    "acknowledgement_ignore": (
        "You did not send anything?\nSomebody gave your address by mistake: please ignore this email."
    ),
    "confirmation_request_subject": "Confirm your subscription to the newsletter of {site}",
    "confirmation_request_heading": "Confirm your subscription",
    "confirmation_request_lead": (
        "you asked for the newsletter of {site}.\nTo confirm, open this page and press the button:"
    ),
    "confirmation_request_button": "Confirm my subscription",
    "confirmation_request_copy": "The same page, as an address to copy:",
    "confirmation_request_until": "The link is valid until {until}.",
    "confirmation_request_ignore": (
        "You did not ask for anything?\nDo nothing: unless you confirm, you will receive nothing."
    ),
    "welcome_subject": "Welcome to the newsletter of {site}",
    "welcome_heading": "Welcome",
    "welcome_lead": "your subscription to the newsletter of {site} is confirmed.\nThank you!",
    "welcome_leave": "You can leave at any time: {unsubscribe}",
    "welcome_unsubscribe": "unsubscribe",
    # Below the owner's own words
    "confirmation_request_why": "You get this email because the newsletter of {site} was requested for your address.",
    "welcome_why": "You get this email because you confirmed your subscription to the newsletter of {site}.",
    "acknowledgement_why": "You get this email because a message to {site} was sent with your address.",
    "contact_notification_from": "Message from {name}",
    "contact_notification_about": "{subject} – {name}",
    "contact_notification_heading": "New message",
    "contact_notification_lead": "A new message came through the contact form of {site}.",
    "contact_notification_extra": "Further fields of the form",
    "contact_notification_reply": "To answer the visitor, reply to this email: your reply goes to {email}.",
    "contact_notification_received": "Received on {at}",
    "contact_notification_spam": "This is spam",
    "new_subscriber_subject": "New newsletter subscriber: {email}",
    "new_subscriber_heading": "New subscriber",
    "new_subscriber_lead": "{email} confirmed their subscription to the newsletter of {site}.",
    "new_subscriber_confirmed_on": "Confirmed on",
    "new_subscriber_page": "Signed up from",
    "erasure_done_subject": "The erasure requested on {at} is complete",
    "erasure_done_heading": "The erasure is complete",
    "erasure_done_lead": (
        "The erasure that you requested on {at} is complete: {site} no longer stores anything about this person."
    ),
    "erasure_done_remains": (
        "All that remains are backups, until they expire, and, for a former subscriber, a hash of the address, so that "
        "no import subscribes it again. Remember the emails that you received."
    ),
    "rejected_notice_subject": "An email could not reach you ({reference})",
    "rejected_notice_heading": "An email could not reach you",
    "rejected_notice_message": (
        "A message from the contact form of {site} cannot be emailed to you: Amazon SES, which sends your emails, "
        "rejected it. The message itself is stored."
    ),
    "rejected_notice_other": (
        "An email of {site} cannot be sent to you: Amazon SES, which sends your emails, rejected it. "
        "What it was about is stored."
    ),
    "rejected_notice_why": (
        "Usually this is because of its content, which Amazon SES takes for a virus. So beware of what is in it."
    ),
    "rejected_notice_command": "To see more, type the command {command}.",
    "digest_subject": "The week from {since}",
    "digest_heading": "Your week",
    "digest_lead": "From {since} to {until} (UTC), {site} received:",
    "digest_messages": "Messages",
    "digest_confirmed": "New subscribers",
    "digest_spam": "Caught as spam",
    "digest_waiting": (
        "Emails still waiting: {count}, the oldest since {since}.\n"
        "They go out by themselves. Where they do not, the command {command} tells why."
    ),
    "digest_spam_named": "What Guichet catches as spam is reported to you the next day, in another email.",
    "digest_none_waiting": "No email is waiting.",
    "spam_note_subject": "Caught as spam on {day}: {count}",
    "spam_note_heading": "Caught as spam",
    "spam_note_day": "Forms that {site} caught as spam on {day} (UTC): {count}.",
    "spam_note_days": "Forms that {site} caught as spam from {since} to {until} (UTC): {count}.",
    "spam_note_kept": "They stay in the spam folder for {days} days, and are then erased.",
    "spam_note_sign_up": "A sign-up for the newsletter",
    "spam_note_reference": "REFERENCE",
    "spam_note_release": (
        "Not spam? The command {command} releases it:\na message is mailed to you, a sign-up gets its link."
    ),
    "spam_note_others": "There are more: {count}. The command {command} shows them all.",
    "cap_reached_subject": "Daily limit of emails reached ({day})",
    "cap_reached_heading": "Daily limit of emails reached",
    "cap_reached_all": (
        "On {day} (UTC), {site} sent {per_day} emails of one kind to addresses that are not confirmed: "
        "the limit of a day."
    ),
    "cap_reached_network": (
        "On {day} (UTC), the visitors of one network asked {site} for more emails to addresses that are not confirmed "
        "than one network gets of the {per_day} a day. Visitors from elsewhere still get theirs."
    ),
    "cap_reached_links": "They are the links with which people confirm their subscription to the newsletter.",
    "cap_reached_acknowledgements": (
        "They acknowledge messages, within two days or not at all. The messages themselves reached you."
    ),
    "cap_reached_wait": "Nothing is lost: the emails above the limit wait, and go out from tomorrow on by themselves.",
    "cap_reached_list": "The command {command} lists them.",
    "cap_reached_more": "Are these people interested in your site? Deploy with a higher {parameter}.",
    "cap_reached_abuse": "Is somebody typing in made-up addresses? Deploy with {parameter}.",
}


def day(at: datetime) -> str:
    """Return a day, such as `Sunday 1 November 2026`."""
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def when(at: datetime) -> str:
    """Return a time in its own zone, such as `Sunday 1 November 2026 at 08:05 (Europe/London)`."""
    return f"{day(at)} at {at:%H:%M} ({at.tzinfo})"
