"""The house limit on the whole station: a simulated meter at the grid connection, and a kettle."""

import pytest

MAINS = {"fuse_amps": 25, "house": [2, 4, 2]}


def charge(station, connector=1):
    station.cmd("plug_in", connector=connector, amps=32, phases=3)
    station.cmd("swipe", tag="TAG%d" % connector, connectors=[connector])
    station.wait_until(lambda state: state["connectors"][connector - 1]["contactor"]["closed"], 30)


def limit(state, connector=1):
    return state["connectors"][connector - 1]["limit"]


def test_a_kettle_lowers_the_limit_and_the_limit_comes_back(start_station):
    station = start_station(device={"mains": MAINS})
    station.wait_until(lambda state: state["registered"])
    assert limit(station.state())["amps"] == 6, "until the meter was heard for a while"
    station.cmd("clock", advance_s=40)
    # 25 A less 4 A of the house on L2, and 1 A to spare
    station.wait_until(lambda state: limit(state)["amps"] == 20, 20)
    said = limit(station.state())
    assert (said["source"], said["reason"]) == ("house", "house, L2")
    charge(station)
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 20, 20)
    station.cmd("mains", amps=[15, 4, 2])
    station.wait_until(lambda state: limit(state)["amps"] == 9, 10)
    assert limit(station.state())["reason"] == "house, L1"
    station.wait_until(
        lambda _: any("connector 1: 9.0 A, house, L1" in line for line in station.log)
    )
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 9, 20)
    station.cmd("mains", amps=[2, 4, 2])
    station.cmd("clock", advance_s=40)
    station.wait_until(lambda state: limit(state)["amps"] == 20, 20)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_full_house_pauses_the_charge_and_a_silent_meter_leaves_six_amperes(
    start_station, central
):
    station = start_station(device={"mains": MAINS}, connectors=[{"id": 1}, {"id": 2}])
    station.wait_until(lambda state: state["registered"])
    station.cmd("clock", advance_s=40)
    charge(station)
    charge(station, 2)
    station.cmd("mains", amps=[26, 4, 2])
    station.wait_until(lambda state: limit(state)["amps"] == limit(state, 2)["amps"] == 0, 10)
    central.wait_for("StatusNotification", lambda payload: payload["status"] == "SuspendedEVSE")
    station.cmd("mains", amps=[2, 4, 2])
    station.cmd("clock", advance_s=240)
    station.wait_until(lambda state: limit(state)["amps"] < 6, 20)
    station.cmd("clock", advance_s=150)
    station.wait_until(lambda state: limit(state)["amps"] == limit(state, 2)["amps"] == 10, 20)
    assert limit(station.state())["reason"] == "its share of house, L2"
    station.cmd("mains", silent=True)
    station.wait_until(lambda state: limit(state)["amps"] + limit(state, 2)["amps"] == 6, 30)
    assert "house, its meter is silent" in limit(station.state())["reason"]
    central.wait_for(
        "StatusNotification",
        lambda payload: (
            payload["connectorId"] == 0
            and payload["errorCode"] == "PowerMeterFailure"
            and payload["vendorErrorCode"] == "mains_meter"
        ),
    )
    assert all(c["status"] != "Faulted" for c in station.state()["connectors"])


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_command_for_a_meter_that_is_not_there_changes_nothing(start_station):
    station = start_station()
    for fields in ({"amps": [1, 2, 3]}, {"silent": True}):
        with pytest.raises(Exception, match="device.mains"):
            station.cmd("mains", **fields)
