"""ExtendedTriggerMessage (OCPP 1.6 security whitepaper): TriggerMessage, with the messages of the
whitepaper."""

from .. import long_work
from . import triggermessage


def answer(station, request: dict) -> dict:
    wanted = request["requestedMessage"]
    if wanted == "SignChargePointCertificate":
        if long_work.busy(station):
            return {"status": "Rejected"}
        station.later(lambda: _sign(station))
    elif wanted == "FirmwareStatusNotification":
        station.later(lambda: _firmware(station))
    elif wanted == "LogStatusNotification":
        station.later(lambda: _log(station))
    else:
        return triggermessage.answer(station, request)
    return {"status": "Accepted"}


def _sign(station) -> None:
    from ..signing import request_certificate

    long_work.begin(station, request_certificate(station))


def _firmware(station) -> None:
    from ..signed_update import trigger

    trigger(station)


def _log(station) -> None:
    from ..upload import trigger

    trigger(station, True)
