"""English: every sentence, and how it writes days and times."""

from datetime import datetime

# Names of languages, as written within a sentence.
NAMES = {"fr": "French", "en": "English"}
# The separator that Excel expects in a CSV file.
SEPARATOR = ","
# 05/06/2024 is a day in June in Britain, and one in May in America.
DAY_FIRST = False
# Written out, as in the other languages: Lambda has no locale but C.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# As words to split: as a tuple, each month would take a line.
MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905

# Error codes are upper case, as in the responses; all other keys are lower case.
SENTENCES = {
    # What went wrong, at a field or as a whole
    "REQUIRED_FIELD_MISSING": "The field “{field}” is required and was not sent.",
    "REQUIRED_FIELD_EMPTY": "The field “{field}” is required.",
    "TYPE_EMAIL": "The field “{field}” must be an email address, such as name@example.com.",
    "TYPE_TEXT": "The field “{field}” must be plain text.",
    "TOO_LONG": "The field “{field}” is too long: {limit} characters at most.",
    "TYPE_DATE": "The field “{field}” must be a date, such as 2026-12-31 or 31 December 2026.",
    "TYPE_NUMERIC": "The field “{field}” must be a number, such as 1,234.50.",
    "TYPE_PHONE": "The field “{field}” must be a phone number, such as +44 20 7946 0000.",
    "TYPE_URL": "The field “{field}” must be a web address, such as https://example.com.",
    "NOT_A_CHOICE": "The field “{field}” has an answer that is not offered: choose from the list.",
    "TOO_SHORT": "The field “{field}” is too short: {limit} characters at least.",
    "NUMBER_TOO_SMALL": "The field “{field}” must be {limit} or more.",
    "NUMBER_TOO_LARGE": "The field “{field}” must be {limit} or less.",
    "DATE_TOO_EARLY": "The field “{field}” must be {limit} or later.",
    "DATE_TOO_LATE": "The field “{field}” must be {limit} or earlier.",
    "TOO_FEW_CHOICES": "The field “{field}” needs at least {limit} choices.",
    "TOO_MANY_CHOICES": "The field “{field}” takes at most {limit} choices.",
    "UNKNOWN_FIELD": "This form has no field “{field}”.",
    "NAME_TOO_LONG": "The name of a field is too long: {limit} characters at most.",
    "TOO_MANY_FIELDS": "The form has too many fields: {limit} at most, besides the usual ones.",
    "EMPTY": "The form is empty.",
    "BAD_REQUEST": "The request could not be read: it is incomplete or malformed.",
    "BAD_JSON": "The body of the request is not a valid JSON object.",
    "BAD_ENCODING": "The request could not be read: its text must be UTF-8.",
    "ORIGIN_NOT_ALLOWED": (
        "This site is not allowed to send this form. "
        "Is it yours? Add its origin to the parameter AllowedOrigins, and deploy."
    ),
    "FORM_NOT_FOUND": "There is no such form.",
    "METHOD_NOT_ALLOWED": "This address only receives the site’s forms.",
    "TOO_LARGE": "The submission is too large: {limit} KiB at most.",
    "UNSUPPORTED_MEDIA_TYPE": (
        "This type of submission is not supported. Supported types: application/json, "
        "application/x-www-form-urlencoded and multipart/form-data, in UTF-8."
    ),
    "NO_FILE_UPLOADS": "This form does not accept files.",
    "BLOCKED": "Your submission could not be verified. Reload the page of the form and try again.",
    "TOO_MANY_REQUESTS": "Too many submissions in a short time. Try again in {minutes} min.",
    "UNAVAILABLE": (
        "Your submission may not have been saved. "
        "Try again within ten minutes: even if it arrives twice, it will count only once."
    ),
    "TYPE_PAGE": "The field “{field}” must be the path of a page of this site, such as /articles/hello/.",
    "TYPE_COMMENT": "The field “{field}” names no comment. Reload the page and try again.",
    "LINK_INVALID": "This link is incomplete or incorrect. Open it straight from the email.",
    "LINK_ENDED": "This link no longer works: it has expired, or what it led to has been erased.",
    "LINK_EXPIRED": "This link no longer works. Sign up again to get a new one.",
    # Pages and success
    "contact_accepted": "Your message has arrived. You will get a reply by email.",
    "newsletter_accepted": (
        "All that is left is to confirm your subscription: open the email on its way to you and follow its link. "
        "It may take a little while; look in your spam folder too."
    ),
    "comments_accepted": "Your comment has arrived. It will appear once it is approved.",
    "comments_mine_accepted": (
        "If anybody commented with this address, a link to the comments is on its way to it. "
        "It may take a little while; look in your spam folder too."
    ),
    "contact_accepted_for": "Your message has arrived. You will get a reply at {email}.",
    "newsletter_accepted_for": (
        "All that is left is to confirm your subscription: open the email on its way to {email} and follow its link. "
        "It may take a little while; look in your spam folder too. Is the address wrong? Sign up again."
    ),
    "comments_accepted_for": "Your comment has arrived. It will appear once it is approved.",
    "comments_mine_accepted_for": (
        "If anybody commented as {email}, a link to the comments is on its way to that address. "
        "It may take a little while; look in your spam folder too."
    ),
    "used_title": "You are already subscribed",
    "used": (
        "This link has already been used: your subscription to the {site} newsletter is confirmed. "
        "There is nothing left to do."
    ),
    "subscribed_title": "You are already subscribed",
    "subscribed": "You already receive the {site} newsletter. There is nothing left to do.",
    "form_accepted": "We have received what you sent: {title}.",
    "form_accepted_for": "We have received what you sent: {title}. The address that you gave is {email}.",
    "thanks_title": "Thank you!",
    "error_title": "Your submission did not go through",
    "error_kept": "Go back in your browser: what you wrote is still there.",
    "error_again": "You can also reload this page to send the form again.",
    "back": "Back to {site}",
    "privacy": "Privacy policy",
    "confirm_title": "Confirm your subscription",
    "confirm_lead": "You asked for the {site} newsletter. By confirming, you agree to the following:",
    "confirm_sent": "Received with the request",
    "confirm_sent_lead": (
        "This came with the request and was not checked: somebody else may have made it. "
        "If you confirm, it is stored as such."
    ),
    "confirm_page": "Page given",
    "confirm_claim": "Consent given",
    "confirm_name": "Your name (optional)",
    "confirm_name_sent": "Received with the request. You can correct or delete it: only what you leave here is stored.",
    "confirm_name_hint": "Only what you leave here is stored.",
    "confirm_button": "Confirm my subscription",
    "confirm_ignore": "You did not ask for anything? Close this page and nothing will happen.",
    "confirmed_title": "Subscription confirmed",
    "confirmed": "Thank you for subscribing! From now on you will receive the {site} newsletter.",
    "form_title": "Nothing to see here",
    "link_title": "This link does not work",
    "expired_title": "This link has expired",
    "expired_lead": "A confirmation link is valid for 48 hours. Ask for a new one:",
    "expired_button": "Send me a new link",
    "again_title": "Check your email",
    "again": (
        "If your request is still known, a new link is on its way to you. "
        "Nothing after a few minutes? Sign up again on the site."
    ),
    "unsubscribe_title": "Unsubscribe",
    "unsubscribe_lead": "Do you want to stop receiving the {site} newsletter? One click confirms it.",
    "unsubscribe_button": "Unsubscribe me",
    "unsubscribe_whose": "Address: {address}",
    "tested_title": "This link works",
    "tested": "It came with a test of an issue, so nobody was unsubscribed. In a reader’s email, it unsubscribes them.",
    "unsubscribed_title": "You are unsubscribed",
    "unsubscribed": "Done: you will no longer receive the {site} newsletter.",
    "undo_lead": "A mistake? You have a few minutes to change your mind.",
    "undo_button": "Keep my subscription",
    "undone_title": "You are still subscribed",
    "undone": "Done: you will keep receiving the {site} newsletter.",
    "renew_title": "Do you want to stay?",
    "renew_lead": "Should the {site} newsletter keep coming to you? One click is enough.",
    "renew_button": "Yes, keep writing to me",
    "renew_until": "Without an answer, your subscription ends after {day}.",
    "renew_leave": "Unsubscribe",
    "renewed_title": "You are staying",
    "renewed": "Your subscription to the {site} newsletter continues. There is nothing left to do.",
    "returned_title": "Welcome back",
    "returned": "Done: you are subscribed to the {site} newsletter again.",
    "lapsed_title": "Your subscription has ended",
    "lapsed_lead": (
        "An email asked whether you still wanted the {site} newsletter. There was no answer within 30 days, so you "
        "were unsubscribed."
    ),
    "lapsed_on": "That was on {day}. You have received nothing since.",
    "lapsed_button": "Subscribe me again",
    "lapsed_ignore": "You no longer want it? Close this page and nothing will happen.",
    "refuse_title": "Was this not you?",
    "refuse_lead": (
        "Did somebody type your address on the {site} site? If you press the button, the site will send you no more "
        "automatic email, and nobody will be able to sign your address up again. If you were receiving the newsletter, "
        "your subscription will end."
    ),
    "refuse_button": "Never write to me again",
    "refuse_kept": "Only a fingerprint of your address will be kept, to recognise it by.",
    "refused_title": "No more email",
    "refused": (
        "Done: {site} will send no more automatic email to your address. If you change your mind, "
        "write to the owner of the site."
    ),
    # Pages for commenters
    "mine_title": "Your comments on {site}",
    "mine_ask": (
        "Type the address that you commented with. If there are comments, you will get an email with a link to a page "
        "that shows them and lets you delete any of them. It works for 48 hours."
    ),
    "mine_expired": "This link has expired. Type your address to get a new one.",
    "mine_address": "Your email address",
    "mine_address_hint": "It is used to send you the link, and for nothing else.",
    "mine_trap": "Leave this empty",
    "mine_send": "Send me the link",
    "mine_lead": "These are the comments that were written with your address. Is one not yours? You can delete it.",
    "mine_none": "There are no more comments with your address.",
    "mine_shown": "Everybody sees it.",
    "mine_hidden": "Nobody sees it: the owner of the site has not approved it.",
    "mine_delete": "Delete this comment…",
    "mine_delete_all": "Delete all of them…",
    "mine_older": "Older comments",
    "mine_back": "Back to your comments",
    "mine_one_title": "Delete this comment?",
    "mine_one_lead": "It cannot be restored. If others have replied, an empty place is left, without your name.",
    "mine_one_button": "Delete it for good",
    "mine_all_title": "Delete all your comments?",
    "mine_all_lead": (
        "All comments that were written with your address will be deleted, and cannot be restored. If others have "
        "replied, an empty place is left, without your name."
    ),
    "mine_all_button": "Delete all of them for good",
    "mine_gone_title": "The comment is deleted",
    "mine_gone": (
        "It is no longer stored on {site}. If a page of the site has a copy of it, that disappears the next time the "
        "site is published; a browser may show it for another minute."
    ),
    "mine_all_gone_title": "All your comments are deleted",
    "mine_all_gone": (
        "They are no longer stored on {site}. If a page of the site has a copy, it disappears the next time the site "
        "is published; a browser may show it for another minute."
    ),
    "mine_left_title": "Some comments are left",
    "mine_left": "There are too many to delete them all at once. Press the button again to delete the rest.",
    # Emails: words that several of them share
    "hello": "Hello,",
    "label": "{name}:",
    "quoted": "“{text}”",
    "name": "Name",
    "email": "Email",
    "subject": "Subject",
    "field_phone": "Phone",
    "message": "Message",
    "comment": "Comment",
    "page": "Page",
    "reference": "Reference",
    "marked": "Everything marked in the left margin was written by the visitor.",
    "desk_message": "This message on your Guichet desk",
    "desk_subscriber": "This subscriber on your Guichet desk",
    "desk_open": "On your Guichet desk",
    # What the desk calls each email
    "acknowledgement_called": "Acknowledgement of a message",
    "cap_reached_called": "Notice that a daily limit is reached",
    "comment_notification_called": "Notification of a comment",
    "comments_link_called": "Link to their own comments",
    "confirmation_request_called": "Request to confirm a subscription",
    "contact_notification_called": "Notification of a message",
    "desk_sign_in_called": "Link and code to sign in at the desk",
    "digest_called": "Digest of the week",
    "erasure_done_called": "Notice that an erasure is done",
    "form_notification_called": "Notification of a form submission",
    "issue_paused_called": "Notice that an issue is paused",
    "issue_sent_called": "Notice that an issue is sent",
    "issue_test_called": "Test of an issue",
    "new_subscriber_called": "Notice of a new subscriber",
    "rejected_notice_called": "Notice instead of an email that was rejected",
    "renewal_called": "Question whether a subscriber wants to stay",
    "spam_note_called": "Note about what was filed as spam",
    "welcome_called": "Welcome to a new subscriber",
    # Emails to visitors. Line breaks are those of the plain text.
    "acknowledgement_subject": "Your message to {site}",
    "acknowledgement_title": "Your message",
    "acknowledgement_heading": "Your message has arrived",
    "acknowledgement_lead": (
        "Thank you for the message you sent through the {site} site.\nYou will get a reply by email."
    ),
    "acknowledgement_ignore": (
        "You did not send anything?\nSomebody probably typed your address by mistake: please ignore this email."
    ),
    "refuse_link": "This was not me, do not write to me again",
    "confirmation_request_subject": "Confirm your subscription to the {site} newsletter",
    "confirmation_request_heading": "Confirm your subscription",
    "confirmation_request_lead": (
        "You asked for the {site} newsletter.\nTo confirm, open this page and press the button:"
    ),
    "confirmation_request_button": "Confirm my subscription",
    "confirmation_request_copy": "Button not working? Copy this address into your browser:",
    "confirmation_request_until": "The link is valid until {until}.",
    "confirmation_request_ignore": (
        "You did not ask for anything?\nDo nothing: unless you confirm, you will receive nothing."
    ),
    "comments_link_subject": "Your comments on {site}",
    "comments_link_heading": "Your comments",
    "comments_link_lead": (
        "Somebody asked to see the comments that were written with this address on {site}.\n"
        "This page shows them, and lets you delete any of them:"
    ),
    "comments_link_button": "See my comments",
    "comments_link_ignore": "You did not ask for anything?\nDo nothing: the comments can only be seen with this link.",
    "welcome_subject": "Welcome to the {site} newsletter",
    "welcome_heading": "Welcome",
    "welcome_lead": "Your subscription to the {site} newsletter is confirmed.\nThank you for your interest!",
    "welcome_leave": "Changed your mind? You can {unsubscribe} at any time.",
    "welcome_unsubscribe": "unsubscribe",
    "renewal_subject": "Do you still want the {site} newsletter?",
    "renewal_heading": "Do you want to stay?",
    "renewal_lead": (
        "You subscribed to the {site} newsletter, and we have not heard from you since {since}.\n"
        "Do you still want it? Then open this page and press the button:"
    ),
    "renewal_button": "Yes, keep writing to me",
    "renewal_until": "Without an answer by {until}, your subscription ends, and you receive nothing more.",
    "renewal_leave": "You no longer want it? You can {unsubscribe} right away.",
    # Below the owner's own words
    "confirmation_request_why": "You get this email because the {site} newsletter was requested for your address.",
    "welcome_why": "You get this email because you confirmed your subscription to the {site} newsletter.",
    "renewal_why": "You get this email because your address is subscribed to the {site} newsletter.",
    "acknowledgement_why": "You get this email because a message was sent through the {site} site with your address.",
    # Emails to the owner
    "contact_notification_from": "Message from {name}",
    "contact_notification_about": "{subject} – {name}",
    "contact_notification_heading": "New message",
    "contact_notification_lead": "A message arrived through the {site} contact form.",
    "contact_notification_extra": "Other fields of the form",
    "contact_notification_reply": "To answer the visitor, reply to this email: your reply goes to {email}.",
    "contact_notification_received": "Received on {at}",
    "comment_notification_from": "Comment by {name}",
    "comment_notification_heading": "New comment",
    "comment_notification_lead": "Somebody commented on a page of {site}.",
    "comment_notification_next": "Nobody else sees it until you approve it, on your Guichet desk:",
    "comment_notification_button": "Read it and decide",
    "comment_notification_reply": (
        "To write to its author, reply to this email: your reply goes to {email}, and to nobody else."
    ),
    "agreed": "Agreed to",
    "form_notification_lead": "Somebody filled in this form of {site}: {title}.",
    "new_subscriber_subject": "New newsletter subscriber: {email}",
    "new_subscriber_heading": "New subscriber",
    "new_subscriber_lead": "{email} confirmed their subscription to the {site} newsletter.",
    "new_subscriber_confirmed_on": "Confirmed on",
    "new_subscriber_page": "Signed up from",
    "erasure_done_subject": "The erasure requested on {at} is complete",
    "erasure_done_heading": "The erasure is complete",
    "erasure_done_lead": (
        "The erasure that you requested on {at} is complete: {site} no longer stores anything about this person."
    ),
    "erasure_done_message": (
        "The erasure that you requested on {at} is complete: {site} no longer stores this message."
    ),
    "erasure_done_message_remains": (
        "All that remains are backups, until they expire. Remember the email that you received, too."
    ),
    "erasure_done_remains": (
        "All that remains are backups, until they expire, and, for a former subscriber, a fingerprint of the address, "
        "so that no import subscribes it again. Remember the emails that you received, too."
    ),
    "desk_sign_in_subject": "Sign in to your desk",
    "desk_sign_in_lead": "On {at}, somebody typed this address to sign in at the desk of {site}.",
    "desk_sign_in_browser": "With",
    "desk_sign_in_code": "Your code",
    "desk_sign_in_type": (
        "Type it in the browser where it was asked for. It works once, within {minutes} minutes of this email."
    ),
    "desk_sign_in_button": "Sign in",
    "desk_sign_in_or_link": "Or open this link in that same browser, and press the button. It works nowhere else:",
    "desk_sign_in_not_you": (
        "Not you? Then do nothing: nobody gets in without this email. Do not forward it, and tell nobody the code."
    ),
    "desk_code_subject": "Your code for the desk",
    "desk_code_lead": "On {at}, a download was asked for at the desk of {site}, where you are signed in.",
    "desk_code_not_you": (
        "Not you? Then somebody is using a browser that you are signed in with: open “Sessions” on the desk, and end "
        "all others. Tell nobody the code."
    ),
    "rejected_notice_subject": "An email could not reach you ({reference})",
    "rejected_notice_heading": "An email could not reach you",
    "rejected_notice_message": (
        "A message from the {site} contact form cannot be emailed to you: Amazon SES, which sends your emails, "
        "rejected it. The message itself is stored."
    ),
    "rejected_notice_comment": (
        "A comment on {site} cannot be emailed to you: Amazon SES, which sends your emails, rejected it. "
        "The comment itself is stored, and waits at the desk."
    ),
    "rejected_notice_other": (
        "An email from {site} cannot be sent to you: Amazon SES, which sends your emails, rejected it. "
        "What it was about is stored."
    ),
    "rejected_notice_why": "Usually Amazon SES took its content for a virus, so be careful when you open it.",
    "rejected_notice_desk": "Your Guichet desk says more: {link}",
    "digest_subject": "The week from {since}",
    "digest_heading": "Your week",
    "digest_lead": "From {since} to {until} (UTC), {site} received:",
    "digest_messages": "Messages",
    "digest_confirmed": "New subscribers",
    "digest_spam": "Caught as spam",
    "digest_asked": "Subscribers asked to renew",
    "digest_ended": "Unsubscribed without an answer",
    "digest_waiting": (
        "Emails waiting to be sent: {count}, the oldest since {since}.\n"
        "They will go out by themselves. If they do not, your Guichet desk says why: {link}"
    ),
    "digest_comments": "Comments waiting for your approval: {count}. You can read them on your Guichet desk: {link}",
    "digest_spam_named": "Details of what was caught as spam reach you the next day, in another email.",
    "digest_none_waiting": "No email is waiting.",
    "spam_note_subject": "Caught as spam on {day}: {count}",
    "spam_note_heading": "Caught as spam",
    "spam_note_day": "Submissions that {site} caught as spam on {day} (UTC): {count}.",
    "spam_note_days": "Submissions that {site} caught as spam from {since} to {until} (UTC): {count}.",
    "spam_note_kept": "They stay in the spam folder for {days} days and are then erased.",
    "spam_note_sign_up": "Newsletter sign-up",
    "spam_note_release": (
        "Not spam? Open it on your Guichet desk and press “Not spam”:\n"
        "a message is then emailed to you, a sign-up gets its link, a comment waits for your approval."
    ),
    "spam_note_others": "There are more: {count}. The spam folder has them all.",
    "spam_note_folder": "The spam folder on your Guichet desk",
    "cap_reached_subject": "Daily email limit reached ({day})",
    "cap_reached_heading": "Daily email limit reached",
    "cap_reached_all": (
        "On {day} (UTC), {site} sent {per_day} emails of one kind to unconfirmed addresses: that is the daily limit."
    ),
    "cap_reached_network": (
        "On {day} (UTC), visitors from one network asked {site} for more emails to unconfirmed addresses than one "
        "network gets of the {per_day} a day. Other visitors still get theirs."
    ),
    "cap_reached_links": (
        "They are the links that confirm a subscription to the newsletter, or that show somebody their comments."
    ),
    "cap_reached_acknowledgements": (
        "They acknowledge messages, and go out within two days or not at all. The messages themselves reached you."
    ),
    "cap_reached_wait": "Nothing is lost: the emails above the limit wait, and go out by themselves from tomorrow.",
    "cap_reached_list": "Your Guichet desk lists them: {link}",
    "cap_reached_more": "Are these people interested in your site? Raise {parameter} and deploy again.",
    "cap_reached_abuse": "Is somebody typing made-up addresses? Deploy with {parameter}.",
    "issue_read": "Read on the site",
    "issue_why": "You get this email because your address is subscribed to the {site} newsletter.",
    "issue_leave": "You can {unsubscribe} at any time.",
    "issue_test_subject": "[Test] {subject}",
    "issue_audience": "Readers",
    "issue_sent": "Sent",
    "issue_refused": "Refused by Amazon SES",
    "issue_left": "Unsubscribed meanwhile",
    "issue_unknown": "Unknown",
    "issue_withheld": "Not sent",
    "issue_waiting": "Waiting",
    "issue_bounced": "Bounced",
    "issue_complained": "Reported as spam",
    "issue_started": "Started",
    "issue_ended": "Ended",
    "issue_sent_subject": "Newsletter sent: {id}",
    "issue_sent_heading": "Your newsletter is out",
    "issue_sent_lead": "Issue {id} of the {site} newsletter has been sent.",
    "issue_cancelled_subject": "Newsletter cancelled: {id}",
    "issue_cancelled_heading": "The issue is cancelled",
    "issue_cancelled_lead": (
        "Issue {id} of the {site} newsletter was cancelled. Emails that had already left cannot be called back."
    ),
    "issue_sent_of_them": (
        "Emails that bounced or were reported as spam count among those sent. More may still come in."
    ),
    "issue_unknown_why": "Unknown: Amazon SES never answered. These emails may or may not have arrived.",
    "issue_who": "Your Guichet desk shows what happened to each reader’s copy: {link}",
    "issue_paused_subject": "Newsletter paused: {id}",
    "issue_paused_heading": "The issue is paused",
    "issue_paused_lead": "Issue {id} of the {site} newsletter is paused.",
    "issue_paused_bounces": (
        "Too many emails bounced: {bounced} of {sent}. Amazon SES blocks accounts to which this happens too often."
    ),
    "issue_paused_bounces_do": (
        "Check where the addresses on your list come from. Those that do not exist will get no more mail."
    ),
    "issue_paused_complaints": (
        "Too many readers reported it as spam: {complained} of {sent}. Amazon SES blocks accounts to which "
        "this happens too often."
    ),
    "issue_paused_complaints_do": (
        "Check that your subscribers asked for the newsletter. Those who reported it will get no more."
    ),
    "issue_paused_late": (
        "It was due more than an hour ago and could not be sent: it will not go out without your consent."
    ),
    "issue_paused_late_do": "Is it still the right moment?",
    "issue_paused_sandbox": "Your Amazon SES account is still in the sandbox: it can only write to verified addresses.",
    "issue_paused_sandbox_do": "Request production access in the Amazon SES console.",
    "issue_paused_changed": "The stored text is no longer the one that you asked to send.",
    "issue_paused_changed_do": "It will not be sent. Create a new issue with the right text.",
    "issue_paused_refused": "Amazon SES refused one copy after another, and would refuse the rest.",
    "issue_paused_refused_do": "Your Guichet desk says why, reader by reader.",
    "issue_resume": "Resume it or drop it on your Guichet desk: {link}",
    "issue_cancel": "Drop it on your Guichet desk: {link}",
}


def day(at: datetime) -> str:
    """Return a day, such as `Sunday 1 November 2026`."""
    return f"{WEEKDAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year}"


def when(at: datetime) -> str:
    """Return a time in its own zone, such as `Sunday 1 November 2026 at 08:05 (Europe/London)`."""
    return f"{day(at)} at {at:%H:%M} ({at.tzinfo})"


def number(plain: str) -> str:
    """Return a number, such as `1234.5`, as it is written: `1,234.5`."""
    sign, digits = plain[: plain.startswith("-")], plain.removeprefix("-")
    whole, point, decimals = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{decimals}" if whole.isdigit() else plain
