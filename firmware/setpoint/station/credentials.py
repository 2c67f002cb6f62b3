"""Security profiles and the AuthorizationKey (OCPP 1.6 security whitepaper). Loaded for one use
(late.py).

    profile 0   nothing            ws://
    profile 1   password           ws://, HTTP Basic
    profile 2   password, TLS      wss://, the central system shows a certificate
    profile 3   TLS, certificate   wss://, both show a certificate

What is valid stands in facts.credentials, where the link finds it, and while a change is on trial
what was valid before it, too; the station's own certificate is a part of it. Flash holds both, so
that a power cut during a trial locks nobody out. A profile can be raised and never lowered. The key
is never shown, neither by GetConfiguration nor in the log."""

from ..messaging.security_events import happened

_DOCUMENT = "security"


def start(station) -> None:
    """At power-up: what a central system wrote, else the first values of the keys, else what URL
    and password suggest."""
    credentials = station.facts.credentials
    credentials.documents = station.documents
    values = station.settings.values
    key = values.pop("AuthorizationKey", None)
    stored = station.documents.read(_DOCUMENT, {}, _understood)
    if "now" not in stored:
        profile = values.get("SecurityProfile")
        if profile is None:
            profile = _suggested(station.identity, key)
        stored = {"now": [profile, key]}
    credentials.now = _whole(stored["now"])
    before = stored.get("before")
    credentials.before = None if before is None else _whole(before)
    values["SecurityProfile"] = credentials.now[0]


def _whole(stored: list) -> tuple:
    """Version 0.1.0 wrote no number of a certificate."""
    return tuple(stored) if len(stored) > 2 else tuple(stored) + (0,)


def _understood(stored: dict) -> dict:
    """ValueError, TypeError or KeyError for what _store cannot have written."""
    for one in (stored["now"], stored["before"] or stored["now"]):
        profile, key, number = _whole(one)
        if (
            type(profile) is not int
            or not 0 <= profile <= 3
            or not (key is None or type(key) is str)
            or type(number) is not int
        ):
            raise ValueError("no security profile")
    return stored


def _suggested(identity: dict, key: "str | None") -> int:
    secure = identity.get("csms_url", "").lower().startswith("wss:")
    if key or identity.get("basic_auth"):
        return 2 if secure else 1
    return 3 if secure and (identity.get("tls") or {}).get("cert_file") else 0


def change(station, name: str, value) -> dict:
    """The answer to ChangeConfiguration of SecurityProfile (an int) or AuthorizationKey
    (hexadecimal digits)."""
    profile, key, number = station.facts.credentials.now
    if name == "AuthorizationKey":
        wanted = (profile, value, number)
    else:
        wanted = (value, key, number)
    reason = _reason_to_reject(station, profile, *wanted)
    if reason:
        station.facts.log("warn", "%s rejected: %s" % (name, reason))
        return {"status": "Rejected"}
    return {"status": "Accepted" if _adopt(station, wanted) else "Rejected"}


def use_certificate(station, number: int) -> bool:
    """The station's own certificate is another one from now on. False: flash cannot take it."""
    profile, key, _ = station.facts.credentials.now
    return _adopt(station, (profile, key, number))


def _adopt(station, wanted: tuple) -> bool:
    """On trial where a connection can tell whether they are good."""
    facts = station.facts
    credentials = facts.credentials
    if wanted == credentials.now:
        return True
    profile, key, number = credentials.now
    before = credentials.before
    # Else a key or a certificate waits for a profile that uses it
    on_trial = (
        wanted[0] != profile
        or (wanted[1] != key and profile in (1, 2))
        or (wanted[2] != number and profile == 3)
    )
    if on_trial:
        before = before or credentials.now
    if not _store(station, wanted, before):
        return False
    credentials.now, credentials.before = wanted, before
    station.settings.adopt("SecurityProfile", wanted[0])
    if on_trial:
        facts.log("info", "connecting anew with security profile %d" % wanted[0])
        station.later(lambda: facts.effects.append(("renew",)))
    elif wanted[2] != number:
        _forget_certificates(station)
    return True


def _forget_certificates(station) -> None:
    """Those that are in use no more, and were not made to wait for a signature."""
    from ..certificates import own

    try:
        own.forget_others(station.documents, station.facts.credentials.own_numbers())
    except OSError as error:
        station.facts.storage_failed("a certificate cannot be removed: %s" % error)


def _reason_to_reject(
    station, present: int, profile: int, key: "str | None", number: int
) -> "str | None":
    files = station.identity.get("tls") or {}
    if profile < present:
        return "a security profile is never lowered"
    if profile in (1, 2) and not (key or station.identity.get("basic_auth")):
        return "set the AuthorizationKey first"
    if profile >= 2 and not files.get("ca_file") and not _holds_root(station):
        return "this station holds no certificate of an authority to trust"
    if profile == 3 and not number and not (files.get("cert_file") and files.get("key_file")):
        return "this station holds no certificate of its own"
    return None


def _holds_root(station) -> bool:
    from ..certificates import roots

    for _ in roots.trusted(station.documents, tuple, roots.CENTRAL):
        return True
    return False


def _store(station, security: tuple, before: "tuple | None") -> bool:
    try:
        station.documents.write(
            _DOCUMENT, {"now": list(security), "before": before and list(before)}
        )
    except OSError as error:
        station.facts.storage_failed("security settings cannot be written: %s" % error)
        return False
    return True


def trial(station, passed: bool) -> None:
    """The new credentials connected, or those from before did while the new ones failed."""
    facts = station.facts
    credentials = facts.credentials
    numbers = credentials.own_numbers()
    if not passed:
        credentials.now = credentials.before
    credentials.before = None
    profile = credentials.now[0]
    station.settings.adopt("SecurityProfile", profile)
    if _store(station, credentials.now, None) and numbers[0] != numbers[-1]:
        _forget_certificates(station)
    if passed:
        facts.log("info", "the new credentials are in force, security profile %d" % profile)
        happened(facts, "ReconfigurationOfSecurityParameters", "security profile %d" % profile)
    else:
        facts.log(
            "warn",
            "the new credentials did not connect: back to those before, security profile %d"
            % profile,
        )
