"""Wi-Fi from a browser at the serial line: the npm package improv-wifi-serial-sdk over a
pseudo-terminal, at a station in set-up mode.

It needs Node and npm; where they are missing these tests are skipped, and fail in CI."""

import json
import os
import pty
import select
import subprocess
import time
import tty
from pathlib import Path

import pytest
from npm_packages import installed
from set_up_bench import NETWORKS, OWN, PATIENCE_S, Phone, set_up

from setpoint import __version__
from setpoint.protocol import improv
from tools.station_process import RESET

READY, PROVISIONED = 2, 4


class Cable:
    """Both ends of a serial line: `path` is the station's."""

    def __init__(self):
        self.desk, self._end = pty.openpty()
        tty.setraw(self._end)
        self.path = os.ttyname(self._end)

    def close(self):
        for one in (self.desk, self._end):
            os.close(one)

    def write(self, data: bytes) -> None:
        os.write(self.desk, data)

    def heard(self, wanted: bytes) -> bytes:
        """All that came until this did."""
        data = b""
        end = time.monotonic() + PATIENCE_S
        while wanted not in data:
            assert time.monotonic() < end, data
            if select.select([self.desk], [], [], 0.1)[0]:
                data += os.read(self.desk, 4096)
        return data


@pytest.fixture
def cable():
    cable = Cable()
    yield cable
    cable.close()


class Browser:
    def __init__(self, cable: Cable) -> None:
        folder = installed(Path(__file__).parent / "improv")
        self._node = subprocess.Popen(
            ["node", "browser.js", str(cable.desk)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[cable.desk],
        )

    def call(self, method: str, *arguments) -> dict:
        self._node.stdin.write(json.dumps({"call": method, "with": arguments}) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def close(self) -> None:
        self._node.kill()
        self._node.wait()


@pytest.fixture
def browser(cable):
    browser = Browser(cable)
    yield browser
    browser.close()


def test_a_browser_at_the_cable_sets_wifi_and_is_led_to_the_page(
    start_station, central, cable, browser
):
    station = start_station(**set_up(serial=cable.path))
    found = browser.call("initialize", PATIENCE_S * 1000)
    assert found["ok"] == {
        "firmware": "Setpoint",
        "version": __version__,
        "chipFamily": "ESP32",
        "name": "simulated",
        "osName": None,
        "osVersion": None,
    }
    assert found["state"] == READY and found["url"] is None
    names = browser.call("scan", PATIENCE_S * 1000)["ok"]
    assert sorted(names, key=lambda one: one["name"]) == sorted(
        (
            {"name": one["ssid"], "rssi": one["rssi"], "secured": "password" in one}
            for one in NETWORKS
        ),
        key=lambda one: one["name"],
    )
    for ssid, password in (("Home", "wrong-one"), ("Nowhere", "longenough"), ("Home", "short")):
        found = browser.call("provision", ssid, password, PATIENCE_S * 1000)
        assert found == {"error": "UNABLE_TO_CONNECT", "state": READY}, (ssid, found)
    assert browser.call("getHostname", PATIENCE_S * 1000)["error"] == "UNKNOWN_RPC_COMMAND"
    page = station.state()["set_up"]["page"]
    found = browser.call("provision", "Home", "longenough", PATIENCE_S * 1000)
    assert (found["state"], found["url"]) == (PROVISIONED, page)
    found = browser.call("requestCurrentState", PATIENCE_S * 1000)
    assert (found["state"], found["url"]) == (PROVISIONED, page)
    # From here on the page is in the home network, and asks for the station's own password
    phone = Phone(station)
    state = phone.state()
    assert state["needs_password"] and state["was"]["ssid"] == "Home"
    wish = {"wifi_password": None, "url": central.url, "id": "CP01"}
    for wrong in ({}, {"station_password": "owl in the barn"}, {"station_password": 7}):
        status, answer = phone.send(**wish, **wrong)
        assert (status, answer["code"]) == (401, "wrong_password")
    assert json.loads(phone.ask("GET", "/api/networks")[2]) == {"networks": []}
    assert phone.send(**wish, station_password=OWN) == (200, {})
    assert phone.outcome()["phase"] == "done"
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start_fields["set_up"]["serial"] = None
    station.start()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_wifi_from_the_cable_is_kept_though_nothing_follows(start_station, cable, browser):
    station = start_station(**set_up(serial=cable.path))
    browser.call("initialize", PATIENCE_S * 1000)
    assert browser.call("provision", "Home", "longenough", PATIENCE_S * 1000)["ok"] is None
    station.cmd("clock", advance_s=15 * 60)
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start_fields["set_up"]["serial"] = None
    station.start()
    station.kill()
    station.start()
    assert "set_up" not in station.state(), "it has an identity"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_ten_wrong_passwords_lead_to_a_wait(start_station, cable, browser):
    station = start_station(**set_up(serial=cable.path))
    browser.call("initialize", PATIENCE_S * 1000)
    browser.call("provision", "Home", "longenough", PATIENCE_S * 1000)
    phone = Phone(station)
    codes = [phone.send(station_password="guess%d" % i)[1]["code"] for i in range(11)]
    assert codes == ["wrong_password"] * 10 + ["too_many"]
    assert phone.send(station_password=OWN)[0] == 429
    station.cmd("clock", advance_s=61)
    assert phone.send(station_password=OWN) == (200, {})


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_noise_on_the_line_is_passed_over_and_ctrl_c_stops_the_station(start_station, cable):
    station = start_station(**set_up(serial=cable.path))
    asks = improv.packet(improv.RPC, bytes((improv.GET_STATE, 0)))
    ready = improv.packet(improv.CURRENT_STATE, bytes((READY,)))
    cable.heard(ready)
    cable.write(bytes(byte for byte in range(256) if byte != 3) * 4 + asks)
    cable.heard(ready)
    cable.write(asks[:-2] + b"\0\n")
    cable.heard(improv.packet(improv.ERROR_STATE, bytes((improv.INVALID,))))
    cable.write(improv.packet(improv.RPC, b"\x01\x05abc"))
    cable.heard(improv.packet(improv.ERROR_STATE, bytes((improv.INVALID,))))
    cable.write(improv.packet(improv.RPC, b"\x01\x03\x03ab"))
    cable.heard(improv.packet(improv.ERROR_STATE, bytes((improv.INVALID,))))
    cable.write(asks[:10])  # half a packet, and silence
    time.sleep(2)
    cable.write(asks)
    cable.heard(ready)
    assert station.exit_code is None
    cable.write(b"\r\x03")
    station.wait_exit(PATIENCE_S)
    assert "stopped" in station.log
