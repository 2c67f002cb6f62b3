"""Reset (OCPP 1.6, 5.14)."""


def answer(station, request: dict) -> dict:
    station.later(lambda: station.restart(request["type"]))
    return {"status": "Accepted"}
