"""The bench's central system against a plain WebSocket client in the role of the charge point."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tools import profile_files
from tools.central_system import SILENCE, CallRefused, CentralSystem, Later, Refuse, Text
from tools.composite_table import composite_table
from tools.station_process import ROOT
from tools.traffic import violations

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
EXAMPLES = sorted(path.stem for path in profile_files.FOLDER.glob("*.json"))


class ChargePoint:
    """The little of a charge point that these tests need."""

    def __init__(self, link) -> None:
        self.link, self.count = link, 0

    def call(self, action: str, payload: dict, timeout: float = 5) -> list:
        self.count += 1
        self.link.send(json.dumps([2, str(self.count), action, payload]))
        return json.loads(self.link.recv(timeout))

    def answer(self, payload: object) -> dict:
        """Answers the next call; its payload."""
        call = json.loads(self.link.recv(10))
        self.link.send(
            json.dumps(
                [3, call[1], payload] if not isinstance(payload, list) else [4, call[1], *payload]
            )
        )
        return call[3]


@contextmanager
def charge_point(central: CentralSystem, name: str = "cp001"):
    with connect(central.url + "/" + name, subprotocols=["ocpp1.6"], compression=None) as link:
        central.wait_connected()
        yield ChargePoint(link)


def in_background(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread


def test_it_registers_whoever_comes_and_records_the_traffic(central):
    with charge_point(central) as station:
        answer = station.call("BootNotification", BOOT)
        assert answer[2]["status"] == "Accepted" and answer[2]["interval"] == 300
        assert central.wait_for("BootNotification").payload == BOOT
        assert central.paths == ["/cp001"]
    assert [m.action for m in central.messages] == ["BootNotification"] * 2
    central.wait_disconnected()


def test_transaction_ids_grow_and_a_repeated_start_gets_the_same_one(central):
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2025-06-15T00:00:00Z"}
    with charge_point(central) as station:
        ids = [
            station.call("StartTransaction", {**start, "connectorId": n})[2]["transactionId"]
            for n in (1, 2, 1)
        ]
    assert ids == [1, 2, 1]


def test_its_calls_return_what_the_charge_point_answers(central):
    with charge_point(central) as station:
        thread = in_background(station.answer, {"status": "Accepted"})
        assert central.call("ClearCache") == {"status": "Accepted"}
        thread.join()
        thread = in_background(station.answer, ["NotSupported", "no", {}])
        with pytest.raises(CallRefused, match="NotSupported: no"):
            central.call("ClearCache")
        thread.join()
        with pytest.raises(TimeoutError):
            central.call("ClearCache", timeout=0.1)
    with pytest.raises(ConnectionError):
        central.call("ClearCache", charge_point="nobody")


def test_its_answers_can_be_programmed(central):
    with charge_point(central) as station:
        central.answers["BootNotification"] = {
            "status": "Pending",
            "currentTime": central.now(),
            "interval": 1,
        }
        assert station.call("BootNotification", BOOT)[2]["status"] == "Pending"
        central.answers["Authorize"] = lambda payload: {
            "idTagInfo": {"status": "Blocked" if payload["idTag"] == "B" else "Accepted"}
        }
        assert station.call("Authorize", {"idTag": "B"})[2]["idTagInfo"]["status"] == "Blocked"
        assert station.call("Authorize", {"idTag": "A"})[2]["idTagInfo"]["status"] == "Accepted"
        central.answers["Authorize"] = Refuse("InternalError", "broken")
        assert station.call("Authorize", {"idTag": "A"})[2:4] == ["InternalError", "broken"]
        central.answers["Heartbeat"] = Text('[3,"%s",{"currentTime":7}]')
        assert station.call("Heartbeat", {})[2] == {"currentTime": 7}
        central.answers["Heartbeat"] = Later(0.3)
        began = time.monotonic()
        assert station.call("Heartbeat", {})[0] == 3 and time.monotonic() - began >= 0.3
        central.answers["Heartbeat"] = SILENCE
        with pytest.raises(TimeoutError):
            station.call("Heartbeat", {}, timeout=0.2)


def test_it_can_send_anything_and_is_not_judged_for_it(central):
    with charge_point(central) as station:
        for data, received in (
            ("{oops", "{oops"),
            (b"\x00\x01", b"\x00\x01"),
            (["[2,", '"1"]'], '[2,"1"]'),
        ):
            central.inject(data)
            assert station.link.recv(5) == received
    assert violations(central.messages) == []


def test_it_can_go_away_and_come_back_on_the_same_port(central):
    with charge_point(central) as station:
        url = central.url
        central.stop()
        with pytest.raises(Exception, match="1001|close"):
            station.link.recv(5)
    with pytest.raises(OSError):
        with connect(url + "/cp001", subprotocols=["ocpp1.6"]):
            pass
    central.start()
    assert central.url == url
    with charge_point(central) as station:
        assert station.call("Heartbeat", {})[0] == 3
        central.drop(abrupt=True)
        central.wait_disconnected()


def test_it_can_refuse_connections(central):
    central.refuse = 503
    with pytest.raises(InvalidStatus):
        with connect(central.url + "/cp001", subprotocols=["ocpp1.6"]):
            pass


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_profile_is_what_ocpp_allows(central, name):
    with charge_point(central) as station:
        thread = in_background(station.answer, {"status": "Accepted"})
        central.call("SetChargingProfile", profile_files.read(name))
        thread.join()


def test_a_profile_file_may_hold_the_profile_alone(tmp_path):
    profile = profile_files.read("charge_point_max_10a")["csChargingProfiles"]
    (tmp_path / "alone.json").write_text(json.dumps(profile))
    assert profile_files.read(tmp_path / "alone.json") == {
        "connectorId": 0,
        "csChargingProfiles": profile,
    }
    assert profile_files.read(tmp_path / "alone.json", connector=2)["connectorId"] == 2
    for text, fault in (("[1]", "neither"), ("{}", "no profile"), ("{", "alone.json")):
        (tmp_path / "alone.json").write_text(text)
        with pytest.raises(ValueError, match=fault):
            profile_files.read(tmp_path / "alone.json")


def test_a_composite_schedule_is_a_table():
    schedule = {
        "chargingRateUnit": "A",
        "duration": 90,
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 16.0},
            {"startPeriod": 60, "limit": 8.5},
        ],
    }
    answer = {
        "status": "Accepted",
        "chargingSchedule": {**schedule, "startSchedule": "2025-06-15T00:00:00.000Z"},
    }
    table = [line.split() for line in composite_table(answer)[1:]]
    assert table == [
        ["2025-06-15", "00:00:00", "0:01:00", "16.0", "A"],
        ["2025-06-15", "00:01:00", "0:00:30", "8.5", "A"],
    ]
    assert composite_table({"status": "Rejected"}) == ["  no schedule: Rejected"]


@pytest.fixture
def console():
    """`make central` as a process with its input piped: (process, a central system's url)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-u",
        "-m",
        "tools.central",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
    )
    assert "Listening" in process.stdout.readline()
    yield process, "ws://127.0.0.1:%d" % port
    process.kill()
    process.wait()


def test_the_prompt_sends_profiles_and_shows_a_composite(console):
    process, url = console
    process.stdin.write(
        "set evening_default\ncomposite 1 60 a\nclear id=2 connector=0\nset nothing\nnonsense\nclear\nquit\n"
    )
    process.stdin.flush()
    with connect(url + "/cp001", subprotocols=["ocpp1.6"], compression=None) as link:
        station = ChargePoint(link)
        station.call("BootNotification", BOOT)
        assert station.answer({"status": "Accepted"}) == profile_files.read("evening_default")
        schedule = {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 20.0}],
        }
        assert station.answer({"status": "Accepted", "chargingSchedule": schedule}) == {
            "connectorId": 1,
            "duration": 60,
            "chargingRateUnit": "A",
        }
        assert station.answer({"status": "Accepted"}) == {"id": 2, "connectorId": 0}
        assert station.answer(["InternalError", "broken", {}]) == {}
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert (
        "! nothing: No such file" in out
        and "no command 'nonsense'" in out
        and "InternalError: broken" in out
    )
    assert any(line.split() == ["+0", "s", "20.0", "A"] for line in out.splitlines()), out
