"""What a central system may ask of a charge point: from the text of a CALL to the text of its answer.

Nothing that comes in raises past `answer`: they are wrong, and are told so with the official code.
"""

from ..protocol.errors import OcppError
from ..protocol.fields import read
from ..protocol.ocppj import error_text, result_text
from ..protocol.requests import spec_for

_TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification")


class Requests:
    """`station`: the whole charge point; each method answers one action with a payload."""

    def __init__(self, station) -> None:
        self._station = station
        self._answers = {
            "ChangeConfiguration": self._change_configuration,
            "ClearChargingProfile": station.charging.clear_profiles,
            "DataTransfer": self._data_transfer,
            "GetCompositeSchedule": station.charging.composite,
            "GetConfiguration": self._get_configuration,
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "Reset": self._reset,
            "SetChargingProfile": station.charging.set_profile,
            "TriggerMessage": self._trigger,
        }

    def answer(self, message_id: str, action: str, payload) -> str:
        """The CALLRESULT or CALLERROR for one CALL, as text."""
        try:
            spec = spec_for(action)
            answer = self._answers.get(action)
            if answer is None:
                raise OcppError("NotSupported", "%s is not built in" % action)
            return result_text(message_id, answer(read(payload, spec)))
        except OcppError as error:
            self._station.log("warn", "%s: %s, %s" % (action, error.code, error.description))
            return error_text(message_id, error.code, error.description)
        except MemoryError:
            return error_text(message_id, "InternalError", "not enough memory for this request; send it in smaller parts")

    def _get_configuration(self, request: dict) -> dict:
        settings = self._station.settings
        asked = request.get("key") or settings.names()
        known, unknown = [], []
        for name in asked[: settings["GetConfigurationMaxKeys"]]:
            spelt = settings.name_of(name)
            if spelt is None:
                unknown.append(name)
            else:
                known.append({"key": spelt, "readonly": not settings.writable(spelt), "value": settings.text(spelt)})
        return {"configurationKey": known, "unknownKey": unknown}

    def _change_configuration(self, request: dict) -> dict:
        station = self._station
        name = station.settings.name_of(request["key"])
        if name is None:
            return {"status": "NotSupported"}
        if not station.settings.writable(name):
            return {"status": "Rejected"}
        return {"status": "Accepted" if self._change(name, request["value"]) else "Rejected"}

    def _change(self, name: str, text: str) -> bool:
        """Takes a new value of a key, stores it, and lets it have its effect."""
        station = self._station
        settings = station.settings
        document = settings.document_with(name, text)
        if document is None:
            return False
        try:
            station.documents.write("settings", document)
        except OSError as error:
            station.reports.storage_failed("settings cannot be written: %s" % error)
            return False
        settings.take(document)
        if name == "WebSocketPingInterval":
            station.actions.append(("ping", settings[name]))
        elif name == "HeartbeatInterval":
            station.registration.interval_changed(station.up_ms)
        elif name.startswith("FallbackLimit"):
            station.fallback.settings_changed()
        elif name == "MeterValueSampleInterval":
            for connector in station.connectors:
                station.sessions.sample_anew(connector)
        return True

    def _data_transfer(self, request: dict) -> dict:
        from .answers import answer  # asked rarely, by people: no room is kept for it until then

        return answer(self._station, request)

    def _remote_start(self, request: dict) -> dict:
        station = self._station
        profile = request.get("chargingProfile")
        connector_id = request.get("connectorId")
        reason = None
        if not station.registration.accepted:
            reason = "not registered"
        if reason is None:
            reason = station.authorisation.reason_to_refuse(connector_id)
        if reason is None and profile is not None:
            reason = station.charging.reason_to_reject(profile, connector_id or 1, None, True)
        if reason is not None:
            station.log("warn", "RemoteStartTransaction rejected: %s" % reason)
            return {"status": "Rejected"}
        station.later(lambda: station.authorisation.remote_start(request["idTag"], connector_id, profile, station.up_ms))
        return {"status": "Accepted"}

    def _remote_stop(self, request: dict) -> dict:
        station = self._station
        for connector in station.connectors:
            transaction = connector.transaction
            if transaction is not None and transaction.id is not None and transaction.id == request["transactionId"]:
                station.later(lambda: station.sessions.end(connector, "Remote", None))
                return {"status": "Accepted"}
        return {"status": "Rejected"}

    def _reset(self, request: dict) -> dict:
        self._station.later(lambda: self._station.restart(request["type"]))
        return {"status": "Accepted"}

    def _trigger(self, request: dict) -> dict:
        station = self._station
        wanted = request["requestedMessage"]
        connector_id = request.get("connectorId")
        if wanted not in _TRIGGERS:
            return {"status": "NotImplemented"}
        if connector_id is not None and connector_id != 0 and station.connector(connector_id) is None:
            return {"status": "Rejected"}
        station.later(lambda: station.reports.triggered(wanted, connector_id))
        return {"status": "Accepted"}
