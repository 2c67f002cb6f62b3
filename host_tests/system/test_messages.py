"""What a station and the tools say when something is wrong: with what it is about, and once."""

import json
import socket
import subprocess

import pytest

from tools import provision
from tools.station_process import ROOT, StationProcess


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


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
def test_a_misspelt_field_ends_the_start_with_one_sentence(tmp_path, micropython):
    (tmp_path / "start.json").write_text(json.dumps({"csms_ulr": "ws://central:9000"}))
    command = [str(ROOT / "tools" / "station"), "--micropython", *micropython]
    command.append(str(tmp_path / "start.json"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and done.stdout == "", done.stdout
    assert done.stderr == "The field csms_ulr is unknown: did you mean csms_url?\n"


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
