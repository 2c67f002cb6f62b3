"""ExtendedTriggerMessage (OCPP 1.6 security whitepaper): TriggerMessage, and SignCertificate."""

from . import triggermessage


def answer(station, request: dict) -> dict:
    if request["requestedMessage"] != "SignChargePointCertificate":
        return triggermessage.answer(station, request)
    if station.busy():
        return {"status": "Rejected"}
    station.later(lambda: _begin(station))
    return {"status": "Accepted"}


def _begin(station) -> None:
    from ..signing import request_certificate

    station.work(request_certificate(station))
