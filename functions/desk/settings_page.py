"""/desk/settings: what the stack was deployed with, in words. Only a deploy changes it."""

from collections.abc import Iterator
from dataclasses import dataclass

from desk import pages, words
from desk.call import Call, Route
from guichet.addresses import readable
from guichet.definitions.definition import Definition
from guichet.definitions.lookup import definitions
from guichet.http.responses import Response
from guichet.locales import LANGUAGES


@dataclass(frozen=True)
class Setting:
    """A parameter of the stack, what it means, and values that are shown verbatim, such as addresses."""

    parameter: str
    sentence: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormShown:
    """A form of the site's own: its title, its path, its description, and who gets it."""

    title: str
    path: str
    sentences: tuple[str, ...]
    recipients: tuple[str, ...]


def show(call: Call) -> Response:
    """Show the settings."""
    return pages.page(
        call,
        "settings.html",
        title=words.say("settings.title", call.language),
        groups={name: list(group(call)) for name, group in _GROUPS.items()},
        forms=[_form(call, own) for own in definitions().values()],
    )


def _say(call: Call, key: str, **values: object) -> str:
    return words.say(key, call.language, **values)


def _site(call: Call) -> Iterator[Setting]:
    settings = call.settings
    names = ", ".join(words.own_name(language) for language in LANGUAGES)
    default = words.own_name(settings.default_language)
    yield Setting("SiteName", _say(call, "settings.site_name"), (settings.site_name,))
    yield Setting("SiteUrl", _say(call, "settings.site_url"), (settings.site_url,))
    some = "settings.allowed_origins" if settings.allowed_origins else "settings.no_allowed_origins"
    yield Setting("AllowedOrigins", _say(call, some), settings.allowed_origins)
    yield Setting("ApiDomain", _say(call, "settings.api"), (settings.api_url,))
    yield Setting("DefaultLanguage", _say(call, "settings.languages", names=names, default=default))
    yield Setting("TimeZone", _say(call, "settings.time_zone", zone=settings.time_zone))
    yield Setting("AccentColor", _say(call, "settings.color", color=settings.accent_color))
    # A logo from another origin is not shown.
    yield Setting(
        "LogoUrl", _say(call, "settings.logo" if settings.logo else "settings.no_logo"), _given(settings.logo)
    )
    privacy = "settings.privacy" if settings.privacy_url else "settings.no_privacy"
    yield Setting("PrivacyUrl", _say(call, privacy), _given(settings.privacy_url))
    # Its URL is a secret, not known here.
    yield Setting("DeployHookUrl", _say(call, f"settings.deploy_hook_{settings.deploy_hook}"))


def _mail(call: Call) -> Iterator[Setting]:
    settings = call.settings
    yield Setting("OwnerEmail", _say(call, "settings.owners"), tuple(map(readable, settings.owner_email)))
    yield Setting("FromEmail", _say(call, "settings.sender"), (readable(settings.from_email),))
    reply_to = settings.reply_to_email
    yield Setting(
        "ReplyToEmail",
        _say(call, "settings.reply_to" if reply_to else "settings.no_reply_to"),
        _given(readable(reply_to)),
    )
    yield Setting("Acknowledge", _say(call, f"settings.acknowledge_{settings.acknowledge}"))
    yield Setting("WeeklyDigest", _say(call, f"settings.digest_{settings.weekly_digest}"))


def _consent(call: Call) -> Iterator[Setting]:
    settings = call.settings
    wordings = ", ".join(f"ConsentText{language.capitalize()}" for language in LANGUAGES)
    yield Setting("ConsentVersion", _say(call, "settings.consent", version=settings.consent_version, wordings=wordings))
    yield Setting(
        "KeepCallerAddress",
        _say(call, "settings.callers_kept" if settings.keep_caller_address else "settings.no_callers_kept"),
    )


def _limits(call: Call) -> Iterator[Setting]:
    settings = call.settings
    yield Setting("HoneypotField", _say(call, "settings.honeypot"), (settings.honeypot_field,))
    yield Setting("SpamFilter", _say(call, f"settings.spam_{settings.spam_filter}"))
    yield Setting("ProofOfWork", _say(call, f"settings.proof_{settings.proof_of_work}"))
    yield Setting("CallerHourlyCap", _say(call, "settings.caller_cap", number=call.number(settings.caller_hourly_cap)))
    yield Setting(
        "RequestsPerSecond", _say(call, "settings.requests", number=call.number(settings.requests_per_second))
    )
    yield Setting("ReadsPerSecond", _say(call, "settings.reads", number=call.number(settings.reads_per_second)))
    per_day = settings.stranger_mail_per_day
    some = "settings.strangers" if per_day else "settings.no_strangers"
    yield Setting("StrangerMailPerDay", _say(call, some, number=call.number(per_day)))


def _kept(call: Call) -> Iterator[Setting]:
    settings = call.settings
    yield Setting("RetentionDays", _say(call, "settings.retention", days=call.number(settings.retention_days)))
    months = settings.renewal_months
    asked = "settings.renewal" if months else "settings.no_renewal"
    yield Setting("RenewalMonths", _say(call, asked, months=call.number(months)))
    yield Setting("LogRetentionDays", _say(call, "settings.logs", days=call.number(settings.log_retention_days)))


_GROUPS = {"site": _site, "mail": _mail, "consent": _consent, "limits": _limits, "kept": _kept}


def _given(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _form(call: Call, own: Definition) -> FormShown:
    others = f"settings.form_others_{own.other_fields}"
    sentences = [_say(call, "settings.form_fields", number=call.number(len(own.fields))), _say(call, others)]
    days = own.retention_days or call.settings.retention_days
    sentences.append(_say(call, "settings.form_kept", days=call.number(days)))
    sentences.append(_say(call, "settings.form_reply" if own.reply else "settings.form_no_reply"))
    if own.route:
        sentences.append(_say(call, "settings.form_route", field=own.fields[own.route.field].label[call.language]))
    recipients = own.all_recipients or call.settings.owner_email
    return FormShown(own.title[call.language], f"/f/{own.name}", tuple(sentences), tuple(map(readable, recipients)))


ROUTES: dict[str, Route] = {"GET settings": show}
