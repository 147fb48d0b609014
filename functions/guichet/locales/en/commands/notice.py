"""English."""

SENTENCES = {
    # Next to a form
    "required": "Fields marked with an asterisk (*) are required: without them, your submission cannot be dealt with.",
    "optional": "No field is required.",
    "contact_required": (
        "The email address and the message are required: without them, your message cannot be dealt with."
    ),
    "newsletter_required": "Only the email address is required: without it, nothing can be sent to you.",
    "who": (
        "Data controller: {controller}. Your data is used only to deal with your submission (“{title}”) and to reply "
        "to you."
    ),
    "who_unanswered": (
        "Data controller: {controller}. Your data is used only to deal with your submission (“{title}”)."
    ),
    "contact_who": (
        "Data controller: {controller}. Your data is used only to deal with your message and to reply to you."
    ),
    "newsletter_who": "Data controller: {controller}. Your address is used only to send you the newsletter “{site}”.",
    "basis": "Legal basis: the legitimate interest in dealing with what people send through this form.",
    "basis_consent": (
        "Legal basis: the legitimate interest in dealing with what people send through this form and, for what you "
        "agree to by ticking a box, your consent."
    ),
    "newsletter_basis": (
        "Legal basis: your consent, which you confirm with the link sent to this address; until you do, you are not "
        "subscribed."
    ),
    "recipients": (
        "Recipients: the people who deal with these submissions, and the provider that hosts and delivers them (Amazon "
        "Web Services)."
    ),
    "newsletter_recipients": (
        "Recipients: the people who manage the list, and the provider that hosts it and delivers the emails (Amazon "
        "Web Services)."
    ),
    "kept": "Your data is kept for {duration}, then deleted.",
    "newsletter_kept": (
        "Your data is kept until you unsubscribe, then for {duration} as proof that you had agreed and that you left."
    ),
    "newsletter_leave": "You can unsubscribe at any time, with the link in every issue. No email has a tracking pixel.",
    "rights": (
        "You may ask to see your data, to have it corrected or deleted, or to restrict its use, and you may object to "
        "it: {contact}. You may also complain to the CNIL (www.cnil.fr) or to the data protection authority of your "
        "country."
    ),
    "rights_consent": (
        "You may ask to see your data, to have it corrected or deleted, or to restrict its use, and you may object to "
        "it, or withdraw your consent at any time: {contact}. You may also complain to the CNIL (www.cnil.fr) or to "
        "the data protection authority of your country."
    ),
    "newsletter_rights": (
        "You may ask to see your data, to have it corrected or deleted, to restrict its use, or to take it with you: "
        "{contact}. You may also complain to the CNIL (www.cnil.fr) or to the data protection authority of your "
        "country."
    ),
    "comments_required": (
        "Name, email address and comment are required. Name and comment are published once they are approved; the "
        "address never is."
    ),
    "comments_who": (
        "Data controller: {controller}. Your data is used only to show your comment on the site “{site}” and to write "
        "to you about it."
    ),
    "comments_basis": "Legal basis: the legitimate interest in a conversation under the pages of the site.",
    "comments_recipients": (
        "Recipients: everybody, for what is published; for the rest, the people who moderate the comments, and the "
        "provider that hosts them (Amazon Web Services)."
    ),
    "comments_kept": (
        "Your comment is kept until it is deleted; one that is refused or taken for spam is deleted {refused} later."
    ),
    "comments_mine": "A link, sent to your address when you ask for it, shows you your comments and deletes them.",
    "more": "More about this: {privacy}.",
    # The page about personal data: whole
    "page": "Personal data: the forms of the site “{site}”",
    "controller": (
        "{controller} is the controller of the data that you enter into these forms. For any question about your data: "
        "{contact}."
    ),
    "dpo": "Data protection officer: {dpo}.",
    "contact_title": "Contact form",
    "comments_title": "Comments",
    "newsletter_title": "Newsletter",
    "own_title": "Form “{title}”",
    # A form
    "purpose_label": "Purpose",
    "basis_label": "Legal basis",
    "answers_label": "Data",
    "recipients_label": "Recipients",
    "kept_label": "How long it is kept",
    "purpose": "To deal with your submission and to reply to you.",
    "purpose_unanswered": "To deal with your submission.",
    "purpose_acknowledged": (
        "To deal with your submission and to reply to you. An automatic acknowledgement is sent to the address that "
        "you give; it repeats nothing that you wrote."
    ),
    "page_basis": (
        "The legitimate interest of the controller in dealing with what people send (GDPR, article 6(1)(f))."
    ),
    "page_basis_consent": (
        "For what you agree to by ticking a box ({fields}), your consent (GDPR, article 6(1)(a)); the wording you "
        "accepted is kept with your answer. You can withdraw your consent at any time."
    ),
    "answers_contact": (
        "The email address and the message are required: without them, your message cannot be dealt with. Any other "
        "answer is optional."
    ),
    "answers_required": (
        "Required answers: {fields}. Without them, your submission cannot be dealt with. Any other answer is optional."
    ),
    "answers_all_required": "All answers are required ({fields}): without them, your submission cannot be dealt with.",
    "answers_optional": "No answer is required.",
    "answers_besides": (
        "The date and the language of the submission are stored too, and the address of the page it came from, if "
        "your browser sends it."
    ),
    "recipients_one": "The person who handles this form, in their mailbox ({domains}).",
    "recipients_many": "The {count} people who handle this form, in their mailboxes ({domains}).",
    "recipients_owner": "The people who run the site can read it too.",
    "kept_page": "{duration} from the day it is received; then it is deleted automatically.",
    "kept_spam": "A submission filed as spam is deleted {duration} after that.",
    "kept_mailbox": (
        "The copy sent by email stays in the mailboxes of its recipients; you may ask to have it deleted there too."
    ),
    # Comments
    "comments_purpose": (
        "To show your comment under a page of the site “{site}” once it is approved, and to write to you about it."
    ),
    "comments_page_basis": (
        "The legitimate interest of the controller in a conversation under the pages of the site (GDPR, article "
        "6(1)(f))."
    ),
    "comments_answers": (
        "Name, email address and comment are required: without them, your comment cannot be dealt with. The date, the "
        "language, the page and the comment that you reply to are stored, too."
    ),
    "comments_public": (
        "Once it is approved, everybody can read your name, your comment and its date. Neither your address nor any "
        "fingerprint of it is ever published."
    ),
    "comments_owner_one": "The person who moderates the comments, in their mailbox ({domains}).",
    "comments_owner_many": "The {count} people who moderate the comments, in their mailboxes ({domains}).",
    "comments_shown": (
        "A comment that awaits approval or is published is kept until you or the people who run the site delete it. "
        "If others have replied, an empty place is left. So that a deleted or refused comment does not come back from "
        "a copy, a keyed fingerprint of it is kept indefinitely. It reveals neither its words nor who wrote it."
    ),
    "comments_refused": "A comment that is refused or taken for spam is deleted {refused} after that.",
    "comments_link": (
        "You can ask for a link to your comments, and delete them there: it is sent to your address and valid for "
        "{hours} hours. That request is deleted {request} after the email was sent."
    ),
    # The newsletter
    "newsletter_purpose": (
        "To send you the newsletter “{site}”. Your address is used for nothing else, and shared with nobody but the "
        "recipients below."
    ),
    "newsletter_page_basis": (
        "Your consent (GDPR, article 6(1)(a)) to this sentence (version {version}): “{wording}” You give it in two "
        "steps: after your request, an email takes you to a page with a button that subscribes you. Until you press "
        "it, you are not subscribed. You can withdraw your consent at any time, with the unsubscribe link in every "
        "issue, or in one click with your mail program’s own button."
    ),
    "newsletter_answers": (
        "Only the email address is required; the name is optional. As proof of your consent, these are kept: the "
        "sentence you accepted and its version, the dates of your request and your confirmation, and the address of "
        "the page the request came from, or what that page calls itself. The date when you last pressed a button on "
        "a page that one of our emails leads to is kept too."
    ),
    "newsletter_callers": "The IP addresses of your request and your confirmation are kept with the proof.",
    "newsletter_no_callers": "No IP address is kept with the proof.",
    "newsletter_owner_one": (
        "The person who manages the list, and who is notified of each new subscriber by email ({domains})."
    ),
    "newsletter_owner_many": (
        "The {count} people who manage the list, and who are notified of each new subscriber by email ({domains})."
    ),
    "newsletter_asked": (
        "A request is deleted {request} after the email with the link was sent (the link works for {hours} hours), "
        "or {failed} after that email could not be sent. A request filed as spam is deleted after {spam}."
    ),
    "newsletter_subscribed": "A subscription lasts until you unsubscribe.",
    "newsletter_renewal": (
        "If we hear nothing from you for {months} months, an email asks whether you want to stay; if you do not "
        "answer within {answer} days, you are unsubscribed."
    ),
    "newsletter_left": (
        "After that, your address and the proof of your consent are kept for {duration}, to be able to show that you "
        "had agreed and that you left (legitimate interest, GDPR, article 6(1)(f)), and then deleted."
    ),
    "newsletter_suppressed": (
        "If your address no longer exists, or if you report an email as spam, it is deleted; a keyed fingerprint of "
        "it and the proof of consent are kept indefinitely, so that nothing more is sent to you. If you ask for "
        "no more mail at all (“this was not me”), only the fingerprint is kept."
    ),
    "newsletter_erased": (
        "If you ask for erasure, all that remains of a subscription is this fingerprint, so that no import "
        "subscribes you again: for {duration} at most, unless mail to you is blocked for another reason."
    ),
    "newsletter_copies": (
        "What happened to each issue (sent, refused, returned) is recorded with a keyed fingerprint of your address, "
        "and deleted {copies} after sending began."
    ),
    # All forms
    "common_title": "For all these forms",
    "tracking_label": "No tracking pixel, no tracking link",
    "tracking": (
        "No email has a tracking pixel, and no link in it is rewritten to count clicks: nobody measures whether you "
        "open an email, or when. Personal links (to confirm, to unsubscribe, to get no more mail) do what they say "
        "and nothing else."
    ),
    "tracking_logo": (
        "Emails show the site’s logo, which is loaded from {host} at the same address for everybody; its server may "
        "record the time and your IP address, as for any web page."
    ),
    "tracking_images": (
        "An issue of the newsletter may show images, which are also loaded at the same address for everybody."
    ),
    "abuse_label": "Abuse",
    "abuse": (
        "To limit abuse (legitimate interest), keyed fingerprints of the IP address, of its network and of the email "
        "address are counted, and deleted within {slot}, or as soon as the waiting email is sent. A filter may file "
        "a submission as spam; the controller is told and can check it. No automated decision has a legal effect on "
        "you."
    ),
    "logs_label": "Technical traces",
    "logs": (
        "Technical logs, which contain no address and no message, are kept for {logs}; the record of each email sent "
        "(date, result, keyed fingerprint of the address), for {rows}. Automatic deletion may take a few days. "
        "Backups of the database keep deleted data for {backups} more."
    ),
    "hosting_label": "Processor and place",
    "hosting": (
        "Amazon Web Services hosts this data and delivers the emails, as a processor (GDPR, article 28), in its region "
        "{region} ({place})."
    ),
    "hosting_unknown": (
        "Amazon Web Services hosts this data and delivers the emails, as a processor (GDPR, article 28), in its region "
        "{region}."
    ),
    "within": "This region is in the European Union: hosting transfers no data out of it.",
    "adequate": (
        "It is outside the European Union, in a country whose protection the European Commission has found adequate "
        "(GDPR, article 45)."
    ),
    "outside": (
        "It is outside the European Union: your data is transferred there. The transfer is governed by the European "
        "Commission’s standard contractual clauses, which are part of the contract with Amazon Web Services (GDPR, "
        "article 46); you may ask for a copy."
    ),
    "unknown": (
        "If it is outside the European Union, the transfer is governed by the European Commission’s standard "
        "contractual clauses, which are part of the contract with Amazon Web Services (GDPR, article 46); you may ask "
        "for a copy."
    ),
    "rights_label": "Your rights",
    "page_rights": (
        "You may see your data, have it corrected or deleted, restrict its use, and object to it; withdraw a consent "
        "at any time, which does not affect what was done before; and receive, in a machine-readable format, the data "
        "that you gave on the basis of a consent. To exercise these rights: {contact}."
    ),
    "complaint": (
        "If you think, after contacting us, that your rights are not respected, you may complain to the CNIL, {cnil} "
        "(3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07), or to the data protection authority of your country."
    ),
    # Durations
    "day": "{count} day",
    "days": "{count} days",
    "year": "{count} year",
    "years": "{count} years",
}
# Where the regions of AWS are.
PLACES = {
    "af-south-1": "Cape Town, South Africa",
    "ap-east-1": "Hong Kong",
    "ap-east-2": "Taiwan",
    "ap-northeast-1": "Tokyo, Japan",
    "ap-northeast-2": "Seoul, South Korea",
    "ap-northeast-3": "Osaka, Japan",
    "ap-south-1": "Mumbai, India",
    "ap-south-2": "Hyderabad, India",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Sydney, Australia",
    "ap-southeast-3": "Jakarta, Indonesia",
    "ap-southeast-4": "Melbourne, Australia",
    "ap-southeast-5": "Malaysia",
    "ap-southeast-7": "Thailand",
    "ca-central-1": "Montreal, Canada",
    "ca-west-1": "Calgary, Canada",
    "eu-central-1": "Frankfurt, Germany",
    "eu-central-2": "Zurich, Switzerland",
    "eu-north-1": "Stockholm, Sweden",
    "eu-south-1": "Milan, Italy",
    "eu-south-2": "Spain",
    "eu-west-1": "Ireland",
    "eu-west-2": "London, United Kingdom",
    "eu-west-3": "Paris, France",
    "il-central-1": "Tel Aviv, Israel",
    "me-central-1": "United Arab Emirates",
    "me-south-1": "Bahrain",
    "mx-central-1": "Mexico",
    "sa-east-1": "São Paulo, Brazil",
    "us-east-1": "Virginia, United States",
    "us-east-2": "Ohio, United States",
    "us-west-1": "California, United States",
    "us-west-2": "Oregon, United States",
}
