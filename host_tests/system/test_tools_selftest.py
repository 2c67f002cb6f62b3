"""make selftest: every check passes on the model of a sound board, and turns red on one, or with a
firmware, that is broken where it looks."""

import json
import shutil
import signal
import threading

import pytest

from faults.boards_played import ROOT, PlayedBoard, on_flash, tiny_build
from tools import station_process
from tools.command import Failure
from tools.connection import NotTaken
from tools.selftest import __main__ as selftest
from tools.selftest import checks
from tools.selftest.desk import Desk, Model, ModelledBoard, Person
from tools.selftest.rows import Options

QUICK = Options(trials=3, soak_s=20)


def red(found) -> "set[int]":
    return {one.check for one in found if one.verdict == "fail"}


def examined(only, broken=(), board="esp32_devkitc", firmware=ROOT / "firmware") -> list:
    with ModelledBoard(board, list(broken)) as modelled:
        desk = Desk(modelled.port, Model(modelled), firmware=firmware)
        try:
            desk.allow_closing()
            return checks.findings(desk, QUICK, only, lambda finding: None)
        finally:
            desk.close()


def test_a_sound_board_passes_every_check(tmp_path, capsys):
    report = tmp_path / "selftest.json"
    selftest.main(["--board", "simulated", "--trials", "3", "--soak", "5", "--report", str(report)])
    said = capsys.readouterr().out
    written = json.loads(report.read_text())
    assert {one["check"] for one in written["results"]} == set(range(1, 21))
    assert written["counted"]["fail"] == 0 and written["counted"]["pass"] >= 55
    skipped = {
        one["check"]: one["value"] for one in written["results"] if one["verdict"] == "skipped"
    }
    assert set(skipped) == {9, 18, 20} and "power cut" in skipped[18] and "power cut" in said
    assert written["board"] == "esp32_devkitc" and written["modelled"] is True
    assert said.splitlines()[-1].endswith("no board was tested.")


def test_what_a_board_has_not_got_is_skipped_and_said():
    found = examined([1, 2, 15, 16, 17], board="esp32evse_esp32")
    assert [one.verdict for one in found] == ["skipped"] * 5
    assert (
        "oscilloscope" in found[0].value and "a contactor that sticks is not seen" in found[3].value
    )


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ("slow_pwm", 1),
        ("short_pulses", 2),
        ("weak_negative", 3),
        ("offset", 4),
        ("low_pilot", 5),
        ("divider", 6),
        ("hum", 7),
        ("vehicle", 8),
        ("slow_contactor", 9),
        ("cable_pull_up", 15),
        ("blind_feedback", 16),
        ("no_trip", 17),
        ("latching", 18),
        ("thermometer", 19),
        ("stalls", 20),
    ],
)
def test_a_broken_board_fails_the_check_that_looks_there(broken, check):
    assert red(examined([check], [broken])) == {check}


@pytest.mark.parametrize(
    ("file", "right", "wrong", "check"),
    [
        ("pilot/duty.py", "limit_da * _FULL // 600", "limit_da * _FULL // 590", 2),
        ("pilot/sequence.py", "_ASKS_MS = const(500)", "_ASKS_MS = const(200)", 8),
        ("pilot/sequence.py", ">= _SILENT_BURSTS or", ">= 9 and", 9),
        (
            "pilot/level.py",
            "_BAD_DIODE_CLOSED_MS = const(200)",
            "_BAD_DIODE_CLOSED_MS = const(900)",
            10,
        ),
        ("pilot/level.py", "_LOW_GOOD_MV = const(-10000)", "_LOW_GOOD_MV = const(0)", 10),
        ("pilot/level.py", "_UNUSABLE_MS = const(500)", "_UNUSABLE_MS = const(5000)", 11),
        ("pilot/sequence.py", "_SPACING_MS = const(5000)", "_SPACING_MS = const(2000)", 12),
        ("pilot/sequence.py", "_STOP_MS = const(6000)", "_STOP_MS = const(9000)", 13),
        ("pilot/sequence.py", "_AWAY_MS = const(4000)", "_AWAY_MS = const(2000)", 14),
        ("pilot/protection.py", "if ohm > 308:", "if ohm > 350:", 15),
        ("pilot/protection.py", "_WELDED_MS = const(1000)", "_WELDED_MS = const(2000)", 16),
        ("pilot/protection.py", "self._latch(faults.RESIDUAL, 0)", "pass", 17),
        ("pilot/protection.py", "_OVER_MS = const(7000)", "_OVER_MS = const(20000)", 19),
        ("pilot/protection.py", "_STOP_C = const(71)", "_STOP_C = const(80)", 19),
    ],
)
def test_a_broken_firmware_fails_the_check_that_looks_there(tmp_path, file, right, wrong, check):
    shutil.copytree(ROOT / "firmware", tmp_path / "firmware")
    source = tmp_path / "firmware" / "setpoint" / file
    text = source.read_text()
    assert right in text
    source.write_text(
        text.replace("_SILENT_MS = const(60)", "_SILENT_MS = const(400)").replace(right, wrong)
    )
    assert red(examined([check], firmware=tmp_path / "firmware")) == {check}


def test_without_a_yes_nothing_closes_the_contactor():
    with ModelledBoard("esp32_devkitc", []) as modelled:
        desk = Desk(modelled.port, Model(modelled))
        try:
            found = checks.findings(
                desk, QUICK, [8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20], lambda finding: None
            )
            assert {one.verdict for one in found} == {"skipped"} and {
                one.value for one in found
            } == {"nobody allowed the contactor to close"}
            with pytest.raises(NotTaken, match="nobody has allowed"):
                desk.loop("refusal")
            assert desk.value("__import__('model').BENCH.chip.history.count((26, 1))") == 0
        finally:
            desk.close()


def test_a_check_that_breaks_off_leaves_safe_outputs():
    with ModelledBoard("esp32_devkitc", []) as modelled:
        desk = Desk(modelled.port, Model(modelled))
        try:
            desk.allow_closing()
            desk._talk(
                "import time\ndef breaks(bench):\n bench.charge()\n print('=', bench.coil)\n 1 // 0"
            )
            with pytest.raises(NotTaken, match="ZeroDivision"):
                desk._talk("bench.guarded(breaks)")
            assert desk.value(
                "time.sleep_ms(50) or (__import__('model').BENCH.closed(), bench.outlet.duty_u16)"
            ) == (False, 65535)
            assert desk.value("(26, 1) in __import__('model').BENCH.chip.history") is True
        finally:
            desk.close()


# main.py of a board whose chip is the model
MODELLED = """
import model
model.install("/board.json", [], "")
"""


@pytest.fixture
def board(tmp_path, request):
    """A played board at a serial port, with the model of the chip in its flash."""
    files = on_flash(tiny_build(tmp_path / "tiny", "1.0", "pass"))
    files["/board.json"] = (ROOT / "boards" / "esp32_devkitc" / "board.json").read_bytes()
    files["/a/main.py"] = MODELLED.encode()
    for source in [
        *(ROOT / "host_tests" / "chip").glob("*.py"),
        ROOT / "host_tests" / "fakes" / "partitions.py",
        ROOT / "tools" / "selftest" / "model.py",
    ]:
        files["/lib/" + source.name] = source.read_bytes()
    files["/lib/model_time.py"] = (ROOT / "tools" / "selftest" / "model_time.py").read_bytes()
    board = PlayedBoard(tmp_path / "board", station_process.micropython())
    if hasattr(request, "param"):
        board.interpreter += ["-X", "heapsize=%d" % request.param]
    board.format(files, blocks=256)
    with board:
        board.wait_for(b">>> ")
        yield board


def test_a_board_at_a_port_is_examined_and_a_person_guided(board, tmp_path, capsys):
    asked = []

    def person(question):
        asked.append(question)
        return "y" if "[y/N]" in question else ""

    before = set(board.files())
    report = tmp_path / "selftest.json"
    selftest.main(
        ["--port", board.port, "--only", "1,4,5,7,8,11,16", "--report", str(report)], person
    )
    said = capsys.readouterr().out
    results = json.loads(report.read_text())["results"]
    assert {one["check"]: one["verdict"] for one in results} == {
        1: "pass",
        4: "pass",
        5: "skipped",
        7: "pass",
        8: "pass",
        11: "pass",
        16: "pass",
    }
    assert (
        "-> State C: add 1.3 kOhm" in said
        and "-> Short: 80 Ohm" in said
        and "-> Pull a wire off the contactor's coil." in said
    )
    assert any("may it close?" in question for question in asked) and any(
        "Enter when it is so" in question for question in asked
    )
    board.wait_for(b"start 2")  # it ends with a restart
    assert set(board.files()) - {"/state"} == before, "nothing of the self test stays in its flash"


# What Python has on a WROOM beside Wi-Fi and TLS, twice, as objects are twice as large here. The
# model of the chip lives in it too; its radio, which a chip has outside of Python, has room of its own
_MODEL_OF_THE_RADIO = 6_000


@pytest.mark.parametrize("board", [2 * 115_000 + _MODEL_OF_THE_RADIO], indirect=True)
def test_it_fits_into_the_memory_of_a_chip_without_psram(board, tmp_path):
    report = tmp_path / "selftest.json"
    selftest.main(
        ["--port", board.port, "--only", "1,8,16", "--report", str(report)],
        lambda question: "y" if "[y/N]" in question else "",
    )
    assert {one["verdict"] for one in json.loads(report.read_text())["results"]} == {"pass"}


def test_ctrl_c_in_mid_charge_opens_the_contactor(board):
    desk = Desk(board.port, Person(lambda question: "y"))
    try:
        desk.allow_closing()
        threading.Timer(
            1.5, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        ).start()
        with pytest.raises(KeyboardInterrupt):
            desk._talk(
                "import time\ndef lasts(bench):\n bench.charge()\n print('=', bench.coil)\n bench.run(1 << 29)\nbench.guarded(lasts)"
            )
        # A chip hears the Ctrl-C on its line; the unix port does not while it works for the raw
        # REPL
        board._process.send_signal(signal.SIGINT)
        board.wait_for(b"KeyboardInterrupt")
        desk._line.interrupt()
        assert desk.value("bench.coil") is True, "it was charging when it was interrupted"
        assert desk.value(
            "time.sleep_ms(50) or (__import__('model').BENCH.closed(), bench.outlet.duty_u16)"
        ) == (False, 65535)
    finally:
        desk.close()


def test_who_says_no_gets_the_checks_that_close_nothing(board, tmp_path, capsys):
    selftest.main(
        ["--port", board.port, "--only", "6,13", "--report", str(tmp_path / "selftest.json")],
        lambda question: "",
    )
    said = capsys.readouterr().out
    assert (
        " 13  skipped  refusing to stop           nobody allowed the contactor to close" in said
        and "  6  pass" in said
    )


def test_a_red_check_ends_in_a_sentence_and_in_an_exit_code(tmp_path, capsys):
    with pytest.raises(Failure, match=r"failed: 1\. Do not put the board to use.*--only 1"):
        selftest.main(
            ["--only", "1", "--broken", "slow_pwm", "--report", str(tmp_path / "selftest.json")]
        )
    assert "FAIL     frequency" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "21"], "Numbers from 1 to 20"),
        (["--only", "many"], "Numbers from 1 to 20"),
        (["--board", "nowhere"], "there is no boards/nowhere"),
        (["--board", "smartevse_v31"], "not for use as it is"),
        (["--port", "/dev/nowhere"], "there is no port /dev/nowhere"),
        (["--broken", "everything"], "not known. Choose of: slow_pwm"),
        (["--port", "/dev/nowhere", "--broken", "hum"], "leave out PORT="),
    ],
)
def test_what_cannot_be_done_is_said(arguments, sentence):
    with pytest.raises(Failure) as failure:
        selftest.main(arguments)
    assert sentence in str(failure.value)
