"""What the central system is told without having asked, and what it triggers: StatusNotification,
DataTransfer."""

from ..protocol.iso8601 import text_from
from .calls import DROPPED, SET_ASIDE


class Reports:
    """`station`: the object whose charge_point, connectors, sessions, registration and `ask` are used."""

    def __init__(self, station, identity: dict) -> None:
        """identity: gets the security profile and the key that hold (security.py)."""
        from . import security

        self._station = station
        security.start(station, identity)

    def _all(self) -> list:
        return [self._station.charge_point] + self._station.connectors

    def registered(self) -> None:
        """BootNotification was accepted: the central system learns every status."""
        for connector in self._all():
            connector.report_again()

    def statuses(self) -> None:
        """Reports every status that is not what the central system was told last."""
        station = self._station
        if not station.online():
            return
        minimum_s = station.settings["MinimumStatusDuration"]
        for connector in self._all():
            report = connector.to_report(station.up_ms, minimum_s)
            if report is not None:
                self._status(connector, report, False)

    def security_event(self, kind: str, info: "str | None") -> None:
        """As the security whitepaper of OCPP 1.6 names it."""
        from . import security

        security.event(self._station, kind, info)

    def security_trial_ended(self, passed: bool) -> None:
        """A new AuthorizationKey or security profile has connected, or not."""
        from . import security

        security.trial(self._station, passed)

    def security_events(self) -> None:
        """Reports those that the central system does not know yet."""
        station = self._station
        if station.security_events and station.now is not None and station.online():
            from . import security

            security.report(station)

    def storage_failed(self, sentence: str) -> None:
        """A write to flash failed (R7): the log and the central system learn of it."""
        self._station.log("error", sentence)
        if self._station.online():
            charge_point = self._station.charge_point
            self._status(charge_point, (charge_point.reported()[0], "InternalError", None, sentence), False)

    def _status(self, connector, report: tuple, before_accepted: bool) -> None:
        status, code, vendor_code, info = report
        payload = {"connectorId": connector.id, "errorCode": code, "status": status}
        if self._station.now is not None:
            payload["timestamp"] = text_from(self._station.now)
        if info:
            payload["info"] = info[:50]
        if vendor_code:
            payload["vendorErrorCode"] = vendor_code[:50]

        def answered(payload, error, up_ms):
            if error != SET_ASIDE and (not self._station.link_up or error == DROPPED):  # the link took it along: who knows whether it arrived
                connector.report_again()
            self.answered(payload, error, up_ms)

        self._station.ask("StatusNotification", payload, answered, before_accepted)

    def answered(self, payload, error: "str | None", up_ms: int) -> None:
        if error is not None:
            self._station.log("warn", "report not delivered: %s" % error)

    def triggered(self, message: str, connector_id: "int | None") -> None:
        """TriggerMessage (OCPP 1.6, 5.17); also while Pending."""
        station = self._station
        if message == "BootNotification":
            station.registration.boot(station.up_ms)
        elif message == "Heartbeat":
            station.registration.heartbeat(station.up_ms, True)
        elif message == "StatusNotification":
            for connector in self._all():
                if connector_id in (None, connector.id):
                    self._status(connector, connector.reported(), True)
        else:
            for connector in station.connectors:
                if connector_id in (None, 0, connector.id):
                    station.metering.triggered(connector)

    def data_transfer(self, vendor_id: str, message_id: "str | None", data: "str | None", on_answer) -> None:
        """Sends DataTransfer; on_answer(status or None when there is no answer, data or None)."""
        payload = {"vendorId": vendor_id[:255]}
        if message_id is not None:
            payload["messageId"] = message_id[:50]
        if data is not None:
            payload["data"] = data

        def answered(payload, error, up_ms):
            conf = self._station.calls.understood("DataTransfer", payload, error)
            on_answer(None if conf is None else conf.get("status"), None if conf is None else conf.get("data"))

        self._station.ask("DataTransfer", payload, answered)
