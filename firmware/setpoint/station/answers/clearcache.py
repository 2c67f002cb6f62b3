"""ClearCache (OCPP 1.6, 5.4)."""

from ...late import load


def answer(station, request: dict) -> dict:
    return {"status": "Accepted" if load("setpoint.station.cache").write(station, "") else "Rejected"}
