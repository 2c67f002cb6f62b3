"""Reservations at two independent central systems, and over a power cut of the whole station."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from npm_packages import installed
from ocpp.charge_point import camel_to_snake_case
from ocpp.v16 import call
from ocpp_library import LibraryCentralSystem
from ocpp_rpc import NodeCentralSystem

from tools.station_process import StationProcess


class AtThePythonLibrary:
    """The package `ocpp`."""

    def __init__(self):
        self._central = LibraryCentralSystem()
        self.url = self._central.url

    def ask(self, action, **payload):
        request = getattr(call, action)(**camel_to_snake_case(payload))
        return self._central.ask(request).status

    def starts(self):
        fields = ("connector_id", "id_tag", "reservation_id")
        return [
            tuple(start.get(name) for name in fields) for start in self._central.charge_point.starts
        ]

    def close(self):
        self._central.close()


class AtTheNodePackage:
    """The npm package `ocpp-rpc` in strict mode."""

    def __init__(self):
        self._central = NodeCentralSystem(installed(Path(__file__).parent / "ocpp_rpc"))
        self.url = self._central.url

    def ask(self, action, **payload):
        return self._central.ask(action, payload)["status"]

    def starts(self):
        payloads = [event["payload"] for event in self._central.messages("StartTransaction")]
        return [(p["connectorId"], p["idTag"], p.get("reservationId")) for p in payloads]

    def close(self):
        self._central.close()
        violations = [event for event in self._central.events if "violation" in event]
        assert not violations, violations


def soon(seconds=600):
    then = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def reserve(central, connector, tag, number, **more):
    request = {"connectorId": connector, "idTag": tag, "reservationId": number}
    return central.ask("ReserveNow", **{**request, "expiryDate": soon(), **more})


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize("kind", [AtThePythonLibrary, AtTheNodePackage])
def test_every_answer_to_a_reservation_and_a_charge_with_it(kind, micropython, tmp_path):
    central = kind()
    connectors = [{"id": 1}, {"id": 2}, {"id": 3}]
    with StationProcess(
        tmp_path, micropython, csms_url=central.url, connectors=connectors
    ) as station:

        def becomes(connector, status):
            return station.wait_until(
                lambda state: state["connectors"][connector - 1]["status"] == status
            )

        station.wait_until(lambda state: state["registered"])
        assert reserve(central, 1, "MINE", 1) == "Accepted"
        becomes(1, "Reserved")
        assert reserve(central, 1, "YOURS", 2) == "Occupied"
        assert reserve(central, 9, "MINE", 3) == "Rejected"
        station.cmd("fault", connector=2, code="GroundFailure", active=True)
        becomes(2, "Faulted")
        assert reserve(central, 2, "MINE", 3) == "Faulted"
        assert central.ask("ChangeAvailability", connectorId=3, type="Inoperative") == "Accepted"
        becomes(3, "Unavailable")
        assert reserve(central, 3, "MINE", 3) == "Unavailable"
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        station.cmd("swipe", tag="STRANGER", connectors=[1])
        assert central.ask("RemoteStartTransaction", idTag="OTHER", connectorId=1) == "Rejected"
        assert central.ask("CancelReservation", reservationId=2) == "Rejected"
        here = station.connector()
        assert here["status"] == "Reserved" and not here["contactor"]["closed"]
        assert central.ask("RemoteStartTransaction", idTag="MINE", connectorId=1) == "Accepted"
        station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
        station.wait_until(lambda state: (state["connectors"][0]["transaction"] or {}).get("id"))
        assert central.starts() == [(1, "MINE", 1)]
        station.cmd("fault", connector=2, code="GroundFailure", active=False)
        becomes(2, "Available")
        assert reserve(central, 0, "ANY", 4) == "Accepted"
        becomes(2, "Reserved")
        assert central.ask("CancelReservation", reservationId=4) == "Accepted"
        becomes(2, "Available")
    central.close()


def test_a_reservation_outlives_a_power_cut_and_ends_with_its_date(start_station, central):
    station = start_station(connectors=[{"id": 1}, {"id": 2}])
    station.wait_until(lambda state: state["registered"])
    request = {"connectorId": 1, "idTag": "MINE", "reservationId": 7, "parentIdTag": "FAMILY"}
    assert central.call("ReserveNow", {**request, "expiryDate": soon()}) == {"status": "Accepted"}
    station.kill()
    station.start_fields["clock"] = {"unset": True}  # a board that does not keep the time
    seen = len(central.messages)
    station.start()
    central.wait_for(
        "StatusNotification",
        lambda p: (p["connectorId"], p["status"]) == (1, "Reserved"),
        since=seen,
    )
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    station.cmd("swipe", tag="STRANGER", connectors=[1])
    seen = len(central.messages)
    station.cmd("clock", advance_s=601)
    central.wait_for(
        "StatusNotification",
        lambda p: (p["connectorId"], p["status"]) == (1, "Preparing"),
        since=seen,
    )
    assert central.seen("StartTransaction") == []
    station.cmd("swipe", tag="STRANGER", connectors=[1])
    start = central.wait_for("StartTransaction").payload
    assert start["idTag"] == "STRANGER" and "reservationId" not in start
