"""RemoteStopTransaction (OCPP 1.6, 5.12)."""


def answer(station, request: dict) -> dict:
    for connector in station.facts.connectors:
        transaction = connector.transaction
        if (
            transaction is not None
            and transaction.id is not None
            and transaction.id == request["transactionId"]
        ):
            station.later(lambda: station.transactions.end(connector, "Remote", None))
            return {"status": "Accepted"}
    return {"status": "Rejected"}
