"""UpdateFirmware on a board whose program lies in a folder: the played board, with its own boot.py
and flash, updates itself from /a into /b."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from datetime import datetime, timezone

import pytest
from file_server import FileServer

from faults.boards_played import PlayedBoard, on_flash
from faults.test_update import PlayedStation, variant
from tools import build, update
from tools.command import BOARDS
from tools.station_process import RESET, StationProcess

_RESTARTS = (RESET, -signal.SIGUSR1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds")
    whole = build.build(BOARDS / "simulated", folder / "made")
    return {word: variant(whole, folder / word, word) for word in ("one", "two")}


@pytest.fixture
def played(tmp_path, micropython, central, made):
    """A station that runs version "one" from /a."""
    folder = tmp_path / "board"
    board = PlayedBoard(folder, micropython)
    board.format(on_flash(made["one"], "a", 4), 640)
    device = {"reconnect": {"minimum_s": 0, "random_s": 0}}
    # What the simulated board keeps on this machine is made first: a played board cannot
    station = StationProcess(folder, micropython, csms_url=central.url, device=device)
    with closing(station):
        station.start(60)
        station.kill()
        station.__class__, station.start_fields["store"] = PlayedStation, "flash"
        station.start(60)
        station.wait_until(lambda state: state["registered"], 60)
        yield board, station


def wait_for(central, status):
    central.wait_for(
        "FirmwareStatusNotification", lambda payload: payload["status"] == status, timeout=120
    )


def ask(central, url):
    now = datetime.now(timezone.utc).isoformat()
    request = {"location": url, "retrieveDate": now, "retries": 0}
    assert central.call("UpdateFirmware", request) == {}


def restarts(board, station):
    assert station.wait_exit(60) in _RESTARTS
    (board.folder / "cause").write_text("2")
    station.log.clear()
    station.start(60)


def booted(station):
    return [line.split()[2] for line in station.log if line.startswith("boot: Setpoint")]


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_program_is_updated_into_the_other_folder(played, central, made):
    board, station = played
    with closing(FileServer()) as server:
        server.files["/two"] = update.of_build(made["two"])
        ask(central, server.url + "/two")
        wait_for(central, "Installing")
    restarts(board, station)
    wait_for(central, "Installed")
    assert booted(station) == ["two"]
    station.kill()
    files = board.files()
    for name, (size, _) in made["two"].files.items():
        assert len(files["/b/" + name]) == size, name
    assert files["/b/complete"].split()[0] == b"5"
    assert json.loads(files["/b/manifest.json"])["version"] == "two"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_program_that_crashes_gives_way_to_the_one_before_and_that_is_told(
    played, central, made, tmp_path
):
    board, station = played
    broken = variant(made["two"], tmp_path / "broken", "broken")
    main = broken.program / "main.py"
    main.write_text("import machine\nmachine.reset()\n")
    with closing(FileServer()) as server:
        server.files["/broken"] = update.of_build(broken)
        ask(central, server.url + "/broken")
        wait_for(central, "Installing")
        assert station.wait_exit(60) in _RESTARTS
    (board.folder / "cause").write_text("2")
    for _ in range(3):
        assert "boot: Setpoint broken" in board.start()[1]
    station.log.clear()
    station.start(60)
    wait_for(central, "InstallationFailed")
    assert booted(station)[-1] == "one"
