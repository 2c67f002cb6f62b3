"""StatusNotification: the central system learns of every change of a connector's status (OCPP 1.6,
4.9)."""

from ..protocol.iso8601 import text_from
from .calls import DROPPED, SET_ASIDE


def log_refusal(log, error: "str | None") -> None:
    """For reports whose answer says nothing."""
    if error is not None:
        log("warn", "report not delivered: %s" % error)


class Statuses:
    """calls: where they are sent."""

    def __init__(self, facts, calls) -> None:
        self._facts = facts
        self._calls = calls

    def due_ms(self) -> "int | None":
        """When a status that waits for MinimumStatusDuration may go."""
        facts = self._facts
        due_ms = None
        if facts.online():
            minimum_s = facts.settings["MinimumStatusDuration"]
            for connector in facts.connectors:
                at_ms = connector.report_due_at_ms(minimum_s)
                if at_ms is not None and (due_ms is None or at_ms < due_ms):
                    due_ms = at_ms
        return due_ms

    def settle(self) -> None:
        """Reports every status that is not the one reported last, and writes that failed."""
        facts = self._facts
        if facts.online():
            minimum_s = facts.settings["MinimumStatusDuration"]
            for place in facts.places():
                report = place.to_report(facts.up_ms, minimum_s)
                if report is not None:
                    self._send(place, report, False)
            for sentence in facts.failed_writes:
                status = facts.charge_point.reported()[0]
                self._send(facts.charge_point, (status, "InternalError", None, sentence), False)
        if facts.failed_writes:
            facts.failed_writes = []

    def triggered(self, connector_id: "int | None") -> None:
        """TriggerMessage (OCPP 1.6, 5.17); also while Pending. None: every connector's."""
        for place in self._facts.places():
            if connector_id in (None, place.id):
                self._send(place, place.reported(), True)

    def _send(self, place, report: tuple, before_accepted: bool) -> None:
        facts = self._facts
        status, code, vendor_code, info = report
        payload = {"connectorId": place.id, "errorCode": code, "status": status}
        if facts.now is not None:
            payload["timestamp"] = text_from(facts.now)
        if info:
            payload["info"] = info[:50]
        if vendor_code:
            payload["vendorErrorCode"] = vendor_code[:50]

        def answered(payload, error):
            # Lost with the link: it may not have arrived
            if error != SET_ASIDE and (not facts.link_up or error == DROPPED):
                place.report_again()
            log_refusal(facts.log, error)

        self._calls.ask("StatusNotification", payload, answered, before_accepted)
