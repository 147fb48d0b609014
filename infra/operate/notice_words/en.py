"""English."""

SENTENCES = {
    # Beside a form
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
    "contact_who": (
        "Data controller: {controller}. Your data is used only to deal with your message and to reply to you."
    ),
    "newsletter_who": "Data controller: {controller}. Your address is used only to send you the newsletter “{site}”.",
    "basis": "Legal basis: the legitimate interest in replying to people who write through this form.",
    "basis_consent": (
        "Legal basis: the legitimate interest in replying to people who write through this form and, for what you "
        "agree to by ticking a box, your consent."
    ),
    "newsletter_basis": (
        "Legal basis: your consent, which you confirm by the link that is sent to this address; without that, you are "
        "not subscribed."
    ),
    "recipients": (
        "Recipients: the people who deal with these submissions, and the provider that hosts and delivers them (Amazon "
        "Web Services)."
    ),
    "newsletter_recipients": (
        "Recipients: the people who keep the list, and the provider that hosts it and delivers what is sent (Amazon "
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
    "more": "More about this: {privacy}.",
    # The page about personal data: whole
    "page": "Personal data: the forms of the site “{site}”",
    "controller": (
        "{controller} is the controller of the data that you enter into these forms. For any question about your data: "
        "{contact}."
    ),
    "dpo": "Data protection officer: {dpo}.",
    "contact_title": "Contact form",
    "newsletter_title": "Newsletter",
    "own_title": "Form “{title}”",
    # A form
    "purpose_label": "Purpose",
    "basis_label": "Legal basis",
    "answers_label": "Data",
    "recipients_label": "Recipients",
    "kept_label": "How long it is kept",
    "purpose": "To deal with your submission and to reply to you.",
    "purpose_acknowledged": (
        "To deal with your submission and to reply to you. An automatic acknowledgement is sent to the address that "
        "you give; it repeats nothing of what you wrote."
    ),
    "page_basis": "The legitimate interest of the controller in replying to people who write (GDPR, article 6(1)(f)).",
    "page_basis_consent": (
        "For what you agree to by ticking a box ({fields}), your consent (GDPR, article 6(1)(a)); the wording that you "
        "accepted is kept with your answer. You can withdraw it at any time."
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
        "The date and the language of the submission are stored, too, and the address of the page that it came from, "
        "if your browser tells it."
    ),
    "recipients_one": "The person who deals with this form, by way of their mailbox ({domains}).",
    "recipients_many": "The {count} people who deal with this form, by way of their mailboxes ({domains}).",
    "recipients_owner": "The people who run the site have access to it, too.",
    "kept_page": "{duration} from the day it was received, then it is deleted automatically.",
    "kept_spam": "A submission that is filed as spam is deleted {duration} after that.",
    "kept_mailbox": (
        "The copy that is sent by email lies in the mailboxes of its recipients; you may ask to have it deleted there, "
        "too."
    ),
    # The newsletter
    "newsletter_purpose": (
        "To send you the newsletter “{site}”. Your address is used for nothing else, and given to nobody but the "
        "recipients below."
    ),
    "newsletter_page_basis": (
        "Your consent (GDPR, article 6(1)(a)) to this sentence (version {version}): “{wording}” You give it in two "
        "steps: after your request, an email leads you to a page, whose button subscribes you. Without that button, "
        "you are not subscribed. You can withdraw it at any time, with the link to unsubscribe in every issue, or with "
        "your mail program’s own button, in one click."
    ),
    "newsletter_answers": (
        "Only the email address is required; the name is optional. As proof of your consent, the sentence that you "
        "accepted and its version are kept, the dates of request and confirmation, and the address of the page that "
        "the request came from, or what it says of that."
    ),
    "newsletter_callers": "The IP addresses of request and confirmation are part of it.",
    "newsletter_no_callers": "No IP address is part of it.",
    "newsletter_owner_one": (
        "The person who keeps the list, who is told of each subscriber by way of their mailbox ({domains})."
    ),
    "newsletter_owner_many": (
        "The {count} people who keep the list, who are told of each subscriber by way of their mailboxes ({domains})."
    ),
    "newsletter_asked": (
        "A request is deleted {request} after the email with the link was sent, which is valid for {hours} hours, or "
        "{failed} after that could not be sent; one that is filed as spam, after {spam}."
    ),
    "newsletter_subscribed": "A subscription lasts until you unsubscribe.",
    "newsletter_renewal": (
        "If nothing is heard of you for {months} months, an email asks whether you want to stay; without an answer "
        "within {answer} days, you are unsubscribed."
    ),
    "newsletter_left": (
        "After that, your address and the proof of your consent are kept for {duration}, so that it can be shown that "
        "you had agreed and that you left (legitimate interest, GDPR, article 6(1)(f)), and then deleted."
    ),
    "newsletter_suppressed": (
        "If your address no longer exists, or if you report an email as spam, it is deleted; a keyed fingerprint of it "
        "and the proof of consent stay without a limit, so that nothing is sent to you any more. If you ask for no "
        "more mail at all (“this was not me”), the fingerprint alone stays."
    ),
    "newsletter_erased": (
        "If you ask for erasure, nothing stays of a subscription but this fingerprint, for {duration} at most unless "
        "something else keeps mail from you, so that no import subscribes you again."
    ),
    "newsletter_copies": (
        "What became of each issue (sent, refused, returned) is noted with a keyed fingerprint of the address, and "
        "deleted {copies} after the sending began."
    ),
    # All forms
    "common_title": "For all these forms",
    "tracking_label": "No tracking pixel, no tracking link",
    "tracking": (
        "No email has a tracking pixel, and no link in it is rewritten to count clicks: it is not measured whether you "
        "open an email, nor when. Personal links (to confirm, to unsubscribe, to get no more mail) do what they say "
        "and nothing else."
    ),
    "tracking_logo": (
        "Emails show the logo of the site, which is loaded from {host} at the same address for all recipients; its "
        "server may note the time and the IP address, as for any page of the web."
    ),
    "tracking_images": (
        "An issue of the newsletter may show images, which are loaded at the same address for all readers, too."
    ),
    "abuse_label": "Abuse",
    "abuse": (
        "To limit abuse (legitimate interest), keyed fingerprints of the IP address, of its network and of the email "
        "address are counted, and deleted within {slot}, or as soon as the email that waits is sent. A filter may file "
        "a submission as spam; the controller is told and can check it. No automated decision has a legal effect on "
        "you."
    ),
    "logs_label": "Technical traces",
    "logs": (
        "Technical logs, without any address or message, are kept for {logs}; the trace of each email that was sent "
        "(date, result, keyed fingerprint of the address), for {rows}. What is deleted automatically goes within days "
        "of the end of its time. The backups of the database keep for {backups} more what was deleted."
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
    "within": "This region is in the European Union: hosting transfers nothing to outside of it.",
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
        "at any time, which changes nothing about what was done before; and receive, in a format that a machine can "
        "read, the data that you gave on the basis of a consent. To use these rights: {contact}."
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
