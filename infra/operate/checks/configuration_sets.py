"""Checks of the configuration sets for mail: no tracking, and SES's events reach the stack."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.operate.inspection import Finding, Fix, Inspection

# For the first, SES adds an invisible image; for the second, it routes links through its own host.
_TRACKED = {"OPEN": "who opens an email", "CLICK": "who follows which link"}
_UPDATE = ["ses:UpdateConfigurationSetEventDestination"]
# The template's configuration sets, and each one's event destination.
_SETS = {"OwnerMail": "OwnerMailEvents", "VisitorMail": "VisitorMailEvents"}


def tracking(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES tracks nobody: no email has an added image or a rewritten link."""
    ses, found = inspection.client("sesv2"), False
    for logical in _SETS:
        name = inspection.resource(logical)
        for destination in _destinations(ses, name):
            if destination["Enabled"] and _TRACKED.keys() & set(destination["MatchingEventTypes"]):
                found = True
                yield _tracked(inspection, name, destination)
        options = ses.get_configuration_set(ConfigurationSetName=name).get("VdmOptions", {})
        if _engages(inspection, options):
            found = True
            yield _engagement(inspection, name, options)
    if not found:
        yield Finding("tracking", "ok", "SES tracks neither who opens an email nor who follows a link")


def _destinations(ses: Any, name: str) -> list[dict[str, Any]]:
    found = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)
    destinations: list[dict[str, Any]] = found.get("EventDestinations", [])
    return destinations


def _tracked(inspection: Inspection, name: str, destination: dict[str, Any]) -> Finding:
    types = destination["MatchingEventTypes"]
    counted = " and ".join(what for event, what in _TRACKED.items() if event in types)
    others = [event for event in types if event not in _TRACKED]
    # A destination needs an event, so one with only these is switched off.
    definition = _definition(destination) | ({"MatchingEventTypes": others} if others else {"Enabled": False})
    fix = Fix(
        f"remove this from the event destination {destination['Name']} of {name}, and leave its other events",
        _UPDATE,
        partial(
            inspection.client("sesv2").update_configuration_set_event_destination,
            ConfigurationSetName=name,
            EventDestinationName=destination["Name"],
            EventDestination=definition,
        ),
    )
    message = (
        f"the event destination {destination['Name']} of {name} makes SES count {counted}: that changes the emails, "
        "and requires a separate consent"
    )
    remedy = f"remove opens and clicks from it at {inspection.console}, under Configuration sets"
    return Finding("tracking", "wrong", message, remedy, fix)


def _definition(destination: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in destination.items() if name != "Name"}


def _engages(inspection: Inspection, options: dict[str, Any]) -> bool:
    """Return whether the Virtual Deliverability Manager tracks: a set's own option counts before the account's."""
    account = inspection.account.get("VdmAttributes", {})
    if account.get("VdmEnabled") != "ENABLED":
        return False
    of_account = account.get("DashboardAttributes", {}).get("EngagementMetrics")
    return bool(options.get("DashboardOptions", {}).get("EngagementMetrics", of_account) == "ENABLED")


def _engagement(inspection: Inspection, name: str, options: dict[str, Any]) -> Finding:
    command = inspection.command(
        "sesv2", "put-configuration-set-vdm-options", "--configuration-set-name", name,
        "--vdm-options", "DashboardOptions={EngagementMetrics=DISABLED}",
    )  # fmt: skip
    fix = Fix(
        f"end the engagement tracking of the Virtual Deliverability Manager for {name}",
        ["ses:PutConfigurationSetVdmOptions"],
        partial(
            inspection.client("sesv2").put_configuration_set_vdm_options,
            ConfigurationSetName=name,
            VdmOptions={**options, "DashboardOptions": {"EngagementMetrics": "DISABLED"}},
        ),
    )
    message = (
        f"the Virtual Deliverability Manager makes SES count who opens emails of {name} and follows their links: that "
        "changes the emails, and requires a separate consent"
    )
    return Finding("tracking", "wrong", message, command, fix)


def events(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES reports deliveries, bounces and complaints to the stack, and that the sets may send."""
    ses, topic = inspection.client("sesv2"), inspection.resource("FeedbackTopic")
    resources = inspection.template.document["Resources"]
    missing = False
    for logical, declared in _SETS.items():
        name = inspection.resource(logical)
        wanted = set(resources[declared]["Properties"]["EventDestination"]["MatchingEventTypes"])
        ours = [one for one in _destinations(ses, name) if one.get("SnsDestination", {}).get("TopicArn") == topic]
        told = {event for one in ours if one["Enabled"] for event in one["MatchingEventTypes"]}
        if lacking := sorted(wanted - told):
            missing = True
            yield _untold(inspection, name, topic, ours, lacking, wanted)
        options = ses.get_configuration_set(ConfigurationSetName=name).get("SendingOptions", {})
        if not options.get("SendingEnabled", True):
            missing = True
            command = inspection.command(
                "sesv2", "put-configuration-set-sending-options", "--configuration-set-name", name, "--sending-enabled"
            )
            message = f"sending is paused for the configuration set {name}: its mail waits"
            yield Finding("events", "wrong", message, f"find out who paused it and why, then: {command}")
    if not missing:
        yield Finding("events", "ok", "SES reports deliveries, bounces and complaints to the stack")


def _untold(  # noqa: PLR0913, PLR0917  what the destination is, and what it should be
    inspection: Inspection, name: str, topic: str, ours: list[dict[str, Any]], lacking: list[str], wanted: set[str]
) -> Finding:
    ses = inspection.client("sesv2")
    if ours:
        types = [*ours[0]["MatchingEventTypes"], *sorted(wanted - set(ours[0]["MatchingEventTypes"]))]
        definition = _definition(ours[0]) | {"Enabled": True, "MatchingEventTypes": types}
        change, destination, permissions = ses.update_configuration_set_event_destination, ours[0]["Name"], _UPDATE
    else:
        definition = {"Enabled": True, "MatchingEventTypes": sorted(wanted), "SnsDestination": {"TopicArn": topic}}
        change, destination = ses.create_configuration_set_event_destination, "guichet"
        permissions = ["ses:CreateConfigurationSetEventDestination"]
    fix = Fix(
        f"have SES send these events of {name} to the stack's topic again",
        permissions,
        partial(
            change, ConfigurationSetName=name, EventDestinationName=destination, EventDestination=definition
        ),
    )  # fmt: skip
    message = (
        f"SES does not report {', '.join(lacking)} of {name} to the stack: somebody changed its event destination, and "
        "until it is restored, addresses that bounce or complain keep getting mail"
    )
    remedy = f"add an event destination with these events and the topic {topic} at {inspection.console}"
    return Finding("events", "wrong", message, remedy, fix)
