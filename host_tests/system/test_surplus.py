"""Surplus on the whole station: a simulated meter at the grid connection, and a roof of solar cells."""

import json
from contextlib import closing

import pytest
from file_server import FileServer

from tools import profile_files

MAINS = {"fuse_amps": 35, "house": [2, 2, 2]}
KEYS = {"ContactorMinimumClosedSeconds": "0", "ContactorMinimumOpenSeconds": "0"}


def profile(amps, phases=None):
    made = profile_files.made(1, "TxDefaultProfile", "Relative", [(0, amps)])
    if phases is not None:
        made["chargingSchedule"]["chargingSchedulePeriod"][0]["numberPhases"] = phases
    return {"connectorId": 1, "csChargingProfiles": made}


def limit(state):
    return state["connectors"][0]["limit"]


def closed(state):
    return state["connectors"][0]["contactor"]["closed"]


def charge(station):
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG", connectors=[1])


def test_the_limit_follows_what_the_house_feeds_in(start_station, central):
    station = start_station(device={"mains": dict(MAINS, surplus=True)}, keys=KEYS)
    station.wait_until(lambda state: state["registered"])
    charge(station)
    station.wait_until(lambda state: limit(state)["reason"] == "surplus, there is too little", 20)
    central.wait_for("StatusNotification", lambda payload: payload["status"] == "SuspendedEVSE")
    station.cmd("mains", amps=[-10, -10, -10])
    station.cmd("clock", advance_s=61)
    station.wait_until(closed, 30)
    assert (limit(station.state())["source"], limit(station.state())["reason"]) == (
        "surplus",
        "surplus",
    )
    station.cmd("clock", advance_s=25)
    station.wait_until(lambda state: limit(state)["amps"] == 10, 40)
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 10, 20)
    said = [line for line in station.log if "A, surplus" in line]
    assert "connector 1: 6.0 A, surplus" in said[-1], "the start, and for a minute no more"
    station.cmd("mains", amps=[1, 1, 1])
    station.wait_until(lambda state: limit(state)["amps"] == 6, 10)
    assert closed(station.state()), "clouds pass"


def test_without_a_meter_there_is_no_surplus_whatever_the_key_says(start_station, central):
    station = start_station(keys={"SurplusCharging": "true"})
    station.wait_until(lambda state: state["registered"])
    charge(station)
    station.wait_until(
        lambda state: limit(state)["reason"] == "surplus, there is no mains meter", 10
    )
    assert limit(station.state())["amps"] == 0
    central.call("ChangeConfiguration", {"key": "SurplusCharging", "value": "false"})
    station.wait_until(closed, 30)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_central_system_switches_it_on_and_off_and_the_lower_limit_wins(start_station, central):
    station = start_station(device={"mains": MAINS}, keys=KEYS)
    station.wait_until(lambda state: state["registered"])
    station.cmd("clock", advance_s=40)
    station.wait_until(lambda state: limit(state)["amps"] == 32, 20)
    charge(station)
    station.wait_until(closed, 30)
    for key, value in (
        ("SurplusStopAfterSeconds", "0"),
        ("SurplusMinimumAmps", "7"),
        ("SurplusCharging", "true"),
    ):
        said = central.call("ChangeConfiguration", {"key": key, "value": value})
        assert said["status"] == "Accepted"
    station.wait_until(lambda state: limit(state)["reason"] == "surplus, its minimum", 10)
    assert limit(station.state())["amps"] == 7 and closed(station.state())
    central.call("ChangeConfiguration", {"key": "SurplusMinimumAmps", "value": "0"})
    station.wait_until(lambda state: limit(state)["amps"] == 0, 10)
    station.wait_until(lambda state: not closed(state), 10)
    central.call("ChangeConfiguration", {"key": "SurplusCharging", "value": "false"})
    station.wait_until(lambda state: limit(state)["amps"] == 32, 10)
    station.wait_until(closed, 30)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_the_contactor_rests_and_its_closings_outlive_a_restart(start_station, central):
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    charge(station)
    station.wait_until(closed, 30)
    central.call("SetChargingProfile", profile(0))
    station.wait_until(lambda state: not closed(state), 30)
    central.call("SetChargingProfile", profile(16))
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["rests_s"] > 60, 10)
    central.wait_for(
        "StatusNotification",
        lambda payload: payload.get("info") == "The contactor rests before it closes again",
    )
    assert station.state()["connectors"][0]["contactor"]["closings"] == 1
    asked = {"vendorId": "Setpoint", "messageId": "Limits"}
    reason = json.loads(central.call("DataTransfer", asked)["data"])[0]["reason"]
    assert reason.startswith("The contactor rests before it closes again, then: TxDefaultProfile 1")
    central.call("Reset", {"type": "Soft"})
    assert station.wait_exit() == 75
    # It is still there
    station.start_fields["vehicles"] = [{"connector": 1, "amps": 32, "phases": 3}]
    station.start()
    station.wait_until(lambda state: state["registered"])
    contactor = station.state()["connectors"][0]["contactor"]
    assert contactor["closings"] == 1 and 0 < contactor["rests_s"] <= 60
    for key in KEYS:
        central.call("ChangeConfiguration", {"key": key, "value": "0"})
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["rests_s"] == 0, 10)


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_diagnostics_tell_how_often_contactor_and_phase_relays_have_switched(
    start_station, central
):
    station = start_station(keys=KEYS)
    station.wait_until(lambda state: state["registered"])
    central.call("SetChargingProfile", profile(16, phases=1))
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["phases"] == 1, 10)
    for _ in range(2):
        charge(station)
        station.wait_until(closed, 60)
        since = len(central.messages)
        station.cmd("plug_out", connector=1)
        central.wait_for("StopTransaction", since=since)
    with closing(FileServer()) as server:
        central.call("GetDiagnostics", {"location": server.url + "/in", "retries": 0})
        central.wait_for("DiagnosticsStatusNotification", lambda p: p["status"] == "Uploaded")
        (upload,) = server.uploads
    states = [line for line in upload.body.decode().splitlines() if '"contactor"' in line]
    told = json.loads(states[0])["contactor"]
    assert (told["closings"], told["phase_switches"]) == (2, 1)
