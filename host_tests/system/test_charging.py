"""The whole station on MicroPython, over real sockets, at a real central system: charging, limits,
cuts."""

import json
import os
import queue
import threading
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from tools.station_process import StationProcess

NOON = "2025-06-15T12:00:00Z"
FROZEN = {"at": NOON, "frozen": True}


def profile(id=1, level=0, purpose="TxDefaultProfile", periods=((0, 16),), unit="A", **more):
    schedule = {
        "chargingRateUnit": unit,
        "startSchedule": more.pop("start", "2025-06-15T00:00:00Z"),
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit} for start, limit in periods
        ],
    }
    if "duration" in more:
        schedule["duration"] = more.pop("duration")
    return {
        "chargingProfileId": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
        **more,
    }


def set_profile(central, connector=1, **fields):
    return central.call(
        "SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile(**fields)}
    )["status"]


def charge(station, central, connector=1, tag="TAG"):
    """Plugs in, shows a card, waits for the contactor."""
    station.wait_until(lambda state: state["registered"])
    station.cmd("plug_in", connector=connector, amps=32, phases=3)
    station.wait_until(lambda state: state["connectors"][connector - 1]["pilot"]["state"] == "B")
    station.cmd("swipe", tag=tag, connectors=[connector])
    station.wait_until(lambda state: state["connectors"][connector - 1]["contactor"]["closed"])


def offered(station, amps, connector=1, timeout=12):
    station.wait_until(
        lambda state: state["connectors"][connector - 1]["pilot"]["offered_amps"] == amps, timeout
    )


def test_a_session_from_plug_to_unplug(station, central):
    charge(station, central)
    state = station.wait_until(
        lambda state: state["connectors"][0]["transaction"]["id"] is not None
    )
    connector = state["connectors"][0]
    assert connector["status"] == "Charging" and connector["pilot"]["state"] == "C"
    assert connector["pilot"]["offered_amps"] == 32.0 and connector["limit"]["source"] == "hardware"
    assert set_profile(central, periods=((0, 10),)) == "Accepted"
    offered(station, 10.0)
    assert station.connector()["meter"]["amps"] <= 32
    station.cmd("plug_out", connector=1)
    stop = central.wait_for("StopTransaction")
    assert stop.payload["reason"] == "EVDisconnected"
    central.wait_for(
        "StatusNotification",
        lambda p: p["connectorId"] == 1 and p["status"] == "Available",
        since=central.messages.index(stop),
    )
    assert not station.connector()["contactor"]["closed"]


def test_the_limit_changes_on_the_second_of_the_schedule_and_with_it_the_pilot(
    start_station, central
):
    station = start_station(clock=FROZEN)
    station.wait_until(lambda state: state["registered"])
    assert (
        set_profile(central, periods=((0, 16), (43260, 9.5), (43380, 0), (43500, 20))) == "Accepted"
    )
    charge(station, central)
    offered(station, 16.0)
    for seconds, now, amps in (
        (59, "12:00:59", 16.0),
        (1, "12:01:00", 9.5),
        (119, "12:02:59", 9.5),
        (1, "12:03:00", 0.0),
    ):
        station.cmd("clock", advance_s=seconds)
        state = station.wait_until(lambda state: state["now"] == "2025-06-15T%sZ" % now)
        assert state["connectors"][0]["limit"]["amps"] == amps, now
        offered(station, amps)
    station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
    assert station.connector()["status"] == "SuspendedEVSE"
    station.cmd("clock", advance_s=120)
    offered(station, 20.0)
    station.wait_until(lambda state: state["connectors"][0]["status"] == "Charging")
    assert station.connector()["error"] == "NoError"


def test_energy_follows_the_limit_when_time_is_advanced(start_station, central):
    station = start_station(clock=FROZEN)
    charge(station, central)
    assert set_profile(central, periods=((0, 10),)) == "Accepted"
    offered(station, 10.0)
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 10)
    before = station.connector()["meter"]["wh"]
    station.cmd("clock", advance_s=3600)
    station.wait_until(lambda state: state["now"] == "2025-06-15T13:00:00Z")
    assert station.connector()["meter"]["wh"] - before == pytest.approx(6900, abs=2)


def test_the_composite_schedule_over_the_wire(start_station, central):
    station = start_station(clock=FROZEN, connectors=[{"id": 1}, {"id": 2}])
    station.wait_until(lambda state: state["registered"])
    set_profile(
        central, 0, id=9, purpose="ChargePointMaxProfile", periods=((0, 20), (43200 + 1800, 12.3))
    )
    set_profile(central, 1, periods=((0, 16), (43200 + 600, 8.1)))
    answer = central.call(
        "GetCompositeSchedule", {"connectorId": 1, "duration": 3600, "chargingRateUnit": "A"}
    )
    assert answer["scheduleStart"] == NOON
    assert [
        (p["startPeriod"], p["limit"], p["numberPhases"])
        for p in answer["chargingSchedule"]["chargingSchedulePeriod"]
    ] == [
        (0, 16.0, 3),
        (600, 8.1, 3),
    ]
    total = central.call(
        "GetCompositeSchedule", {"connectorId": 0, "duration": 3600, "chargingRateUnit": "W"}
    )
    assert [
        (p["startPeriod"], p["limit"]) for p in total["chargingSchedule"]["chargingSchedulePeriod"]
    ] == [(0, 13800.0), (1800, 8487.0)]


def test_a_power_cut_in_mid_charge_keeps_profiles_transaction_and_limit(start_station, central):
    station = start_station(clock={"at": NOON, "frozen": True})
    charge(station, central)
    transaction = station.wait_until(lambda s: s["connectors"][0]["transaction"]["id"] is not None)[
        "connectors"
    ][0]["transaction"]
    assert set_profile(central, id=1, periods=((0, 20),)) == "Accepted"
    assert (
        set_profile(
            central,
            id=2,
            level=3,
            purpose="TxProfile",
            periods=((0, 7),),
            transactionId=transaction["id"],
        )
        == "Accepted"
    )
    wh = station.connector()["meter"]["wh"]
    station.kill()
    boots = len(central.seen("BootNotification"))
    station.start_fields["vehicles"] = [{"connector": 1, "amps": 32, "phases": 3}]
    station.start()
    state = station.wait_until(lambda s: s["connectors"][0]["contactor"]["closed"])
    assert state["connectors"][0]["transaction"] == transaction
    assert state["connectors"][0]["limit"]["amps"] == 7.0
    assert state["connectors"][0]["meter"]["wh"] >= wh
    station.wait_until(lambda s: s["registered"])
    assert len(central.seen("BootNotification")) == boots + 1
    station.cmd("swipe", tag="TAG", connectors=[1])
    stop = central.wait_for("StopTransaction")
    assert stop.payload["transactionId"] == transaction["id"] and stop.payload["reason"] == "Local"
    assert len(central.seen("StartTransaction")) == 1
    station.wait_until(lambda s: s["connectors"][0]["limit"]["amps"] == 20.0)


def test_without_the_network_the_schedule_goes_on_and_nothing_is_lost(start_station, central):
    station = start_station(
        clock=FROZEN, keys={"MeterValueSampleInterval": "60", "WebSocketPingInterval": "0"}
    )
    station.wait_until(lambda state: state["registered"])
    set_profile(central, periods=((0, 16), (43200 + 120, 8)))
    charge(station, central)
    offered(station, 16.0)
    seen = len(central.messages)
    station.cmd("link", up=False)
    station.wait_until(lambda state: not state["connected"])
    station.cmd("clock", advance_s=300)
    station.wait_until(lambda state: state["now"] == "2025-06-15T12:05:00Z")
    offered(station, 8.0)
    assert station.connector()["contactor"]["closed"]
    station.cmd("swipe", tag="TAG", connectors=[1])
    station.wait_until(lambda state: state["connectors"][0]["transaction"] is None)
    station.cmd("link", up=True)
    stop = central.wait_for("StopTransaction", timeout=20)
    assert stop.payload["timestamp"] == "2025-06-15T12:05:00Z"
    assert len(central.seen("MeterValues", since=seen)) == 5
    assert len(central.seen("BootNotification")) == 1


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_two_connectors_share_the_limit_of_the_charge_point(start_station, central):
    station = start_station(connectors=[{"id": 1}, {"id": 2}])
    station.wait_until(lambda state: state["registered"])
    set_profile(central, 0, purpose="ChargePointMaxProfile", periods=((0, 20),))
    charge(station, central, 1, "A")
    offered(station, 20.0, 1)
    station.cmd("plug_in", connector=2, amps=32, phases=3)
    time.sleep(1)
    station.cmd("swipe", tag="B", connectors=[2])

    worst = 0.0
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        connectors = station.state()["connectors"]
        worst = max(worst, sum(c["meter"]["amps"] for c in connectors))
        if connectors[1]["contactor"]["closed"] and connectors[1]["meter"]["amps"] == 10:
            break
    assert worst <= 20.0
    assert [c["limit"]["amps"] for c in station.state()["connectors"]] == [10.0, 10.0]


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
def test_reset_ends_with_the_exit_code_that_asks_for_a_restart(start_station, central, kind):
    station = start_station()
    charge(station, central)
    assert central.call("Reset", {"type": kind}) == {"status": "Accepted"}
    assert station.wait_exit() == 75
    assert central.wait_for("StopTransaction").payload["reason"] == kind + "Reset"


def test_bad_input_is_answered_and_the_station_goes_on(station, central):
    station.wait_until(lambda state: state["registered"])
    assert set_profile(central, periods=((0, 9),)) == "Accepted"
    limit = station.connector()["limit"]
    for text in (
        "",
        "no json",
        "[2,",
        "[]",
        "{}",
        '[2,"a"]',
        '[2,"b","SetChargingProfile",{}]',
        '[2,"c","Frobnicate",{}]',
        '[2,"d","SetChargingProfile",{"connectorId":"1","csChargingProfiles":{}}]',
        '[2,"e","SetChargingProfile",'
        + json.dumps({"connectorId": 7, "csChargingProfiles": profile()})
        + "]",
        '[3,"nobody",{}]',
        '[4,"nobody","x","",{}]',
        '[2,"' + "x" * 300 + '","Reset",{"type":"Soft"}]',
        '[2,"f","Reset",{"type":"Gentle"}]',
        "[" * 5000,
        b"binary",
    ):
        central.inject(text)
    codes = {m.id: m.code for m in _errors(central, 5)}
    assert (
        codes["b"] == "FormationViolation"
        and codes["c"] == "NotImplemented"
        and codes["d"] == "TypeConstraintViolation"
    )
    assert (
        codes["e"] == "PropertyConstraintViolation" and codes["f"] == "PropertyConstraintViolation"
    )
    assert station.connector()["limit"] == limit
    assert (
        central.call("GetCompositeSchedule", {"connectorId": 1, "duration": 0})["status"]
        == "Accepted"
    )


def _errors(central, at_least):
    deadline = time.monotonic() + 10
    while True:
        found = [m for m in central.messages if not m.to_station and m.kind == 4]
        if len(found) >= at_least and {"b", "c", "d", "e", "f"} <= {m.id for m in found}:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_pilot_faults_open_the_contactor_and_are_reported(station, central):
    charge(station, central)
    station.cmd("pilot", connector=1, fault="short")
    station.wait_until(lambda s: not s["connectors"][0]["contactor"]["closed"], timeout=1)
    report = central.wait_for("StatusNotification", lambda p: p["status"] == "Faulted")
    assert (
        report.payload["errorCode"] == "EVCommunicationError"
        and report.payload["vendorErrorCode"] == "short"
    )
    station.cmd("fault", connector=1, code="GroundFailure", active=True)
    central.wait_for("StatusNotification", lambda p: p["errorCode"] == "GroundFailure")


def test_a_cable_limits_what_is_offered(station, central):
    charge(station, central)
    station.cmd("cable", connector=1, amps=13)
    offered(station, 13.0)
    assert station.connector()["limit"]["source"] == "cable"
    station.cmd("cable", connector=1, amps=None)
    offered(station, 32.0)


def test_a_data_transfer_carries_the_reply_back(station, central):
    station.wait_until(lambda state: state["registered"])
    central.answers["DataTransfer"] = {"status": "Accepted", "data": "pong"}
    assert (
        station.cmd("data_transfer", vendor_id="org.example", message_id="m", data="ping")["data"]
        == "pong"
    )


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(),
    reason="CPU time is read from /proc, which this system does not have",
)
def test_an_idle_station_sleeps(station):
    station.wait_until(lambda state: state["registered"])
    launcher = station.process.pid
    interpreter = Path("/proc/%d/task/%d/children" % (launcher, launcher)).read_text().split()[0]

    def cpu_s():
        fields = Path("/proc/%s/stat" % interpreter).read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu_s()
    time.sleep(3)
    assert cpu_s() - before < 0.6


def test_a_station_that_restarts_says_goodbye(micropython, tmp_path):
    """The server hears a close with 1001, not a connection that breaks off."""
    closed = queue.Queue()

    def serving(connection):
        try:
            for text in connection:
                message = json.loads(text)
                if message[0] != 2:
                    continue
                boot = {
                    "status": "Accepted",
                    "currentTime": "2026-01-01T00:00:00Z",
                    "interval": 300,
                }
                connection.send(
                    json.dumps([3, message[1], boot if message[2] == "BootNotification" else {}])
                )
                if message[2] == "BootNotification":
                    connection.send('[2,"reset","Reset",{"type":"Soft"}]')
        except ConnectionClosed:
            pass  # it went before it had its answer
        closed.put(connection.close_code)

    with serve(serving, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "ws://127.0.0.1:%d" % server.socket.getsockname()[1]
        with StationProcess(tmp_path, micropython, csms_url=url) as station:
            assert station.wait_exit() == 75
        assert closed.get(timeout=10) == 1001
        server.shutdown()


def test_a_welded_contactor_is_latched_over_a_power_cut_until_a_person_has_seen_to_it(
    start_station, central
):
    station = start_station()
    charge(station, central)
    station.cmd("contactor", connector=1, stuck="closed")
    station.cmd("ev", connector=1, wants=False)
    report = central.wait_for("StatusNotification", lambda p: p["status"] == "Faulted").payload
    assert (report["errorCode"], report["vendorErrorCode"]) == ("PowerSwitchFailure", "welded")
    assert report["info"].startswith("Live 1") and "replace the contactor" in report["info"]
    seen = len(central.messages)
    station.kill()
    station.start()
    report = central.wait_for(
        "StatusNotification",
        lambda p: p["connectorId"] == 1 and p["status"] == "Faulted",
        since=seen,
    ).payload
    assert report["vendorErrorCode"] == "welded"
    station.cmd("press", button="acknowledge")
    # The residual current monitor is tested meanwhile
    station.wait_until(lambda s: s["loop"]["steps"] > 100)
    station.cmd("clock", advance_s=60)
    central.wait_for(
        "StatusNotification",
        lambda p: p["connectorId"] == 1 and p["status"] != "Faulted",
        since=seen,
    )


def test_heat_lowers_the_limit_and_at_last_stops_the_charge(station, central):
    charge(station, central)
    station.cmd("temperature", celsius=66)
    offered(station, 16.0)
    assert station.connector()["limit"]["source"] == "temperature"
    report = central.wait_for(
        "StatusNotification", lambda p: p["errorCode"] == "HighTemperature"
    ).payload
    assert report["vendorErrorCode"] == "derated" and report["info"].startswith("66 C")
    assert (report["connectorId"], report["status"]) == (0, "Available"), (
        "the connector shows no errorCode while it charges"
    )
    assert station.connector()["status"] == "Charging" and station.connector()["error"] == "NoError"
    station.cmd("temperature", celsius=72)
    report = central.wait_for(
        "StatusNotification", lambda p: p["connectorId"] == 1 and p["status"] == "Faulted"
    ).payload
    assert report["errorCode"] == "HighTemperature" and report["info"].startswith("72 C")
    assert not station.connector()["contactor"]["closed"]


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize(
    "what, code",
    [
        ("leaks", "GroundFailure"),
        ("unearthed", "GroundFailure"),
        ("jammed", "ConnectorLockFailure"),
    ],
)
def test_what_protection_sees_opens_the_contactor_and_is_reported(station, central, what, code):
    charge(station, central)
    station.cmd("broken", connector=1, what=what, broken=True)
    station.wait_until(lambda s: not s["connectors"][0]["contactor"]["closed"], timeout=2)
    assert (
        central.wait_for("StatusNotification", lambda p: p["status"] == "Faulted").payload[
            "errorCode"
        ]
        == code
    )
