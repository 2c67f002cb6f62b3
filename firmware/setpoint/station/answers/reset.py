"""Reset (OCPP 1.6, 5.14). What it leads to stands in restart.py."""


def answer(station, request: dict) -> dict:
    station.later(lambda: station.restart(request["type"]))
    return {"status": "Accepted"}
