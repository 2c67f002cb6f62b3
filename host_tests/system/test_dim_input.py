"""The grid operator's contact on the whole station: less current within a second, and a record in
flash that a power cut does not take away."""

import pytest

from faults.scenes import dim_lines
from tools.station_process import CommandFailed

DIM = {"watts": 4200}


def limit(state):
    return state["connectors"][0]["limit"]


def test_the_contact_dims_a_charge_and_each_event_is_in_flash(start_station, tmp_path):
    station = start_station(device={"dim": DIM})
    station.wait_until(lambda state: state["registered"] and state["dimmed"] is False)
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 32, 30)
    station.cmd("dim", active=True)
    state = station.state()
    assert state["dimmed"] is True and limit(state)["amps"] == 6, "the answer comes after it"
    assert (limit(state)["source"], limit(state)["reason"]) == ("dim", "dim input: 4200 W in all")
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] == 6, 30)
    station.cmd("dim", active=False)
    station.cmd("clock", advance_s=61)
    station.wait_until(lambda state: limit(state)["amps"] == 32 and not state["dimmed"], 20)
    station.kill()
    assert [line[20:] for line in dim_lines(station.folder)] == [" begin", " end"]


def test_a_station_without_the_contact_refuses_the_command(start_station):
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    assert station.state()["dimmed"] is None
    with pytest.raises(CommandFailed, match="no device.dim"):
        station.cmd("dim", active=True)
