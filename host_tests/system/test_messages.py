"""What a station and the tools say when something is wrong: with what it is about, and once."""

import pytest
from nobody import closed_port

from tools import provision
from tools.station_process import StationProcess


@pytest.fixture
def log_of(tmp_path, micropython):
    """log_of(url) -> the first sentence of a station's link that is about no connection."""
    stations = []

    def first_complaint(url):
        station = StationProcess(tmp_path, micropython, csms_url=url)
        stations.append(station)
        station.start()
        station.wait_until(lambda _: any(" warn  link " in line for line in station.log))
        line = next(line for line in station.log if " warn  link " in line)
        return line.partition("link     ")[2]

    yield first_complaint
    for station in stations:
        station.close()


def test_no_connection_names_the_url_and_the_host(log_of):
    port = closed_port()
    said = log_of("ws://localhost:%d/ocpp" % port)
    assert said.startswith(
        "no connection to ws://localhost:%d/ocpp/cp001: nobody listens at localhost port %d "
        "(ECONNREFUSED); next try in " % (port, port)
    ), said


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_host_that_nobody_knows_is_named(log_of):
    said = log_of("ws://no-such-host.invalid:9000")
    assert said.startswith(
        "no connection to ws://no-such-host.invalid:9000/cp001: "
        "no address is known of no-such-host.invalid ("
    ), said


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_misspelt_field_is_ignored_and_the_log_names_the_right_one(start_station):
    station = start_station(basic_aut="secret")
    assert [line.partition("warn  ")[2] for line in station.log if "did you mean" in line] == [
        "board    The field basic_aut is unknown and ignored: did you mean basic_auth?"
    ]


def test_provision_tells_the_reason_of_a_failed_step_once(monkeypatch):
    class Board:
        def run(self, definition):
            pass

        def follow(self, last, heard, within_s):
            for line in ("ok wifi joined Home", "no tcp host takes no connection", "end"):
                heard(line)

    said = []
    with pytest.raises(provision.Failure) as failure:
        provision.try_it(Board(), said.append)
    assert (" ".join(said) + str(failure.value)).count("takes no connection") == 1
    assert said[-1].split() == ["tcp", "FAILED"]
