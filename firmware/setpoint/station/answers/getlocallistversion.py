"""GetLocalListVersion (OCPP 1.6, 5.10)."""

from ...sessions import local_list


def answer(station, request: dict) -> dict:
    return {"listVersion": local_list.version(station.facts, station.documents)}
