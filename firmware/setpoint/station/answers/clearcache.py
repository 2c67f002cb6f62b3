"""ClearCache (OCPP 1.6, 5.4)."""

from .. import cache


def answer(station, request: dict) -> dict:
    return {"status": "Accepted" if cache.write(station, "") else "Rejected"}
