"""CancelReservation (OCPP 1.6, 5.1)."""


def answer(station, request: dict) -> dict:
    reservations = station.facts.reservations
    cancelled = reservations is not None and reservations.cancel(request["reservationId"])
    return {"status": "Accepted" if cancelled else "Rejected"}
