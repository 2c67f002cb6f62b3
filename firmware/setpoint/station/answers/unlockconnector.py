"""UnlockConnector (OCPP 1.6, 5.18): ends a transaction first; the lock opens once the contactor is
open."""


def answer(station, request: dict) -> dict:
    connector = station.facts.connector(request["connectorId"])
    if connector is None or not connector.has_lock:
        return {"status": "NotSupported"}
    if any([fault.code == "ConnectorLockFailure" for fault in connector.all_faults()]):
        return {"status": "UnlockFailed"}
    station.later(lambda: _unlock(station, connector))
    return {"status": "Unlocked"}


def _unlock(station, connector) -> None:
    if connector.transaction is not None:
        station.transactions.end(connector, "UnlockCommand", None)
    connector.locked_for = None
