"""Simulated stations for your own pytest tests: `from setpoint_station import start_station`.

PYTHONPATH must hold this folder. The module needs Python 3.10 and pytest, and the repository around
it after its set-up (`make setup`). docs/scripting.md explains it and lists the commands.

    station = start_station("cp001", keys={"MeterValueSampleInterval": "1"})
    station.cmd("plug_in", connector=1)      a command of the control channel; its answer
    station.state(), station.connector(1)    what `state` answers, and one connector's part of it
    station.wait_until(lambda state: state["registered"], timeout=10)    that state
    station.log                              the lines that the station has printed
    station.kill(), station.start()          a power cut, and the power comes back
    station.terminate(), station.wait_exit() the exit code; 75 asks for a new start
    station.start_fields["keys"]             the start file of the next start
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator

import pytest

if TYPE_CHECKING:
    from tools.station_process import CommandFailed, StationDied, StationProcess
else:  # by its path: your project may have a package called tools
    _FILE = Path(__file__).resolve().parent.parent / "station_process.py"
    _SPEC = importlib.util.spec_from_file_location("setpoint_station_process", _FILE)
    _MODULE = importlib.util.module_from_spec(_SPEC)
    sys.modules[_SPEC.name] = _MODULE
    _SPEC.loader.exec_module(_MODULE)
    CommandFailed, StationDied = _MODULE.CommandFailed, _MODULE.StationDied
    StationProcess = _MODULE.StationProcess

__all__ = ["CommandFailed", "StationDied", "StationProcess", "start_station"]


@pytest.fixture
def start_station(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., StationProcess]]:
    """start_station(id, **fields of the start file) -> a StationProcess that runs.

    It dials `csms_url`, or the environment's CSMS_URL, or ws://127.0.0.1:9000. It ends with the
    test, and a test that fails shows its log. May be called from several threads.
    """
    stations: list[StationProcess] = []

    def start(charge_point_id: str = "cp001", **fields: Any) -> StationProcess:
        folder = tmp_path / charge_point_id
        folder.mkdir()
        fields.setdefault("csms_url", os.environ.get("CSMS_URL", "ws://127.0.0.1:9000"))
        fields.setdefault("device", {"reconnect": {"minimum_s": 1, "random_s": 0}})
        station = StationProcess(folder, charge_point_id=charge_point_id, **fields)
        stations.append(station)
        station.start(wait_s=60)  # the first one compiles the firmware
        return station

    yield start
    for station in stations:
        station.close()
        log = "\n".join(station.log[-200:])
        request.node.add_report_section("teardown", "log of " + station.folder.name, log)
