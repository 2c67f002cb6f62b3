"""Outages, power cuts and full flash: every transaction arrives once, whole and in order.

That a full journal keeps starts and stops is in portable/test_station_outbox.py: filling it here
would take a minute."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

NOON = "2025-06-15T12:00:00Z"
KEYS = {
    "AllowOfflineTxForUnknownId": "true",
    "MeterValueSampleInterval": "60",
    "WebSocketPingInterval": "0",
}
DAY = json.loads((Path(__file__).parent / "day.json").read_text())
ONLY_64BIT = pytest.mark.parametrize("micropython", ["64bit"], indirect=True)


def after(instant, seconds):
    return (
        datetime.fromisoformat(instant.replace("Z", "")) + timedelta(seconds=seconds)
    ).isoformat() + "Z"


def until(station, instant):
    """Lets time pass up to an instant."""
    here = datetime.fromisoformat(station.state()["now"].replace("Z", ""))
    seconds = int((datetime.fromisoformat(instant.replace("Z", "")) - here).total_seconds())
    if seconds > 0:
        station.cmd("clock", advance_s=seconds)
    station.wait_until(lambda state: state["now"] == instant, 60)


def restart(station, seconds=0, plugged=()):
    """A power cut of so many seconds."""
    now = station.state()["now"]
    station.kill()
    station.start_fields["clock"] = {"at": after(now, seconds), "frozen": True}
    station.start_fields["vehicles"] = [
        {"connector": connector, "amps": 16, "phases": 3} for connector in plugged
    ]
    station.start()


def begin(station, tag, connector=1):
    station.cmd("plug_in", connector=connector, amps=16, phases=3)
    station.wait_until(lambda state: state["connectors"][connector - 1]["pilot"]["state"] == "B")
    station.cmd("swipe", tag=tag, connectors=[connector])
    station.wait_until(lambda state: state["connectors"][connector - 1]["contactor"]["closed"])


def end(station, connector=1):
    station.cmd("plug_out", connector=connector)
    station.wait_until(lambda state: state["connectors"][connector - 1]["transaction"] is None)


def wait_for(central, action, count, timeout=30):
    give_up = time.monotonic() + timeout
    while len(central.seen(action)) < count:
        assert time.monotonic() < give_up, "%d of %s" % (len(central.seen(action)), action)
        time.sleep(0.05)
    time.sleep(0.3)  # the answer; and one that comes twice would come now


def transactions(central):
    """{tag: (start, [meter values], stop)} as payloads, after a look at their order: each once,
    none out of place."""
    found, ids = {}, {}
    for message in central.messages:
        if message.kind != 2 or message.to_station:
            continue
        payload = message.payload
        if message.action == "StartTransaction":
            assert payload["idTag"] not in found, "started twice"
            key = tuple(
                str(payload.get(name))
                for name in ("connectorId", "idTag", "meterStart", "timestamp")
            )
            ids[central.transactions[key]] = payload["idTag"]
            found[payload["idTag"]] = [payload, [], None]
        elif message.action == "MeterValues":
            started = found[ids[payload["transactionId"]]]
            assert started[2] is None, "meter values after the end"
            started[1].append(payload)
        elif message.action == "StopTransaction":
            started = found[ids[payload["transactionId"]]]
            assert started[2] is None, "stopped twice"
            started[2] = payload
    for tag, (start, values, stop) in found.items():
        assert stop is not None, tag
        times = [
            start["timestamp"],
            *(value["meterValue"][0]["timestamp"] for value in values),
            stop["timestamp"],
        ]
        assert times == sorted(times), (tag, times)
        assert len(set(times[1:-1])) == len(values), "meter values twice"
        register = [
            start["meterStart"],
            *(int(value["meterValue"][0]["sampledValue"][0]["value"]) for value in values),
            stop["meterStop"],
        ]
        assert register == sorted(register), (tag, register)
    return found


def test_three_sessions_of_an_outage_arrive_after_a_power_cut(start_station, central):
    station = start_station(
        clock={"at": NOON, "frozen": True}, keys=KEYS, connectors=[{"id": 1}, {"id": 2}]
    )
    station.wait_until(lambda state: state["registered"])
    station.cmd("link", up=False)
    station.wait_until(lambda state: not state["connected"])
    begin(station, "A", 1)
    begin(station, "B", 2)
    until(station, "2025-06-15T12:20:00Z")
    end(station, 1)
    begin(station, "C", 1)
    until(station, "2025-06-15T12:50:00Z")
    end(station, 2)
    central.stop()
    restart(station, 60, plugged=[1])
    state = station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    assert state["connectors"][0]["transaction"]["id_tag"] == "C"
    until(station, "2025-06-15T13:00:00Z")
    end(station, 1)
    restart(station)
    central.start()
    wait_for(central, "StopTransaction", 3)
    found = transactions(central)
    assert sorted(found) == ["A", "B", "C"]
    assert (
        found["A"][0]["timestamp"] == "2025-06-15T12:00:00Z"
        and found["A"][2]["timestamp"] == "2025-06-15T12:20:00Z"
    )
    assert len(found["A"][1]) == 20 and len(found["B"][1]) == 50
    assert 30 + 3 <= len(found["C"][1]) <= 40, "the power cut may take five minutes of samples"
    assert (
        station.wait_until(lambda state: state["registered"])["connectors"][0]["transaction"]
        is None
    )


@pytest.mark.parametrize("resumes", ["true", "false"])
def test_power_fails_in_mid_charge(start_station, central, resumes):
    station = start_station(
        clock={"at": NOON, "frozen": True},
        keys={**KEYS, "ResumeTransactionAfterPowerLoss": resumes},
    )
    station.wait_until(lambda state: state["registered"])
    begin(station, "A")
    until(station, "2025-06-15T12:10:00Z")
    wh = station.connector()["meter"]["wh"]
    wait_for(central, "MeterValues", 10)
    restart(station, 120, plugged=[1])
    station.wait_until(lambda state: state["registered"])
    if resumes == "true":
        station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
        until(station, "2025-06-15T12:20:00Z")
        end(station)
    wait_for(central, "StopTransaction", 1)
    start, values, stop = transactions(central)["A"]
    if resumes == "true":
        assert stop["reason"] == "EVDisconnected" and stop["timestamp"] == "2025-06-15T12:20:00Z"
        assert len(values) == 18
    else:
        assert stop["reason"] == "PowerLoss" and stop["timestamp"] == "2025-06-15T12:12:00Z"
        assert wh - 1 <= stop["meterStop"] <= wh + 1 and len(values) == 10
        assert not station.connector()["contactor"]["closed"]


@ONLY_64BIT
def test_sessions_go_on_while_the_flash_is_full_and_arrive(start_station, central):
    station = start_station(clock={"at": NOON, "frozen": True}, keys=KEYS)
    station.wait_until(lambda state: state["registered"])
    begin(station, "A")
    central.wait_for("StartTransaction")
    station.cmd("link", up=False)
    station.wait_until(lambda state: not state["connected"])
    station.cmd("flash", after_writes=1, mode="full")
    until(station, "2025-06-15T12:30:00Z")
    end(station)
    begin(station, "B")
    until(station, "2025-06-15T12:40:00Z")
    station.cmd("link", up=True)
    central.wait_for("StartTransaction", lambda payload: payload["idTag"] == "B", timeout=20)
    station.cmd("flash", mode=None)
    end(station)
    wait_for(central, "StopTransaction", 2)
    assert sorted(transactions(central)) == ["A", "B"]
    assert [line for line in station.log if "cannot be written" in line]


def play_the_day(start_station, central, **more):
    """day.json at a central system: what happens to the station, and what must have arrived in the
    evening."""
    keys = {**KEYS, "MeterValueSampleInterval": "300", **more.pop("keys", {})}
    station = start_station(
        clock={"at": DAY["clock"], "frozen": True},
        keys=keys,
        connectors=[{"id": 1}, {"id": 2}],
        **more,
    )
    station.wait_until(lambda state: state["registered"])
    for at, step, arguments in DAY["steps"]:
        until(station, "%sT%sZ" % (DAY["clock"][:10], at))
        if step == "power cut":
            restart(station, arguments["s"], arguments["plugged"])
        else:
            station.cmd(step, **arguments)
        if arguments.get("up", True):
            station.wait_until(lambda state: state["registered"] or not state["connected"], 20)
    wait_for(central, "StopTransaction", 6)
    found = transactions(central)
    assert sorted(found) == ["A", "B", "C", "D", "E", "F"]
    for tag, (start, values, stop) in found.items():
        seconds = (
            datetime.fromisoformat(stop["timestamp"][:-1])
            - datetime.fromisoformat(start["timestamp"][:-1])
        ).total_seconds()
        # The power cut takes one that was not sent yet, and the interval begins anew after it.
        assert seconds // 300 - 3 <= len(values) <= seconds // 300 + 1, (tag, len(values), seconds)
        assert stop["meterStop"] > start["meterStart"]
    assert len(central.seen("BootNotification")) == 2
    return station


@ONLY_64BIT
def test_a_whole_day_with_outages_and_a_power_cut_shows_every_transaction_exactly_once(
    start_station, central
):
    play_the_day(start_station, central)


def longest_profile(number, amps):
    """The number-th of 50 that hold beside one another on four connectors: (connector, profile)."""
    connector, level = divmod(number % 50, 9)
    amps *= 1 if connector < 5 else 4  # no sharing
    periods = [{"startPeriod": 900 * i, "limit": amps + i % 7 + 0.1 * (i % 9)} for i in range(96)]
    profile = {
        "chargingProfileId": 1000 + number,
        "stackLevel": level,
        "chargingProfilePurpose": "TxDefaultProfile" if connector < 5 else "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": NOON,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    }
    return connector % 5, profile


def test_on_the_flash_of_a_small_chip_the_most_profiles_leave_room_for_the_journal(
    start_station, central, tmp_path
):
    """448 KB for files, as boards/images/partitions-4MiB.csv leaves. Each profile is as long as it
    may be, and written twice, so that there would be last good copies."""
    store = tmp_path / "station" / "store"
    store.mkdir(parents=True)
    (store / "flash.img").write_bytes(b"\xff" * 4096 * 112)
    connectors = [{"id": number} for number in (1, 2, 3, 4)]
    clock = {"at": NOON, "frozen": True}
    sampled = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Temperature"
    keys = {**KEYS, "MeterValueSampleInterval": "20", "MeterValuesSampledData": sampled}
    station = start_station(store="store", connectors=connectors, keys=keys, clock=clock)
    station.wait_until(lambda state: state["registered"])
    for amps in (20, 16):
        for number in range(50):
            connector, profile = longest_profile(number, amps)
            sent = {"connectorId": connector, "csChargingProfiles": profile}
            assert central.call("SetChargingProfile", sent) == {"status": "Accepted"}, number
    station.cmd("link", up=False)
    for connector in (1, 2):
        begin(station, "CARD%d" % connector, connector)
    for _ in range(8):
        until(station, after(station.state()["now"], 3600))
    for connector in (1, 2):
        end(station, connector)
    assert not [line for line in station.log if " error " in line], station.log
    restart(station)
    for connector in (1, 2):
        central.wait_for(
            "StartTransaction", lambda p, n=connector: p["idTag"] == "CARD%d" % n, timeout=120
        )
    while len(central.seen("StopTransaction")) < 2:
        central.wait_for("StopTransaction", since=len(central.messages) - 1, timeout=120)
    assert all(stop.payload["meterStop"] > 0 for stop in central.seen("StopTransaction"))
