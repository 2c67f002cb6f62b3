"""tools/station_process against a real station: it starts, answers, dies and starts again."""

import pytest

from tools.station_process import CommandFailed, StationDied

pytestmark = pytest.mark.parametrize("micropython", ["64bit"], indirect=True)


def test_a_station_says_hello_and_answers(station):
    assert station.hello == {"hello": 1, "connectors": 1}
    assert station.state()["connectors"][0]["status"] == "Available"
    assert station.connector(1)["id"] == 1
    assert any("Setpoint" in line for line in station.log)


def test_a_command_that_the_station_refuses_says_why(station):
    with pytest.raises(CommandFailed, match="dance"):
        station.cmd("dance")
    assert station.state()["ok"]


def test_a_state_that_does_not_come_is_shown(station):
    with pytest.raises(TimeoutError, match='"status": "Available"'):
        station.wait_until(lambda state: False, timeout=0.2)


def test_a_killed_station_is_noticed_and_starts_again_with_its_store(station, central):
    station.kill()
    assert station.exit_code == -9
    with pytest.raises(StationDied):
        station.state()
    station.start()
    station.wait_until(lambda state: state["registered"])
    assert len(central.seen("BootNotification")) == 2


def test_a_terminated_station_ends_well(station):
    assert station.terminate() == 0


def test_a_station_that_cannot_start_says_so(start_station):
    with pytest.raises(StationDied, match="exit code"):
        start_station(clock={"at": "nonsense"})
