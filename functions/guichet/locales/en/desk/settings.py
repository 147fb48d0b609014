"""What the page of the settings says."""

SENTENCES = {
    "title": "Settings",
    "lead": (
        "This is what the site’s forms were deployed with. It is changed by a deploy, not here: the name before each "
        "line is the parameter. What is not named keeps its value, as in"
    ),
    "group_site": "The site",
    "group_mail": "Emails",
    "group_consent": "Consent to the newsletter",
    "group_limits": "Spam and limits",
    "group_kept": "How long things are kept",
    "group_forms": "Forms of the site’s own",
    "site_name": "Visitors and emails see this name:",
    "site_url": "The site is at this address; its pages may post forms:",
    "allowed_origins": "Pages of these origins may post forms, too:",
    "no_allowed_origins": "No other origin may post forms.",
    "api": "Forms are posted to this address, the desk is below it:",
    "languages": "Visitors are answered in their language: {names}. Without a preference, and to you, it is {default}.",
    "time_zone": "Times are those of {zone}.",
    "color": "Buttons and links have the colour {color}.",
    "logo": "Pages and emails show this logo:",
    "no_logo": "Pages and emails show the name of the site, no logo.",
    "privacy": "Pages and emails link to this privacy policy:",
    "no_privacy": "Pages and emails link to no privacy policy.",
    "owners": "Messages and news go to these addresses. They may sign in at the desk:",
    "sender": "Every email is sent from this address:",
    "deploy_hook_on": "When approved comments come or go, the site is rebuilt within about 20 minutes.",
    "deploy_hook_off": "The site is not rebuilt when approved comments come or go.",
    "reply_to": "Replies of visitors and subscribers to automatic emails go to this address:",
    "no_reply_to": "Replies of visitors and subscribers to automatic emails go to the sender’s address.",
    "acknowledge_on": "Visitors who write get an acknowledgement.",
    "acknowledge_off": "Visitors who write get no acknowledgement.",
    "digest_on": "Every Monday, you get a digest of the week.",
    "digest_off": "There is no weekly digest.",
    "consent": (
        "Subscribers agree to version {version} of the wording. The page to confirm shows it; its parameters are "
        "{wordings}. If you change the wording, change the version, too."
    ),
    "callers_kept": "The network addresses of sign-ups and confirmations are kept as part of the proof.",
    "no_callers_kept": "No network addresses are kept.",
    "honeypot": "A form with this field filled in is spam, as people do not see it:",
    "spam_on": "Links, words and speed can make a message spam.",
    "spam_off": "No message is filed as spam for its links, words or speed.",
    "proof_off": "Proof of work is off.",
    "proof_on": "Proof of work is checked in forms that include it.",
    "proof_required": "Proof of work is required of every form.",
    "caller_cap": "Posts per hour that one caller may send through each form: {number}.",
    "requests": "Requests per second that get through, for all visitors together: {number}.",
    "reads": "Reads of comments per second that get through, for all visitors together: {number}.",
    "strangers": "Emails per day to unconfirmed addresses, all together: {number}.",
    "no_strangers": "No email goes to addresses that have not confirmed, so nobody can sign up.",
    "retention": "Messages and unsubscribed addresses are kept for {days} days.",
    "renewal": (
        "After this many months without any activity, subscribers are asked whether they want to stay: {months}. "
        "Without an answer within 30 days, they are unsubscribed."
    ),
    "no_renewal": "Subscribers are never asked whether they want to stay.",
    "logs": "Logs are kept for {days} days. No address and no message is in them.",
    "forms": "They are declared in functions/forms.toml, besides the built-in forms for messages and the newsletter.",
    "no_forms": (
        "There are only the built-in forms for messages and the newsletter. You can declare others in "
        "functions/forms.toml."
    ),
    "form_fields": "Number of fields: {number}",
    "form_others_keep": "Other fields are kept.",
    "form_others_drop": "Other fields are dropped.",
    "form_others_refuse": "A form with other fields is refused.",
    "form_kept": "Its messages are kept for {days} days.",
    "form_reply": "Visitors who send it get an acknowledgement.",
    "form_no_reply": "It has no acknowledgement of its own.",
    "form_route": "Who gets it depends on the answer to “{field}”.",
    "form_recipients": "It goes to:",
}
