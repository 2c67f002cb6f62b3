"""SendLocalList (OCPP 1.6, 5.15)."""

from ...sessions import local_list


def answer(station, request: dict) -> dict:
    return {"status": local_list.change(station.facts, station.documents, request)}
