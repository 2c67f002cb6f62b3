"""Security profiles, the AuthorizationKey, and security events (OCPP 1.6 security whitepaper). Loaded for one use (late.py).

    profile 0   nothing            ws://
    profile 1   password           ws://, HTTP Basic
    profile 2   password, TLS      wss://, the central system shows a certificate
    profile 3   TLS, certificate   wss://, both show a certificate

What holds stands in the identity, where the link finds it: "security" (profile, AuthorizationKey or None), and while a
change is on trial "before", the same from before. Flash holds both, so that a power cut during a trial locks nobody out.
A profile can be raised and never lowered. The key is never told, neither by GetConfiguration nor in the log.
"""

from ..protocol.iso8601 import text_from
from .calls import SET_ASIDE

_DOCUMENT = "security"
_MOST_EVENTS = 8
_MOST_INFO = 255  # characters


def start(station, identity: dict) -> None:
    """At power-up: what a central system wrote, else the first values of the keys, else what URL and password suggest."""
    station.security_events = []  # that the central system is to be told
    values = station.settings.values
    key = values.pop("AuthorizationKey", None)
    stored = station.documents.read(_DOCUMENT, {}, _understood)
    if "now" not in stored:
        profile = values.get("SecurityProfile")
        if profile is None:
            profile = _suggested(identity, key)
        stored = {"now": [profile, key]}
    identity["security"] = tuple(stored["now"])
    before = stored.get("before")
    identity["before"] = None if before is None else tuple(before)
    values["SecurityProfile"] = identity["security"][0]


def _understood(stored: dict) -> dict:
    """ValueError, TypeError or KeyError for what _store cannot have written."""
    for profile, key in (stored["now"], stored["before"] or stored["now"]):
        if type(profile) is not int or not 0 <= profile <= 3 or not (key is None or type(key) is str):
            raise ValueError("no security profile")
    return stored


def _suggested(identity: dict, key: "str | None") -> int:
    secure = identity.get("csms_url", "").lower().startswith("wss:")
    if key or identity.get("basic_auth"):
        return 2 if secure else 1
    return 3 if secure and (identity.get("tls") or {}).get("cert_file") else 0


def change(station, name: str, value) -> dict:
    """The answer to ChangeConfiguration of SecurityProfile (an int) or AuthorizationKey (hexadecimal digits)."""
    identity = station.registration.identity
    security = identity["security"]
    wanted = (security[0], value) if name == "AuthorizationKey" else (value, security[1])
    reason = _reason_to_reject(identity, security[0], *wanted)
    if reason:
        station.log("warn", "%s rejected: %s" % (name, reason))
        return {"status": "Rejected"}
    if wanted == security:
        return {"status": "Accepted"}
    before = identity["before"]
    on_trial = wanted[0] != security[0] or wanted[0] in (1, 2)  # else the key waits for a profile that uses it
    if on_trial:
        before = before or security
    if not _store(station, wanted, before):
        return {"status": "Rejected"}
    identity["security"], identity["before"] = wanted, before
    station.settings.adopt("SecurityProfile", wanted[0])
    if on_trial:
        station.log("info", "connecting anew with security profile %d" % wanted[0])
        station.later(lambda: station.actions.append(("renew",)))
    return {"status": "Accepted"}


def _reason_to_reject(identity: dict, present: int, profile: int, key: "str | None") -> "str | None":
    files = identity.get("tls") or {}
    if profile < present:
        return "a security profile is never lowered"
    if profile in (1, 2) and not (key or identity.get("basic_auth")):
        return "set the AuthorizationKey first"
    if profile >= 2 and not files.get("ca_file"):
        return "this station holds no certificate of an authority to trust"
    if profile == 3 and not (files.get("cert_file") and files.get("key_file")):
        return "this station holds no certificate of its own"
    return None


def _store(station, security: tuple, before: "tuple | None") -> bool:
    try:
        station.documents.write(_DOCUMENT, {"now": list(security), "before": before and list(before)})
    except OSError as error:
        station.reports.storage_failed("security settings cannot be written: %s" % error)
        return False
    return True


def trial(station, passed: bool) -> None:
    """The new credentials connected, or those from before did while the new ones failed."""
    identity = station.registration.identity
    if not passed:
        identity["security"] = identity["before"]
    identity["before"] = None
    profile = identity["security"][0]
    station.settings.adopt("SecurityProfile", profile)
    _store(station, identity["security"], None)
    if passed:
        station.log("info", "the new credentials are in force, security profile %d" % profile)
        event(station, "ReconfigurationOfSecurityParameters", "security profile %d" % profile)
    else:
        station.log("warn", "the new credentials did not connect: back to those before, security profile %d" % profile)


def event(station, kind: str, info: "str | None") -> None:
    """Something that the central system should know of, as soon as it can be told. Of many, the latest are kept."""
    station.log("warn", "security event %s%s" % (kind, ": " + info if info else ""))
    _keep(station, (station.now, station.up_ms, kind[:50], (info or "")[:_MOST_INFO]))
    station.wake()


def _keep(station, entry: tuple) -> None:
    station.security_events = station.security_events[1 - _MOST_EVENTS :] + [entry]


def report(station) -> None:
    """Sends SecurityEventNotification for what has happened. Only when online, and the time is known."""
    entries = station.security_events
    station.security_events = []
    for entry in entries:
        _send(station, entry)


def _send(station, entry: tuple) -> None:
    instant, up_ms, kind, info = entry
    if instant is None:
        instant = station.now - (station.up_ms - up_ms) // 1000
    payload = {"type": kind, "timestamp": text_from(instant)}
    if info:
        payload["techInfo"] = info

    def answered(payload, error, up_ms):
        if error is not None and ":" not in error and error != SET_ASIDE:  # not a CALLERROR with its code: link or central system is away
            _keep(station, entry)

    station.ask("SecurityEventNotification", payload, answered)
