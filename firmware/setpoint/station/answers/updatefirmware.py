"""UpdateFirmware (OCPP 1.6, 5.19): the answer says nothing; FirmwareStatusNotification will."""

from .. import update


def answer(station, request: dict) -> dict:
    station.later(lambda: update.begin(station, request))
    return {}
