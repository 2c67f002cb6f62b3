"""ChangeConfiguration (OCPP 1.6, 5.3): checks a key's new value, stores it, and lets it have its
effect."""

from ...messaging.shapes import all_texts
from ...sessions.meters import LISTS
from ...sessions.samples import sample_anew
from .. import credentials, keys, seldom


def answer(station, request: dict) -> dict:
    name = keys.name_of(request["key"])
    if name is None:
        return {"status": "NotSupported"}
    value = keys.value_of(name, request["value"]) if keys.writable(name) else None
    if value is not None and name in ("AuthorizationKey", "SecurityProfile"):
        return credentials.change(station, name, value)
    if name in LISTS and value:
        for measurand in value.split(","):
            if not station.meters.measures(measurand):
                station.facts.log(
                    "warn", "%s rejected: this board does not measure %s" % (name, measurand)
                )
                return {"status": "Rejected"}
    if name == "SurplusCharging" and value and station.limits.total_of("house") is None:
        station.facts.log("warn", "%s rejected: there is no mains meter" % name)
        return {"status": "Rejected"}
    if value is None or not _store(station, name, keys.text_of(value)):
        return {"status": "Rejected"}
    station.settings.adopt(name, value)
    if name == "WebSocketPingInterval":
        station.facts.effects.append(("ping", value))
    elif name == "HeartbeatInterval":
        station.registration.heartbeat_again()
    elif name.startswith("FallbackLimit"):
        station.fallback.settings_changed()
        station.registration.heartbeat_again()
    elif name == "RandomDelayMax":
        seldom.random_delay_changed(station)
    elif name == "SurplusCharging" and not value:
        station.limits.limit_total("surplus", None)
    elif name == "MeterValueSampleInterval":
        for connector in station.facts.connectors:
            sample_anew(station.facts, connector)
    elif name == "ClockAlignedDataInterval":
        station.samples.clock_is_set()
    return {"status": "Accepted"}


def _store(station, name: str, text: str) -> bool:
    # Has its place, so that there is memory for the new value once flash has it
    station.settings[name]
    document = station.documents.read("settings", {}, all_texts)
    document[name] = text
    try:
        station.documents.write("settings", document)
    except OSError as error:
        station.facts.storage_failed("settings cannot be written: %s" % error)
        return False
    return True
