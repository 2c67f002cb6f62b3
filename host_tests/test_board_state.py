"""What make monitor says of a station, worked out from its log; and what of the log reaches a
terminal."""

import io

import pytest

from tools.board_state import BoardState
from tools.monitor import Screen, printable

CHARGING = """boot: Setpoint 0.1.0 build b2d0e904 from /a, after power-up, start 1
+0.100s note  app      Setpoint 0.1.0 on esp32_devkitc: build b2d0e904 from /a, after power-up, start 1
+0.200s info  limit    connector 1: 32.0 A, hardware
+0.300s info  limit    connector 2: 32.0 A, hardware
+4.000s info  link     connected to ws://192.168.1.5:9000
2026-01-01T12:00:00Z info  station  BootNotification: Accepted
2026-01-01T12:00:05Z info  state    connector 1: Preparing, 32.0 A, online
2026-01-01T12:00:06Z info  station  connector 1: transaction begins
2026-01-01T12:00:07Z info  state    connector 1: Charging, 32.0 A, transaction 17, online
2026-01-01T12:30:00Z info  limit    connector 1: 10.5 A, schedule 4 of TxDefaultProfile
""".splitlines()
ONE = "1: Charging, limit 10.5 A by schedule 4 of TxDefaultProfile, transaction 17"
TWO = "2: ?, limit 32.0 A by hardware"


def state_after(*lines) -> str:
    state = BoardState()
    for line in (*CHARGING, *lines):
        state.hear(line)
    return str(state)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "connected, Accepted | %s | %s" % (ONE, TWO)),
        (
            ["2026-01-01T12:31:00Z warn  link     the server hung up; next try in 3 s"],
            "not connected (the server hung up) | %s | %s" % (ONE, TWO),
        ),
        (
            [
                "2026-01-01T12:31:00Z warn  link     it hung up; next try in 3 s",
                "2026-01-01T12:32:00Z info  link     connected to ws://x",
            ],
            "connected, Accepted | %s | %s" % (ONE, TWO),
        ),
        (
            ["2026-01-01T12:31:00Z info  link     waiting for the network"],
            "not connected (waiting for the network) | %s | %s" % (ONE, TWO),
        ),
        (
            ["2026-01-01T12:31:00Z info  station  connector 1: transaction ends, Remote"],
            "connected, Accepted | %s | %s" % (ONE.split(", trans")[0], TWO),
        ),
        (
            ["2026-01-01T12:31:00Z info  state    connector 2: Available, 21.5 A, offline"],
            "connected, Accepted | %s | 2: Available, limit 21.5 A by hardware" % ONE,
        ),
        (
            [
                "2026-01-01T12:31:00Z info  state    connector 2: Faulted (hot: 71 C, no charging (yet), wait), 21.5 A, transaction 9, online"
            ],
            "connected, Accepted | %s | 2: Faulted (hot: 71 C, no charging (yet), wait), limit 21.5 A by hardware, transaction 9"
            % ONE,
        ),
        (
            ["2026-01-01T12:31:00Z error control  connector 2: overcurrent 41 A"],
            "connected, Accepted | %s | %s, overcurrent" % (ONE, TWO),
        ),
        (
            [
                "2026-01-01T12:31:00Z error control  connector 2: overcurrent 41 A",
                "2026-01-01T12:32:00Z info  control  connector 2: overcurrent is over",
            ],
            "connected, Accepted | %s | %s" % (ONE, TWO),
        ),
        (
            ["boot: Setpoint 0.1.0 build b2d0e904 from /a, after the watchdog, start 1"],
            "no state heard yet: it comes within a minute",
        ),
        (
            ["+0.1s note  app      Setpoint 0.1.0 on simulated"],
            "no state heard yet: it comes within a minute",
        ),
        (
            [
                "boot: SAFE MODE. There is no complete program.",
                "boot: The outputs are safe and the network is off.",
            ],
            "SAFE MODE: nothing runs; make deploy installs a program",
        ),
        (
            ["boot: Setpoint 1", "+60s info  state    connector 1: Available, 6.0 A, offline"],
            "not connected | 1: Available, limit 6.0 A",
        ),
        (
            ["Traceback (most recent call last):", "connector 1: 9.0 A, nobody", ""],
            "connected, Accepted | %s | %s" % (ONE, TWO),
        ),
    ],
)
def test_the_state_follows_from_the_log(lines, expected):
    assert state_after(*lines) == expected


def test_no_control_character_reaches_the_terminal():
    text = printable(
        "x\x1b[2Jy\x07\u202ez\u2028\x9b\tgr\u00fc\u00df\xa0\ud83d".encode("utf-8", "surrogatepass")
        + b"\xff\r"
    )
    assert all(c.isprintable() for c in text) and text.startswith("x?[2Jy??z?? gr\u00fc\u00df")


def test_on_a_terminal_the_state_is_written_over_and_coloured_and_in_a_file_it_comes_when_it_changes():
    terminal, file = io.StringIO(), io.StringIO()
    for screen in (Screen(terminal, 60), Screen(file)):
        for _ in range(3):
            screen.state("one " * 30)
        screen.line(CHARGING[2])
        screen.state("two")
        screen.end()
    assert file.getvalue() == "-- %s\n%s\n-- two\n" % ("one " * 30, CHARGING[2])
    assert terminal.getvalue().count("\n") == 1, "only the log's line scrolls"
    assert "\x1b[1mlimit" in terminal.getvalue() and terminal.getvalue().endswith("\r\x1b[K")
    assert max(len(part) for part in terminal.getvalue().split("\x1b[7m")[1].split("\x1b")) < 60
