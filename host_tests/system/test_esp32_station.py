"""The firmware as it ships to an ESP32, on MicroPython and on the model of the chip, at a real
central system."""

import json
import shutil
import socket
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from certificates import Authority, server_context
from file_server import FileServer
from page_interface import Judged

from tools.compiled import ROOT, program_for

BOARD = ROOT / "boards" / "esp32_devkitc" / "board.json"


class Esp32:
    """The station as a process; `say` what happens outside, `wait_for` what it does."""

    def __init__(self, micropython: "list[str]", folder: Path, url: str, **identity) -> None:
        shutil.copy(BOARD, folder)
        identity = {
            "csms_url": url,
            "charge_point_id": "cp001",
            "wifi": {"ssid": "home", "password": "secret"},
            **identity,
        }
        (folder / "identity.json").write_text(
            json.dumps({**identity, "reconnect": {"minimum_s": 1, "random_s": 0}})
        )
        command = [
            *micropython,
            str(Path(__file__).with_name("esp32_station.py")),
            program_for(micropython, "esp32"),
            str(folder),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: "list[str]" = []
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def say(self, line: str) -> int:
        """-> where the lines begin that come after."""
        since = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return since

    def wait_for(self, words: str, since: int = 0, timeout_s: float = 15) -> None:
        until = time.monotonic() + timeout_s
        with self._news:
            while True:
                if any(words in line for line in self.lines[since:]):
                    return
                if not self._news.wait(until - time.monotonic()) and time.monotonic() > until:
                    raise AssertionError("no %r in\n%s" % (words, "\n".join(self.lines)))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def esp32(micropython, tmp_path, central):
    station = Esp32(micropython, tmp_path, central.url)
    yield station
    station.close()


def test_a_charge_on_the_model_of_the_chip(esp32, central):
    esp32.wait_for("Wi-Fi: 127.0.0.1")
    central.wait_for(
        "BootNotification", lambda payload: payload["chargePointModel"] == "esp32_devkitc"
    )
    esp32.wait_for("contactor 0 duty 65535")
    esp32.say("plug")
    central.wait_for("StatusNotification", lambda payload: payload["status"] == "Preparing")
    carded = esp32.say("card TAG")
    esp32.wait_for("contactor 0 duty 17476", carded)
    esp32.wait_for("contactor 1 duty 17476", carded)
    central.wait_for("StatusNotification", lambda payload: payload["status"] == "Charging")
    unplugged = esp32.say("unplug")
    esp32.wait_for("contactor 0 duty 65535", unplugged)
    central.wait_for("StopTransaction", lambda payload: payload["reason"] == "EVDisconnected")


def test_wifi_that_comes_back_brings_the_central_system_back(esp32, central):
    central.wait_for("BootNotification")
    esp32.wait_for("Wi-Fi lost", esp32.say("wifi 0"))
    esp32.wait_for("connected to", esp32.say("wifi 1"))


def test_diagnostics_leave_the_model_of_the_chip_with_tls_and_without(
    micropython, tmp_path, central
):
    (tmp_path / "authority").mkdir()
    authority = Authority(tmp_path / "authority", "ca")
    context = server_context(authority.sign("files", names=["127.0.0.1"]))
    tls = {"ca_file": str(authority.cert)}
    with closing(Esp32(micropython, tmp_path, central.url, tls=tls)):
        central.wait_for("StatusNotification", lambda payload: payload["connectorId"] == 1)
        for given in (None, context):
            with closing(FileServer(given)) as server:
                since = len(central.messages)
                request = {"location": server.url + "/in", "retries": 0}
                assert central.call("GetDiagnostics", request) == {"fileName": "in"}
                central.wait_for(
                    "DiagnosticsStatusNotification",
                    lambda payload: payload["status"] == "Uploaded",
                    since=since,
                    timeout=30,
                )
                content = server.uploads[-1].body
                assert b" on esp32_devkitc\n" in content and b"\nlog\n" in content
                assert b"secret" not in content and b"home" not in content


def test_the_page_is_there_at_its_name_and_address_while_there_is_wi_fi(
    micropython, tmp_path, central
):
    password = "quiet-otter-79"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = {"password": password, "port": port}
    with closing(Esp32(micropython, tmp_path, central.url, page=page)) as station:
        station.wait_for("http://setpoint-abcd.local:%d/" % port)
        station.wait_for("Wi-Fi: 127.0.0.1")
        asked = Judged("http://127.0.0.1:%d/" % port, password)
        state = asked.get("state")
        assert state["station"]["model"] == "esp32_devkitc"
        token = {"Authorization": "Bearer " + asked.token}
        for host, status in (
            ("setpoint-abcd.local", 200),
            ("SETPOINT-ABCD:%d" % port, 200),
            ("setpoint-abce.local", 421),
            ("localhost", 421),
        ):
            assert asked.ask("GET", "/api/state", None, {**token, "Host": host})[0] == status, host
        station.say("plug")
        central.wait_for("StatusNotification", lambda told: told["status"] == "Preparing")
        assert asked.action("POST", "start", {"connector": 1}) == {}
        central.wait_for("StatusNotification", lambda told: told["status"] == "Charging")
        assert asked.action("POST", "pause", {"connector": 1}) == {}
        central.wait_for("StatusNotification", lambda told: told["status"] == "SuspendedEVSE")
        station.say("wifi 0")
        station.wait_for("Wi-Fi lost")
        since = station.say("wifi 1")
        station.wait_for("Wi-Fi: 127.0.0.1", since)
        assert asked.get("state")["connectors"][0]["paused"]
        assert not [line for line in station.lines if password in line or "fault" in line]
