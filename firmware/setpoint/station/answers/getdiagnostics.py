"""GetDiagnostics (OCPP 1.6, 5.9). No fileName in the answer: there is nowhere to upload to."""

from .. import upload


def answer(station, request: dict) -> dict:
    log = {}
    for name, theirs in (("oldestTimestamp", "startTime"), ("latestTimestamp", "stopTime")):
        if theirs in request:
            log[name] = request[theirs]
    name = upload.begin(station, "DiagnosticsLog", request["location"], log, request)
    if name is None:
        return {}
    if station.upload is not None:
        station.upload.cancel(False)
    return {"fileName": name}
