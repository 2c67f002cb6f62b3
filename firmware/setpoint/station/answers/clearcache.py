"""ClearCache (OCPP 1.6, 5.4)."""

from ...sessions import cache


def answer(station, request: dict) -> dict:
    return {
        "status": "Accepted" if cache.write(station.facts, station.documents, "") else "Rejected"
    }
