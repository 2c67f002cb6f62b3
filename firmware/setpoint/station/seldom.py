"""Events that come a few times a day: a function of the station for each. `Station.seldom` loads this
file, calls one of them, and leads it through a pass (late.py)."""

from ..messaging.calls import understood


def trial(station, passed: bool) -> None:
    """A new AuthorizationKey or security profile has connected, or not."""
    from . import credentials

    credentials.trial(station, passed)


def root_vouched(station) -> None:
    """The link is up. Where a root on trial vouched for it, it takes the place of the others."""
    from ..certificates import roots

    facts = station.facts
    credentials = facts.credentials
    try:
        if credentials.root is not None and roots.trial_ends(
            station.documents, credentials.provisioned, credentials.root
        ):
            facts.log("info", "the new root certificate is the only one now")
    except OSError as error:
        facts.storage_failed("a root certificate cannot be removed: %s" % error)


def security_event(station, kind: str, info: "str | None") -> None:
    """As the security whitepaper of OCPP 1.6 names it."""
    from ..messaging.security_events import happened

    happened(station.facts, kind, info)


def transfer_ended(station, name: str, problem: "tuple | None") -> None:
    """The "upload" or "download" that an effect began is over. problem: (sentence, status of HTTP
    or None), or what update.py says."""
    part = getattr(station, name)
    if part is not None:
        part.ended(problem)


def send_data(
    station, vendor_id: str, message_id: "str | None", data: "str | None", on_answer
) -> None:
    """Sends DataTransfer; on_answer(status or None when there is no answer, data or None)."""
    payload = {"vendorId": vendor_id[:255]}
    if message_id is not None:
        payload["messageId"] = message_id[:50]
    if data is not None:
        payload["data"] = data

    def answered(payload, error):
        conf = understood(station.facts.log, "DataTransfer", payload, error) or {}
        on_answer(conf.get("status"), conf.get("data"))

    station.calls.ask("DataTransfer", payload, answered)


def random_delay_changed(station, at_start: bool = False) -> None:
    """RandomDelayMax has another value; what waits at 0 waits no more."""
    facts = station.facts
    # Where nobody gave a value, it is the table's: 0
    if not station.settings.values.get("RandomDelayMax"):
        facts.random_delay = None
    elif facts.random_delay is None:
        from ..charging.random_delay import RandomDelay

        facts.random_delay = RandomDelay(
            facts, station.limits, station.profiles, station.seed, at_start
        )
    facts.limits_stale = True
