"""What a system test starts from: an interpreter, a central system, stations. All traffic is judged
when a test ends.

    def test_something(central, start_station):
        station = start_station(keys={"MeterValueSampleInterval": "1"})
        station.cmd("plug_in", connector=1, amps=32, phases=3)
        central.wait_for("StatusNotification", lambda payload: payload["status"] == "Preparing")

A test that asks for `micropython` runs twice, on the 64-bit and on the 32-bit interpreter. One that
asks for a station runs on the 32-bit one, which is the station as a board has it; with --both on both,
and where there can be no 32-bit one on the other.
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True) says which. MICROPYTHON=path and
MICROPYTHON32=path name other interpreters."""

import pytest
from interpreters import can_have_32bit, command_of
from page_bench import chromium, own_station, visit  # noqa: F401

from tools.central_system import CentralSystem
from tools.station_process import StationProcess
from tools.traffic import readable, violations


def pytest_generate_tests(metafunc):
    if "micropython" not in metafunc.fixturenames or any(
        "micropython" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    ):
        return
    which = ["64bit", "32bit"]
    if "start_station" in metafunc.fixturenames and not metafunc.config.getoption("both"):
        which = which[1:] if can_have_32bit() else which[:1]
    metafunc.parametrize("micropython", which, indirect=True)


@pytest.fixture
def micropython(request) -> "list[str]":
    """The command of an interpreter."""
    return command_of(request.param[:2])


@pytest.fixture
def central(request):
    """A central system on a free port. At the end the official schemas judge what it saw, in both
    directions."""
    with CentralSystem() as system:
        yield system
        messages = list(system.messages)
    request.node.add_report_section(
        "teardown", "OCPP traffic", "\n".join(map(readable, messages[-200:]))
    )
    faults = violations(messages)
    assert not faults, "messages that OCPP 1.6 does not allow:\n" + "\n".join(faults)


@pytest.fixture
def start_station(request, tmp_path, micropython, central):
    """start_station(**fields of the start file) -> a StationProcess that has said hello and dials
    `central`."""
    stations = []

    def start(name: str = "station", **fields) -> StationProcess:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        device = {"reconnect": {"minimum_s": 1, "random_s": 0}, **fields.pop("device", {})}
        options = {key: fields.pop(key) for key in ("heap",) if key in fields}
        fields.setdefault("csms_url", central.url)
        station = StationProcess(folder, micropython, **options, device=device, **fields)
        stations.append(station)
        station.start()
        return station

    yield start
    for station in stations:
        station.close()
        request.node.add_report_section(
            "teardown", "log of " + station.folder.name, "\n".join(station.log[-200:])
        )


@pytest.fixture
def station(start_station, central):
    """A station as it comes, registered at the central system."""
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    return station
