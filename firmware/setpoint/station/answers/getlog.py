"""GetLog (OCPP 1.6 security whitepaper). AcceptedCanceled: an upload for another GetLog ends, and
nothing more is told of it."""

from .. import upload


def answer(station, request: dict) -> dict:
    log = request["log"]
    name = upload.begin(station, request["logType"], log["remoteLocation"], log, request)
    if name is None:
        return {"status": "Rejected"}
    before = station.upload
    cancels = before is not None and before.request_id is not None
    if before is not None:
        before.cancel(True)
    return {"status": "AcceptedCanceled" if cancels else "Accepted", "filename": name}
