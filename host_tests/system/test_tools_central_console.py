"""`make central` as a process: what somebody types or pipes in, and what it says and ends with."""

import base64
import calendar
import json
import os
import pty
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
from certificates import Authority
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tools.command import ROOT
from tools.station_process import StationProcess, micropython

ACCEPTED = {"status": "Accepted"}
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2025-06-15T00:00:00Z"}


class Central:
    """The process, with all that it printed so far."""

    def __init__(self, folder, *arguments, input=subprocess.PIPE, output=subprocess.PIPE) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, "-u", "-m", "tools.central", "--port", str(self.port)]
        command += ["--transactions", str(folder / "transactions.json"), *arguments]
        self.url = "ws://127.0.0.1:%d" % self.port
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=input, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        if output is subprocess.PIPE:
            self.hears(self.process.stdout)

    def hears(self, file) -> None:
        threading.Thread(target=self._read, args=(file,), daemon=True).start()
        self.wait_for("istening")

    def _read(self, file) -> None:
        for line in file:
            self.said += line

    def type(self, *lines: str) -> None:
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + 15
        while words not in self.said:
            assert time.monotonic() < end, "no %r in:\n%s" % (words, self.said)
            time.sleep(0.02)

    def end(self) -> int:
        code = self.process.wait(15)
        time.sleep(0.1)  # what it said last is read
        return code


@pytest.fixture
def start(tmp_path):
    """start(*arguments) -> a Central that listens."""
    started = []

    def begin(*arguments, **files):
        started.append(Central(tmp_path, *arguments, **files))
        return started[-1]

    yield begin
    for central in started:
        central.process.kill()
        central.process.wait()


class Station:
    """A charge point that answers each call as `answers` says, and else with Accepted."""

    def __init__(self, central, name="cp001", boot=True, **options) -> None:
        opening = connect(
            central.url + "/" + name, subprotocols=["ocpp1.6"], compression=None, **options
        )
        self.link = opening.__enter__()
        self.heard, self.answered, self.answers = [], [], {}
        self.gone = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        if boot:
            self.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})

    def _serve(self) -> None:
        try:
            for text in self.link:
                message = json.loads(text)
                if message[0] == 2:
                    self.heard.append(message[2:])
                    answer = self.answers.get(message[2], ACCEPTED)
                    kind = (
                        [4, message[1], answer, "", {}]
                        if isinstance(answer, str)
                        else [3, message[1], answer]
                    )
                    self.link.send(json.dumps(kind))
                else:
                    self.answered.append(message)
        except Exception:  # the connection ended
            pass
        self.gone.set()

    def call(self, action: str, payload: dict) -> list:
        """Its answer: what follows the id."""
        count = len(self.answered)
        self.link.send(json.dumps([2, os.urandom(8).hex(), action, payload]))
        end = time.monotonic() + 60
        while len(self.answered) == count:
            assert time.monotonic() < end, "no answer to " + action
            time.sleep(0.01)
        return self.answered[-1][2:]

    def status(self, status: str, connector: int = 1) -> None:
        self.call(
            "StatusNotification",
            {"connectorId": connector, "errorCode": "NoError", "status": status},
        )

    def heard_soon(self, count: int = 1) -> list:
        end = time.monotonic() + 60
        while len(self.heard) < count:
            assert time.monotonic() < end, self.heard
            time.sleep(0.01)
        return self.heard[count - 1]


def test_it_says_on_which_addresses_it_listens(start):
    said = start().said
    assert re.match(
        r"Listening: ws://\d+\.\d+\.\d+\.\d+:\d+.*; a charge point adds /its-id\.", said
    ), said
    assert "ws://127.0.0.1:" in said and "0.0.0.0" not in said
    assert "Listening: ws://127.0.0.1:" in start("--host", "127.0.0.1").said


def test_traffic_and_commands_name_the_charge_point(start):
    central = start()
    first, second = Station(central, "first"), Station(central, "second")
    central.wait_for("first      <-  BootNotification")
    central.wait_for("second     ->  BootNotification")
    central.type("list", "trigger Heartbeat", "use first", "trigger Heartbeat", "use nobody")
    central.wait_for("! no charge point nobody has come")
    assert first.heard == [["TriggerMessage", {"requestedMessage": "Heartbeat"}]] == second.heard
    listed = [line for line in central.said.splitlines() if " registered since " in line]
    assert [line.split()[0] for line in listed] == ["first", "second"]
    assert listed[1].endswith("V M   <- commands go here")


def test_piped_commands_wait_until_the_charge_point_is_accepted(start):
    central = start()
    central.type(
        "answer BootNotification Pending",
        "wait 0.5",
        "answer BootNotification",
        "trigger Heartbeat",
    )
    station = Station(central)
    time.sleep(0.7)
    assert station.answered[0][2]["status"] == "Pending" and station.heard == []
    station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    assert station.heard_soon()[0] == "TriggerMessage"


def test_a_charge_point_that_registered_before_is_called_when_it_is_heard(start):
    central = start()
    central.type("trigger Heartbeat")
    station = Station(central, boot=False)
    station.call("Heartbeat", {})
    assert station.heard_soon()[0] == "TriggerMessage"


def test_json_lines_have_time_and_id(start):
    central = start("--json")
    station = Station(central)
    central.type("trigger Heartbeat", "nonsense", "help", "quit")
    assert station.heard_soon()[0] == "TriggerMessage"
    assert central.end() == 0
    lines = [json.loads(line) for line in central.said.splitlines()]
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines
    )
    assert lines[0]["event"] == "listening" and lines[0]["urls"]
    assert lines[1]["event"] == "connected" and lines[1]["charge_point"] == "cp001"
    boot = lines[2]
    assert boot["charge_point"] == "cp001" and boot["sender"] == "charge_point"
    assert boot["message"][1] == boot["id"] and boot["message"][2] == "BootNotification"
    assert [line["error"] for line in lines if "error" in line] == [
        "no command 'nonsense'; `help` lists them"
    ]


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (("trigger Heartbeat", "expect Accepted"), 0),
        (("trigger Heartbeat", "expect Rejected", "trigger MeterValues"), 1),
        (("raw ClearCache {}", "expect NotSupported"), 0),
        (("raw ClearCache {}", "trigger MeterValues"), 1),
        (("raw ClearCache {}",), 1),
        (("nonsense", "trigger MeterValues"), 1),
        (("wait-for Charging 1 1",), 1),
        (("wait-for Preparing",), 0),
    ],
)
def test_a_strict_script_ends_with_an_exit_code(start, commands, code):
    central = start("--strict")
    station = Station(central)
    station.answers["ClearCache"] = "NotSupported"
    station.status("Preparing")
    central.type(*commands)
    central.process.stdin.close()
    assert central.end() == code, central.said
    assert "MeterValues" not in json.dumps(station.heard), "it went on after the fault"


def test_without_strict_an_expectation_that_is_not_met_shows_at_the_end(start):
    central = start()
    station = Station(central)
    central.type("trigger Heartbeat", "expect Rejected", "trigger MeterValues", "quit")
    assert central.end() == 1 and len(station.heard) == 2
    assert "! expected Rejected, and the last answer was Accepted" in central.said


def test_a_strict_script_ends_at_a_message_that_ocpp_does_not_allow(start):
    central = start("--strict")
    station = Station(central)
    station.call("Heartbeat", {"nonsense": 1})
    central.type("trigger Heartbeat", "quit")
    assert central.end() == 1


def test_wait_for_waits_for_a_status_and_for_a_call(start):
    central = start("--strict")
    station = Station(central)
    central.type(
        "remote-start TAG 1", "wait-for StartTransaction", "wait-for Charging 1", "remote-stop"
    )
    assert station.heard_soon()[0] == "RemoteStartTransaction"
    station.call("StartTransaction", START)
    station.status("Preparing")
    time.sleep(0.3)
    assert len(station.heard) == 1
    station.status("Charging")
    assert station.heard_soon(2) == ["RemoteStopTransaction", {"transactionId": 1}]


def test_a_call_s_payload_may_come_from_a_file(start, tmp_path):
    cards = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [{"idTag": "A"}]}
    file = tmp_path / "cards of mine.json"
    file.write_text(json.dumps(cards, indent=2))
    central = start()
    station = Station(central)
    central.type("raw SendLocalList @%s" % file)
    assert station.heard_soon() == ["SendLocalList", cards]
    central.type("raw SendLocalList @nowhere.json")
    central.wait_for("! nowhere.json cannot be read: No such file")
    file.write_text("[1]")
    central.type("raw SendLocalList @%s" % file)
    central.wait_for("! the JSON must be an object")


def test_a_reservation_by_hand(start):
    central = start()
    station = Station(central)
    central.type("cancel")
    central.wait_for("! nothing was reserved")
    central.type("reserve TAG", "cancel", "reserve OTHER 2 90", "cancel 5")
    action, first = station.heard_soon()
    assert action == "ReserveNow"
    assert (first["idTag"], first["connectorId"]) == ("TAG", 0)
    assert 14 * 60 < seconds_from_now(first["expiryDate"]) <= 15 * 60
    number = first["reservationId"]
    assert station.heard_soon(2) == ["CancelReservation", {"reservationId": number}]
    _, second = station.heard_soon(3)
    assert (second["idTag"], second["connectorId"]) == ("OTHER", 2)
    assert 89 * 60 < seconds_from_now(second["expiryDate"]) <= 90 * 60
    assert second["reservationId"] > number
    assert station.heard_soon(4) == ["CancelReservation", {"reservationId": 5}]


def seconds_from_now(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - int(time.time())


def test_transaction_numbers_go_on_after_a_restart(start):
    for expected in (1, 2):
        central = start()
        station = Station(central)
        for again in range(2):  # its answer was lost, and the charge point repeats it
            answer = station.call("StartTransaction", {**START, "meterStart": expected})
            assert answer[0]["transactionId"] == expected, again
        central.process.kill()
        central.process.wait()
    central = start()
    assert (
        Station(central).call("StartTransaction", {**START, "meterStart": 1})[0]["transactionId"]
        == 1
    )


def test_refusals_can_be_tried_by_hand(start):
    central = start()
    station = Station(central)

    def after(command, *call):
        count = len(station.heard) + 1
        central.type(command, "trigger Heartbeat")
        station.heard_soon(count)
        return station.call(*call)

    assert after("answer Authorize Blocked", "Authorize", {"idTag": "A"}) == [
        {"idTagInfo": {"status": "Blocked"}}
    ]
    answer = after("answer StartTransaction Invalid", "StartTransaction", START)[0]
    assert answer == {"transactionId": 1, "idTagInfo": {"status": "Invalid"}}
    assert after("answer DataTransfer Rejected", "DataTransfer", {"vendorId": "v"}) == [
        {"status": "Rejected"}
    ]
    assert after("answer Heartbeat error InternalError", "Heartbeat", {})[0] == "InternalError"
    assert after('answer Heartbeat {"currentTime": "2020-01-01T00:00:00Z"}', "Heartbeat", {})[0][
        "currentTime"
    ].startswith("2020")
    assert after("answer Authorize", "Authorize", {"idTag": "A"}) == [
        {"idTagInfo": {"status": "Accepted"}}
    ]
    central.type(
        "answer Authorize Sunny", "answer Heartbeat Accepted", "answer Autorize Blocked", "drop"
    )
    assert station.gone.wait(5)
    central.wait_for("cp001 gone")
    assert (
        "Sunny is no status of Authorize's answer; it has one of Accepted, Blocked, Expired"
        in central.said
    )
    assert (
        "Accepted is no status of Heartbeat's answer; it is written: answer ACTION" in central.said
    )
    assert "no charge point calls 'Autorize': did you mean Authorize?" in central.said


def test_a_wrong_password_is_refused_and_the_reason_shown(start):
    central = start("--password", "secret")

    def headers(user, word):
        return {
            "Authorization": "Basic " + base64.b64encode(("%s:%s" % (user, word)).encode()).decode()
        }

    for given, reason in (
        ({}, "it gave no password"),
        (headers("cp001", "wrong"), "its password is wrong"),
        (headers("other", "secret"), "it gave the user other, not its id"),
        ({"Authorization": "Bearer x"}, "it gave no HTTP Basic password"),
    ):
        with pytest.raises(InvalidStatus):
            Station(central, additional_headers=given)
        central.wait_for("cp001 is refused with 401: " + reason)
    Station(central, additional_headers=headers("cp001", "secret"))


def test_with_a_certificate_it_speaks_tls_and_tells_who_does_not_trust_it(start, tmp_path):
    authority = Authority(tmp_path, "ca")
    own = authority.sign("central", names=["127.0.0.1"], days=(-1, 30))
    central = start("--cert", str(own.cert), "--key", str(own.key))
    assert "Listening: wss://" in central.said
    central.url = central.url.replace("ws:", "wss:")
    with pytest.raises(ssl.SSLError):
        Station(central, ssl=ssl.create_default_context())
    central.wait_for("! a TLS handshake failed: ")
    Station(central, ssl=ssl.create_default_context(cafile=str(authority.cert)))
    central.wait_for("<-  BootNotification")


def test_profile_3_is_tried_by_hand_as_its_page_says(start, tmp_path):
    page = (ROOT / "docs" / "connecting-securely.md").read_text()
    page = page.partition("## Profile 3 by hand")[2]
    making, started, verbs = re.findall(r"```\w*\n(.*?)```", page, re.DOTALL)
    for line in making.splitlines():
        done = subprocess.run(
            shlex.split(line), cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
    options = re.search(r'make central ARGS="(.*)"', verbs)[1].split()
    central = start(*[str(tmp_path / o) if o.endswith((".pem", ".key")) else o for o in options])
    fields = json.loads(started.replace("9000", str(central.port)))
    whole = fields.pop("tls")
    fields.pop("store")

    def station(name, fields_of_tls):
        tls = {field: str(tmp_path / whole[field]) for field in fields_of_tls}
        (tmp_path / name).mkdir()
        return StationProcess(tmp_path / name, micropython(), tls=tls, **fields)

    with station("without", ["ca_file"]):
        central.wait_for("! a TLS handshake failed: PEER_DID_NOT_RETURN_A_CERTIFICATE")
    assert "BootNotification" not in central.said
    with station("with", whole):
        central.wait_for("<-  BootNotification")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cert", "nowhere.pem"], "a certificate or the key cannot be used: No such file"),
        (["--client-ca", "nowhere.pem"], "--client-ca needs --cert"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_a_sentence(options, sentence):
    command = [sys.executable, "-m", "tools.central", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert sentence in done.stderr


def test_an_error_is_told_once_and_in_words_with_the_usage(start):
    central = start()
    station = Station(central)
    station.answers["ClearCache"] = "NotSupported"
    central.type(
        "raw ClearCache",
        "composite 1",
        "composite one 60",
        "rest",
        'set "x',
        "remote-start",
        "clear a=1",
    )
    central.type("raw X {", "reset Warm", "wait x", "set")
    central.wait_for("it is written: wait SECONDS")
    said = central.said
    assert said.count("NotSupported") == 1
    usage = "; it is written: composite CONNECTOR SECONDS [A|W]"
    assert "! too few words" + usage in said
    assert "! CONNECTOR must be a whole number, not 'one'" + usage in said
    assert "! no command 'rest': did you mean reset?" in said
    assert "! a quotation mark has no other; it is written: set FILE [CONNECTOR]" in said
    assert "! clear knows id, connector, purpose, level; it is written: clear [id=N]" in said
    assert "! this is no JSON (" in said and "! Warm is no kind of reset" in said
    assert "Traceback" not in said and "literal" not in said


class Terminal:
    """The same at a pseudo-terminal."""

    def __init__(self, start, *arguments) -> None:
        ours, theirs = pty.openpty()
        self.keys = os.fdopen(ours, "r+b", buffering=0)
        self.central = start(*arguments, input=theirs, output=theirs)
        os.close(theirs)
        threading.Thread(target=self._read, daemon=True).start()
        self.central.wait_for("> ")

    def _read(self) -> None:
        try:
            while True:
                self.central.said += self.keys.read(1000).decode()
        except OSError:
            pass  # it has ended

    def screen(self) -> "list[str]":
        """The lines as they stand there: what was erased is gone."""
        return [
            line.split("\r\x1b[K")[-1]
            for line in re.sub(r"\x1b\[\?2004[hl]\r?", "", self.central.said)
            .replace("\r\n", "\n")
            .split("\n")
        ]


def test_the_prompt_stands_once_under_lines_that_come_by_themselves(start):
    terminal = Terminal(start)
    station = Station(terminal.central)
    for _ in range(5):
        station.call("Heartbeat", {})
    terminal.keys.write(b"trigger Heartbeat\n")
    assert station.heard_soon()[0] == "TriggerMessage"
    terminal.central.wait_for("TriggerMessage          = status Accepted")
    time.sleep(0.3)
    assert terminal.screen()[-1] == "cp001> "
    station.call("Heartbeat", {})
    time.sleep(0.3)
    assert terminal.screen()[-1] == "cp001> "
    assert not [line for line in terminal.screen() if re.search(r"> .*> $", line)]


def test_tab_completes_commands_and_their_words(start):
    terminal = Terminal(start)
    terminal.keys.write(b"comp\t")
    terminal.central.wait_for("composite ")
    terminal.keys.write(b"1 x\ntrig\tBoot\t\n")
    terminal.central.wait_for("trigger BootNotification ")
    terminal.central.wait_for("! no charge point is connected")
    terminal.keys.write(b"answer Auth\tBlo\t\nquit\n")
    terminal.central.wait_for("answer Authorize Blocked")
    assert terminal.central.end() == 0
