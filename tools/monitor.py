"""Shows a board's log as it comes, with the state of each connector beneath. `make monitor
PORT=...`

It only listens. Rules:

1. Not a byte goes to the board, so nothing that is typed or printed here can change what it does.
2. DTR and RTS stay as opening a port leaves them, both asserted, which the boot circuits of ESP32
   boards take for rest; and HUPCL is cleared, as a port that drops them one after the other when it
   is closed would reset the board.
3. What the board sends is data: no control character of it reaches the terminal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Callable, TextIO

from serial import Serial, SerialException

from tools.board_state import LINE, BoardState
from tools.command import Failure, parser, run
from tools.connection import port_or_only, reason_not_opened

_BAUD = 115200
_UNFINISHED_S = 1.0  # a line without an end is shown after that
_COLOURS = {"error": "\x1b[31m", "warn": "\x1b[33m", "note": "\x1b[36m", "info": ""}
_STATE_COLOUR, _AREA_COLOUR, _PLAIN = "\x1b[7m", "\x1b[1m", "\x1b[0m"


def open_to_listen(port: str) -> Serial:
    """Raises SerialException or OSError."""
    serial = Serial(port, _BAUD, timeout=0.2, exclusive=True)
    try:
        import termios
    except ImportError:
        return serial  # Windows: the driver leaves the lines alone
    try:
        mode = termios.tcgetattr(serial.fd)
        mode[2] &= ~termios.HUPCL
        termios.tcsetattr(serial.fd, termios.TCSANOW, mode)
    except termios.error as error:
        serial.close()
        raise OSError(*error.args) from None
    return serial


def printable(raw: bytes) -> str:
    """Its text, with "?" for whatever could move a cursor, change a colour or turn the writing
    round."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n").replace("\t", " ")
    return "".join(c if c.isprintable() else "?" for c in text)


class Screen:
    """Lines of a log, and beneath them the state: on a terminal one line that is written over,
    elsewhere a line when it changed."""

    def __init__(self, out: TextIO, width: int = 0) -> None:
        """width: of the terminal; 0: it is none."""
        self._out = out
        self._width = width
        self._beneath = False  # the state stands beneath the last line
        self._last = ""

    def line(self, text: str) -> None:
        if self._width:
            self._clear()
            text = _coloured(text)
        self._write(text + "\n")

    def state(self, text: str) -> None:
        if self._width:
            self._clear()
            self._write(_STATE_COLOUR + text[: self._width - 1] + _PLAIN)
            self._beneath = True
        elif text != self._last:
            self._write("-- %s\n" % text)
        self._last = text

    def end(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._beneath:
            self._write("\r\x1b[K")
        self._beneath = False

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _coloured(text: str) -> str:
    line = LINE.fullmatch(text)
    if line is None:
        return (
            "\x1b[31m%s"
            if text.startswith("Traceback") or "SAFE MODE" in text
            else "\x1b[36m%s"
            if text.startswith("boot:")
            else "%s"
        ) % text + _PLAIN
    time_, level, area, sentence = line.groups()
    return "\x1b[2m%s%s %s%-5s%s %s%-8s%s %s" % (
        time_,
        _PLAIN,
        _COLOURS[level],
        level,
        _PLAIN,
        _AREA_COLOUR,
        area,
        _PLAIN,
        sentence,
    )


def watch(
    port: str, screen: Screen, every_s: float, now: "Callable[[], float]" = time.monotonic
) -> None:
    """Until somebody interrupts it. Raises Failure when the port cannot be opened at the start;
    later it is waited for."""
    try:
        serial = open_to_listen(port)
    except (SerialException, OSError):
        raise Failure(reason_not_opened(port)) from None
    state = BoardState()
    rest, rest_since, shown = b"", 0.0, now() - every_s
    try:
        while True:
            try:
                rest += serial.read(1) + serial.read(serial.in_waiting)
            # TypeError: pyserial, of a port that was closed under it
            except (SerialException, OSError, TypeError):
                serial.close()
                screen.line("-- %s is gone; waiting for it" % port)
                serial = _wait_for(port)
                screen.line("-- %s is back" % port)
                rest, state = b"", BoardState()
            *lines, rest = rest.split(b"\n")
            if not rest or lines:
                rest_since = now()
            elif now() - rest_since > _UNFINISHED_S:
                lines, rest = [rest], b""
            for raw in lines:
                text = printable(raw)
                state.hear(text)
                screen.line(text)
            if now() - shown >= every_s:
                shown = now()
                screen.state(str(state))
    finally:
        serial.close()
        screen.end()


def _wait_for(port: str) -> Serial:
    while True:
        time.sleep(0.2)
        if Path(port).exists() or sys.platform == "win32":
            try:
                return open_to_listen(port)
            except (SerialException, OSError):
                pass  # the next look may find it ready


def main(arguments: list[str]) -> None:
    options = parser(
        "monitor",
        "Shows a board's log as it comes, and the state of each connector every few seconds. It only listens: nothing is sent to the board, which "
        "runs on when this ends (Ctrl-C). Restarts of the board and a pulled cable are waited out.",
        "  make monitor PORT=/dev/ttyUSB0\n  make monitor ARGS='--every 30' > station.log\n",
        "--port",
    )
    options.add_argument(
        "--every",
        metavar="S",
        type=float,
        default=5,
        help="seconds between two looks at the state (default 5)",
    )
    chosen = options.parse_args(arguments)
    if not chosen.every > 0:
        raise Failure("--every wants seconds, more than 0: --every 5")
    port = port_or_only(chosen.port)
    print(
        "Listening to %s at %d baud. Ctrl-C ends this; the board runs on." % (port, _BAUD),
        flush=True,
    )
    width = 0
    if sys.stdout.isatty():
        import shutil

        width = shutil.get_terminal_size().columns
    try:
        watch(port, Screen(sys.stdout, width), chosen.every)
    except KeyboardInterrupt:
        print("The board runs on.")


if __name__ == "__main__":
    run("monitor", main)
