"""What the pages of the newsletter's issues say."""

SENTENCES = {
    # --- the list
    "title": "Issues",
    "about": "What you write to the list: once to each subscriber who has confirmed.",
    "write_new": "Write an issue",
    "empty": "There is no issue yet. Write the first one: nothing is sent before you type the number of its readers.",
    "caption": "Issues, the one changed last first",
    "column_name": "Name",
    "column_state": "State",
    "column_languages": "Languages",
    "column_readers": "Readers",
    "column_sent": "Sent",
    "column_changed": "Changed",
    "state_draft": "Draft",
    "state_scheduled": "Scheduled",
    "state_sending": "Being sent",
    "state_paused": "Paused",
    "state_sent": "Sent",
    "state_cancelled": "Cancelled",
    "language_fr": "French",
    "language_en": "English",
    # --- writing
    "new_title": "Write an issue",
    "write_title": "Write {name}",
    "name": "Name",
    "name_hint": (
        "For you alone; it cannot be changed later. Letters a to z, digits and hyphens, at most {most}, such as "
        "2027-01."
    ),
    "languages_hint": "Write it in one language, or in both. Readers whose language is missing get the other one.",
    "subject": "Subject",
    "preheader": "Preview line",
    "preheader_hint": "What mail programs show after the subject. It may stay empty.",
    "url": "Address of the same text on your site",
    "url_hint": "The email links to it. It may stay empty.",
    "text": "Text",
    "text_hint": ("Markdown: {example}. HTML arrives as text. At most {most} KB."),
    "save": "Save",
    "preview": "Preview",
    "preview_text": "Text part",
    "preview_of": "How readers get it",
    "preview_hint": "“Preview” shows here how readers get what you have typed. Nothing is saved by it.",
    "preview_live": "It follows what you type.",
    "no_subject": "(no subject)",
    "too_large_to_show": "This text is too large to be shown: {most} KB is the most.",
    "see_stored": "Open what is stored, in another tab",
    "nothing_written": "Write the issue in at least one language: its subject and its text.",
    "subject_missing": "Write a subject.",
    "subject_lines": "Write the subject on one line.",
    "too_long": "This has {length} characters; {most} is the most.",
    "url_wrong": "Write the whole address, with https://",
    "text_missing": "Write the text.",
    "text_large": "This text has {size} KB; {most} KB is the most. Shorten it, or link to the rest on your site.",
    "name_wrong": "Use letters a to z, digits and hyphens alone, at most {most}. For example: {example}",
    "name_taken": "There is an issue of this name. Choose another one.",
    "mistakes": "It was not saved. What is wrong is said beside each field.",
    "written_meanwhile": (
        "This issue was changed meanwhile, in another tab or by somebody else, so yours was not saved. What you typed "
        "stands below: pressing “Save” again replaces what is stored."
    ),
    "gone": (
        "This issue is no longer stored, so nothing was saved. What you typed stands below: pressing “Save” again "
        "stores it anew."
    ),
    "not_to_be_written": (
        "The text of this issue can no longer be changed: it is scheduled, or it was started. Take a scheduled one "
        "back to the drafts first; for another text, write another issue."
    ),
    # --- what is wrong with it
    "findings": "What to look at",
    "no_findings": "No mistake was found. Whether its links work, only opening them tells.",
    "errors_stop": "An issue with errors is not sent.",
    "severity_error": "Error:",
    "severity_warning": "Note:",
    "at_line": "{name}, line {line}: {said}",
    "of_language": "{name}: {said}",
    "finding_not_a_link": (
        "{what} is not a link and arrives as text. Write an address with spaces between < and >, or \\[ for a bracket "
        "that is text."
    ),
    "finding_link_empty": "A link has no address.",
    "finding_link_relative": "The link {what} leads nowhere in an email. Write the whole address, with https://",
    "finding_link_address": "The link {what} has no valid email address.",
    "finding_link_scheme": "The link {what} arrives as text: only https, http and mailto are links.",
    "finding_link_broken": "The link {what} is broken. Write the whole address, with https://",
    "finding_link_http": "The link {what} is not encrypted. Write https://, if the site has it.",
    "finding_image_words": (
        "The image {what} has no words, which are what many readers see instead. Say between the brackets what it "
        "shows."
    ),
    "finding_image_http": "The image {what} is over http, so it is not shown and arrives as a link. Write https://",
    "finding_image_elsewhere": (
        "The image {what} is not shown. Put it on your site, and write its whole address, with https://"
    ),
    "finding_image_third_party": (
        "The image {what} is on another site: {host} learns when and where each copy is opened. Put it on your "
        "own site."
    ),
    "finding_at_home": "Nobody outside your own network can open {what}.",
    "finding_html": "The HTML {what} arrives as text. Write it in Markdown.",
    "finding_url_http": "The address on your site is not encrypted. Write https://, if the site has it.",
    "finding_size": (
        "The email has {size} KB, and Gmail cuts it off at {limit}, with the link to unsubscribe at its end. Shorten "
        "it."
    ),
    "finding_size_nearly": "The email has {size} KB; Gmail cuts off what is longer than {limit}.",
    "finding_language_missing": ("The issue is not in {missing}, which {count} of {all} chose: they get {other}."),
    # --- one issue
    "show_title": "Issue {name}",
    "state": "State",
    "write": "Change the text",
    "send": "Send…",
    "schedule": "Schedule…",
    "reschedule": "Choose another time…",
    "test": "Send a test to me",
    "take_back": "Back to the drafts",
    "pause": "Pause",
    "resume": "Go on",
    "actions": "What you can do",
    "fix_first": "Mend the errors first: then it can be sent.",
    "as_html": "As an email, in {name}",
    "as_text": "As text alone, in {name}",
    "subject_is": "Subject: {subject}",
    "scheduled_for": "Scheduled for",
    "starts_within": "It starts within 15 minutes after that.",
    "started_at": "Started",
    "ended_at": "Ended",
    "waits": "Waits for",
    "pace": "Pace",
    "pace_is": "{count} a second",
    "ends": "Ends about",
    "ends_in": "in {duration}",
    "copies": "The copies of {readers}",
    "count_hint": "While it is sent, the counts are up to a few copies behind.",
    "who": "See each reader",
    "reload": "Reload",
    "follow": "Reload by itself, every ten seconds",
    "stop_following": "Do not reload by itself",
    "cancel": "Cancel for good",
    "cancel_unstarted": "Cancel",
    "cancel_unstarted_about": (
        "It is not sent then. Its text stays: you can change it and send it another time. To cancel it, type its name: "
        "{name}"
    ),
    "cancel_about": (
        "What SES already has goes out; nobody else gets it, and it cannot be sent again. To cancel it, type its name: "
        "{name}"
    ),
    "cancel_name": "Name of the issue",
    "cancel_wrong": "That is not its name, so it was not cancelled: type {name}",
    "state_waiting": "Waiting",
    "state_claimed": "On its way, or in doubt",
    "state_refused": "Refused by SES",
    "state_left": "No longer subscribed when it was their turn",
    "state_unknown": "Sent perhaps: SES gave no answer",
    "state_bounced": "Bounced",
    "state_complained": "Reported as spam",
    "paused_owner": "you: it was paused by you",
    "paused_bounces": "you: more than 5 % of its copies bounced",
    "paused_complaints": "you: too many readers reported it as spam",
    "paused_late": "you: it was due more than an hour ago, and was not sent",
    "paused_sandbox": "you: SES is in its sandbox",
    "paused_changed": "you: its text differs from the one that was to be sent",
    "paused_refused": "you: SES refused one copy after another",
    "waits_quota": "room in the daily quota of SES; it goes on by itself",
    "waits_ses": "SES, which takes no mail now; it goes on by itself",
    "waits_answer": "word from SES about copies in doubt; it goes on by itself",
    "waits_owner": "you",
    "waits_next": "its next try; it goes on by itself",
    "waits_readers": "its readers to be written down",
    "waits_last": "word about the last copies",
    "changed_meanwhile": (
        "This issue changed while you were looking at it, so nothing was done. It is shown as it is now: {state}."
    ),
    "not_to_start": "This issue cannot be started (it is: {state}). An issue is sent once; write another one.",
    "told_saved": "The text is saved. Nothing was sent.",
    "told_tested": "The test is on its way to you alone. Its link to unsubscribe works, and unsubscribes nobody.",
    "told_started": "The issue is being sent.",
    "told_scheduled": "The issue is scheduled.",
    "told_taken_back": "The issue is a draft again. It will not be sent by itself.",
    "told_paused": "The issue is paused. What SES already has goes out.",
    "told_resumed": "The issue goes on. Nobody gets it twice.",
    "told_cancelled": "The issue is cancelled.",
    # --- sending
    "send_title": "Send {name}",
    "schedule_title": "Schedule {name}",
    "one_reader": "{count} reader",
    "several_readers": "{count} readers",
    "goes_to": "It goes to {readers}: {parts}.",
    "in_language": "{count} in {name}",
    "other_language": "Of these, {readers} chose {name}, which it does not have, and get it in {other}.",
    "costs": "It costs {cost}: {prices}, and Lambda and DynamoDB {besides} dollars.",
    "about_dollars": "about {dollars} US dollars",
    "dollars_between": "about {low} to {high} US dollars",
    "less_than_a_cent": "less than a cent",
    "price": "SES bills {price} dollars for 1,000 emails",
    "price_between": "SES bills {low} to {high} dollars for 1,000 emails, depending on the account’s plan",
    "takes": "It takes {duration}: {pace}.",
    "pace_share": "{pace} emails a second, four fifths of what SES allows",
    "pace_most": "{pace} emails a second, the most that Guichet sends",
    "pace_a_day": "{count} emails in 24 hours, four fifths of what SES allows, less the {used} already sent",
    "less_than_a_minute": "less than a minute",
    "one_minute": "about {count} minute",
    "several_minutes": "about {count} minutes",
    "one_hour": "about {count} hour",
    "several_hours": "about {count} hours",
    "one_day": "about {count} day",
    "several_days": "about {count} days",
    "account_unknown": (
        "SES does not answer now, so the cost and the time it takes are not known. It can be sent all the same."
    ),
    "no_readers": "The list has no readers: nobody has confirmed. So there is nobody to send it to.",
    "has_errors": "It has errors, so it is not sent. Change the text first.",
    "in_sandbox": (
        "SES is in its sandbox and sends to verified addresses only. Ask AWS for production access; guichet doctor "
        "says how."
    ),
    "account_paused": "SES has paused the account. The console of SES says why.",
    "type_count": "Type the number of readers: {count}",
    "count_wrong": "That is not the number of readers, so nothing was sent. Compare, and type it again.",
    "count_changed": (
        "The number of readers changed meanwhile, from {before} to {now}, so nothing was sent. Look again, and type "
        "the new number."
    ),
    "send_now": "Send now",
    "send_about": "An issue is sent once. While it is being sent you can pause or cancel it.",
    "schedule_now": "Schedule",
    "schedule_about": "It starts within 15 minutes after its time, to those who are readers then.",
    "date": "Day",
    "time": "Time",
    "time_zone": "In the time zone {zone}.",
    "time_unreadable": "Choose a day and a time.",
    "time_past": "That is past: {at}.",
    "time_far": "That is more than {days} days ahead: {at}. Come back later to schedule it.",
    "time_missing": "That time does not exist: clocks are put forward. Choose {at}, for example.",
    "time_twice": "That time comes twice in {zone}: clocks are put back. Choose which of the two.",
    "fold_first": "The first time (summer time)",
    "fold_second": "The second time (winter time)",
    # --- who got it
    "readers_title": "Readers of {name}",
    "readers_about": "An address is shown as long as the subscriber’s record has it; otherwise only its key is known.",
    "readers_caption": "Readers, in no particular order",
    "filter": "Show",
    "filter_all": "All",
    "filter_button": "Show",
    "column_reader": "Reader",
    "column_when": "When",
    "column_why": "Why",
    "looked_at": "{count} of {all} readers were looked at for this page.",
    "no_readers_here": "No reader on this page.",
    "not_started": "It has no readers before it is sent.",
    "first_page": "Start",
    "go_on": "Go on",
    "back_to_issue": "Back to the issue",
    "why_unsubscribed": "had unsubscribed",
    "why_bounced": "the address had bounced",
    "why_complained": "had reported a mail as spam",
    "why_blocked": "the address is blocked",
    "why_lifted": "is no longer on the list",
    "why_erased": "was erased",
    "why_bounce": "bounced: {reason}",
}
