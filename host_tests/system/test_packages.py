"""package.json and package-schedule.json: the tree, and what MicroPython's own mip makes of them
from a server on this machine.

On the 64-bit interpreter: the mip in Debian's 32-bit MicroPython 1.25 does not know paths that are
relative to the list."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest

from faults.boards_played import PlayedBoard
from tools import station_process
from tools.command import ROOT
from tools.packages import SCHEDULE, files, lists
from tools.station_process import micropython


@pytest.fixture(scope="module")
def server():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(ROOT))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:%d" % server.server_address[1]
        server.shutdown()


def installed(server, name, target, then) -> str:
    """What `then` prints on MicroPython, which has installed a list into the folder `target` and
    imports from there alone."""
    code = "import sys, mip\nmip.install(%r, target=%r)\nsys.path[:] = [%r, '.frozen']\n%s" % (
        server + "/" + name,
        str(target),
        str(target),
        then,
    )
    done = subprocess.run(
        [*station_process.micropython(), "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "Done" in done.stdout, done.stdout + done.stderr
    return done.stdout.split("Done\n")[1]


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_lists_are_those_of_the_tree():
    for name, text in lists().items():
        assert (ROOT / name).read_text() == text, "%s is not of this tree: run make packages" % name


def test_the_scheduler_alone_installs_and_answers(server, tmp_path):
    then = """
from setpoint.scheduler import Scheduler, Supply
scheduler = Scheduler(Supply(230, 3, False, 320))
schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.5}]}
profile = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative"}
profile["chargingSchedule"] = schedule
conf, reason = scheduler.set_charging_profile({"connectorId": 1, "csChargingProfiles": profile}, 0)
assert conf == {"status": "Accepted"}, reason
print(scheduler.limit_at(1, 0)[0], len(scheduler.documents()))
"""
    assert installed(server, "package-schedule.json", tmp_path, then).strip() == "85 1"
    tree = files_in(ROOT / "firmware")
    assert files_in(tmp_path) == {path: tree[path] for path in files(SCHEDULE)}


def test_mpremote_installs_the_scheduler_onto_a_board_without_a_server(tmp_path):
    board = PlayedBoard(tmp_path / "board", micropython())
    board.format({})
    board.power_up()
    board.wait_for(b">>> ")
    command = [
        "connect",
        board.port,
        "resume",
        "mip",
        "install",
        "--target=/lib",
        "package-schedule.json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    board.power_off()
    assert done.returncode == 0, done.stdout + done.stderr
    tree = files_in(ROOT / "firmware")
    assert board.files() == {"/lib/" + path: tree[path] for path in files(SCHEDULE)}


def test_the_whole_agent_installs(server, tmp_path):
    then = "import setpoint.app, setpoint.board, setpoint.inspection\nprint(setpoint.__version__)"
    printed = installed(server, "package.json", tmp_path, then)
    assert printed.strip() in (ROOT / "firmware/setpoint/__init__.py").read_text()
    tree = files_in(ROOT / "firmware")
    for path, content in files_in(tmp_path).items():
        assert tree[path] == content
    assert (tmp_path / "main.py").exists() and (tmp_path / "setpoint/board/esp32/board.py").exists()
