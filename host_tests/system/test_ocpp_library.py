"""The station at a central system written with the `ocpp` package alone, the way its users write
one: the library routes, validates every message against the official schemas, and raises on what
does not fit."""

from contextlib import closing
from decimal import Decimal

import pytest
from file_server import FileServer
from ocpp.v16 import call
from ocpp_library import LibraryCentralSystem

from tools.station_process import StationProcess


@pytest.fixture
def library():
    central = LibraryCentralSystem()
    yield central
    central.close()


def test_a_charge_with_profiles_at_the_ocpp_library(library, micropython, tmp_path):
    with StationProcess(
        tmp_path, micropython, csms_url=library.url, keys={"MeterValueSampleInterval": "1"}
    ) as station:
        station.wait_until(lambda state: state["registered"])
        profile = {
            "charging_profile_id": 1,
            "stack_level": 0,
            "charging_profile_purpose": "TxDefaultProfile",
            "charging_profile_kind": "Relative",
            "charging_schedule": {
                "charging_rate_unit": "A",
                "charging_schedule_period": [{"start_period": 0, "limit": 8.1}],
            },
        }
        assert (
            library.ask(
                call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile)
            ).status
            == "Accepted"
        )
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        assert (
            library.ask(call.RemoteStartTransaction(id_tag="REMOTE", connector_id=1)).status
            == "Accepted"
        )
        station.wait_until(lambda state: state["connectors"][0]["pilot"]["offered_amps"] == 8.1)
        station.wait_until(lambda state: state["connectors"][0]["transaction"]["id"] == 42)
        station.wait_until(lambda state: "MeterValues" in library.charge_point.seen)
        plan = library.ask(
            call.GetCompositeSchedule(connector_id=1, duration=600, charging_rate_unit="A")
        )
        assert plan.charging_schedule["charging_schedule_period"] == [
            {"start_period": 0, "limit": Decimal("8.1"), "number_phases": 3}
        ]
        assert library.ask(call.ClearChargingProfile(id=1)).status == "Accepted"
        assert library.ask(call.RemoteStopTransaction(transaction_id=42)).status == "Accepted"
        station.wait_until(lambda state: "StopTransaction" in library.charge_point.seen)
        station.cmd("plug_out", connector=1)
        station.wait_until(lambda state: state["connectors"][0]["status"] == "Available")
        keys = library.ask(call.GetConfiguration(key=["NumberOfConnectors"]))
        assert keys.configuration_key == [
            {"key": "NumberOfConnectors", "readonly": True, "value": "1"}
        ]
    seen = library.charge_point.seen
    for expected in (
        "BootNotification",
        "StartTransaction",
        "MeterValues",
        "StopTransaction",
        "Charging",
        "Finishing",
    ):
        assert expected in seen, seen


def test_diagnostics_and_a_log_at_the_ocpp_library(library, micropython, tmp_path):
    with StationProcess(tmp_path, micropython, csms_url=library.url) as station:
        station.wait_until(lambda state: state["registered"])
        with closing(FileServer()) as server:
            answer = library.ask(call.GetDiagnostics(location=server.url + "/in/", retries=1))
            station.wait_until(lambda state: "Uploaded" in library.charge_point.seen)
            assert server.uploads[-1].target == "/in/" + answer.file_name
            log = {"remote_location": server.url + "/x.log"}
            answer = library.ask(call.GetLog(log=log, log_type="SecurityLog", request_id=3))
            assert (answer.status, answer.filename) == ("Accepted", "x.log")
            station.wait_until(lambda state: ("Uploaded", 3) in library.charge_point.seen)
            assert server.uploads[-1].target == "/x.log"
        seen = library.charge_point.seen
        assert seen.index("Uploading") < seen.index("Uploaded")
        assert seen.index(("Uploading", 3)) < seen.index(("Uploaded", 3))


def test_a_local_list_at_the_ocpp_library(library, micropython, tmp_path):
    with StationProcess(tmp_path, micropython, csms_url=library.url) as station:
        station.wait_until(lambda state: state["registered"])
        assert library.ask(call.GetLocalListVersion()).list_version == 0
        info = {
            "status": "Accepted",
            "expiry_date": "2099-01-01T00:00:00Z",
            "parent_id_tag": "FAMILY",
        }
        cards = [
            {"id_tag": "GOOD", "id_tag_info": info},
            {"id_tag": "BAD", "id_tag_info": {"status": "Blocked"}},
        ]
        for kind, version, sent, status in (
            ("Full", 1, cards, "Accepted"),
            ("Full", 2, cards + cards[:1], "Failed"),
            ("Differential", 1, cards, "VersionMismatch"),
            ("Differential", 2, [{"id_tag": "BAD"}], "Accepted"),
        ):
            answer = library.ask(
                call.SendLocalList(
                    list_version=version, update_type=kind, local_authorization_list=sent
                )
            )
            assert answer.status == status, (kind, version)
        assert library.ask(call.GetLocalListVersion()).list_version == 2
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        station.cmd("link", up=False)
        station.wait_until(lambda state: not state["connected"])
        station.cmd("swipe", tag="BAD")
        station.cmd("swipe", tag="good")
        state = station.wait_until(lambda state: state["connectors"][0]["transaction"])
        assert state["connectors"][0]["transaction"]["id_tag"] == "good"
        station.cmd("link", up=True)
        station.wait_until(lambda state: "StartTransaction" in library.charge_point.seen)
        key = call.ChangeConfiguration(key="LocalAuthListEnabled", value="false")
        assert library.ask(key).status == "Accepted"
        assert library.ask(call.GetLocalListVersion()).list_version == -1
        answer = library.ask(call.SendLocalList(list_version=3, update_type="Full"))
        assert answer.status == "NotSupported"
