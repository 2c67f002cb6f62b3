"""Reset (OCPP 1.6, 5.14). What it leads to stands in restart.py."""

from ..restart import begin


def answer(station, request: dict) -> dict:
    station.later(lambda: begin(station, request["type"]))
    return {"status": "Accepted"}
