"""A board on a serial port that runs MicroPython: statements to it, what it prints, its restart.

The protocol is mpremote's: the raw REPL, entered without a soft reset, as that would leave a
contactor as it is. Everything that goes wrong on the way is a Failure: a sentence, and what mends
it."""

from __future__ import annotations

import ast
import contextlib
import errno
import io
import os
import stat
import struct
import time
from pathlib import Path
from typing import Any, Callable

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import Serial, SerialException
from serial.tools import list_ports

from tools.command import Failure

_ANSWER_S = 10.0
_OPEN_S = 2.0  # a port that has just come, or that another program is leaving
_TRIES = 5
_PAUSE_S = 0.05
_CHUNK = 768  # bytes of a file in a statement
_PATIENCE_S = 1.5  # for the prompt, at each try
_GONE = "the connection to the board broke. Plug the cable in and run the same command again: the board starts the old version whole, or the new one."
# Run first, one by one: what was interrupted may have left little memory to compile in. Its
# watchdog bites soon; with this one the board restarts by itself a minute after the last statement,
# should the cable be pulled.
_HELLO = (
    "import sys, os, gc",
    "gc.collect()",
    "try:\n import machine\n _food = machine.WDT(timeout=60000).feed\nexcept (ImportError, AttributeError):\n _food = lambda: None",
    "_food()",
)
# R says that the reset is on purpose: to the board (firmware/setpoint/board/esp32/board.py) it
# would be a panic without.
_RESTART = b"""
import machine
try:
    machine.RTC().memory(bytes(4) + machine.RTC().memory()[4:] + b"R")
except AttributeError:
    pass
machine.reset()
"""


class NotTaken(Exception):
    """A statement raised on the board; one argument: the last line of its traceback."""


def port_or_only(port: "str | None") -> str:
    """The port that was named, or the only one with a USB device."""
    if port:
        return port
    found = [p.device for p in list_ports.comports() if p.vid is not None]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(
            "there are several boards: %s. Choose one: PORT=%s" % (", ".join(found), found[0])
        )
    raise Failure(
        "no board is plugged in. Plug it in by a USB cable that carries data, or name its port: PORT=/dev/ttyUSB0"
    )


def reason_not_opened(port: str) -> str:
    """Why a port cannot be opened, and what mends it."""
    if not Path(port).exists():
        there = ", ".join(p.device for p in list_ports.comports() if p.vid is not None) or "none"
        return "there is no port %s (ports with a device: %s). Check the cable and PORT=." % (
            port,
            there,
        )
    try:
        if not stat.S_ISCHR(os.stat(port).st_mode):
            return "%s is no serial port. Check PORT=." % port
        Serial(port, exclusive=True).close()
    except SerialException as error:
        if str(error).startswith("Could not configure port"):
            return "%s is no serial port. Check PORT=." % port
        if error.errno == errno.EACCES or "ermission" in str(error):
            return (
                "you may not use %s. On Linux: sudo usermod -aG dialout $USER, then log in again."
                % port
            )
        return (
            "%s is in use by another program. Close that one (a terminal, an editor, another make), then try again."
            % port
        )
    return "%s did not open. Unplug the board, plug it in and try again." % port


class Connection:
    """An open port. `interrupt` before `run`; `close` at the end, or use it with `with`."""

    def __init__(self, port: str) -> None:
        self.port = port
        end = time.monotonic() + _OPEN_S
        while True:
            try:
                self._transport = SerialTransport(port, exclusive=True, timeout=_ANSWER_S)
                return
            except (TransportError, OSError):
                if not Path(port).exists() or time.monotonic() > end:
                    raise Failure(reason_not_opened(port)) from None
            time.sleep(0.1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._transport.close()
        except OSError:
            pass  # it is gone already

    def interrupt(self) -> None:
        """Stops what runs there (it leaves safe outputs behind) and waits for the prompt of the raw
        REPL."""
        self._transport.serial.timeout = _PAUSE_S  # between two lines of a program that prints on
        for _ in range(_TRIES):
            try:
                # Mpremote prints what it did not expect
                with contextlib.redirect_stdout(io.StringIO()):
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_PATIENCE_S)
                self._transport.serial.timeout = _ANSWER_S
                for statement in _HELLO:
                    self.run(statement)
                return
            except TransportError:
                pass
            except (OSError, SerialException):
                raise Failure(_GONE) from None
        raise Failure(
            "the board on %s does not answer as MicroPython does. Is it there? make flash installs it."
            % self.port
        )

    def run(self, code: str) -> str:
        """Runs statements there; what they print. Raises NotTaken when they raise."""
        try:
            said, problem = self._transport.exec_raw(code.encode(), timeout=_ANSWER_S)
        # struct.error: mpremote at a silent port
        except (TransportError, OSError, SerialException, struct.error):
            raise Failure(_GONE) from None
        _check(problem)
        return said.decode().replace("\r\n", "\n")

    def follow(self, code: str, on_line: Callable[[str], None], within_s: float) -> None:
        """Runs a program there and hands over each line as it comes. Raises NotTaken when it
        raises."""
        rest = b""

        def take(data: bytes) -> None:
            nonlocal rest
            *lines, rest = (rest + data.replace(b"\x04", b"")).split(b"\n")
            for line in lines:
                on_line(line.decode("utf-8", "replace").rstrip("\r"))

        try:
            _, problem = self._transport.exec_raw(
                code.encode(), timeout=within_s, data_consumer=take
            )
        except (TransportError, OSError, SerialException, struct.error):
            raise Failure(_GONE) from None
        _check(problem)

    def value(self, expression: str):
        """The value of an expression there, made of numbers, strings, tuples, lists and
        dictionaries."""
        return ast.literal_eval(self.run("print(repr(%s))" % expression).strip())

    def write_file(self, path: str, content: bytes) -> None:
        """Raises NotTaken when the board cannot."""
        self._with_file(path, lambda: self._transport.fs_writefile(path, content, _CHUNK))

    def sha256_of(self, path: str) -> str:
        """The board's hash of a file, "" if there is none."""
        try:
            return self._with_file(
                path, lambda: self._transport.fs_hashfile(path, "sha256", _CHUNK)
            ).hex()
        except NotTaken as problem:
            if "ENOENT" in str(problem):
                return ""
            raise

    def _with_file(self, path: str, work: Callable[[], Any]) -> Any:
        """What mpremote makes of a file there."""
        try:
            return work()
        except TransportExecError as raised:
            _check(raised.error_output.encode())
            raise Failure(_GONE) from None
        except (TransportError, OSError, SerialException, struct.error) as error:
            # The board's; any other one is the port's
            if isinstance(error, OSError) and error.args[1:] == (path,):
                raise NotTaken(
                    "OSError: [Errno %d] %s"
                    % (error.args[0], errno.errorcode.get(error.args[0], ""))
                ) from None
            raise Failure(_GONE) from None

    def restart(self) -> None:
        """A hard reset by the board itself, which boot.py does not count as a start in vain. What
        it prints then is for `lines`."""
        try:
            self._transport.exec_raw_no_follow(_RESTART)
        except (TransportError, OSError, SerialException):
            raise Failure(_GONE) from None

    def line_with(
        self, wanted: Callable[[str], bool], within_s: float
    ) -> "tuple[str | None, list[str]]":
        """Listens for a line that is wanted: (that line or None, all lines before). Survives a port
        that goes and comes back."""
        return listen(self._transport.serial, wanted, within_s)


def _check(problem: bytes) -> None:
    """What a statement raised is raised here."""
    last = (problem.decode(errors="replace").strip().splitlines() or [""])[-1]
    if last.startswith("MemoryError"):
        raise Failure(
            "the board has too little memory left for this (%s). Power it off and on, and run the same command again; if that does not help, "
            "make flash with Setpoint's own image: in it the program leaves most of the memory free."
            % last.partition(": ")[2]
        )
    if last:
        raise NotTaken(last)


def listen(
    serial: Serial, wanted: Callable[[str], bool], within_s: float
) -> "tuple[str | None, list[str]]":
    """As Connection.line_with, on an open port."""
    end = time.monotonic() + within_s
    seen: list[str] = []
    rest = b""
    while time.monotonic() < end:
        try:
            serial.timeout = 0.1
            rest += serial.read(1) + serial.read(serial.in_waiting)
        except (OSError, SerialException):
            _open_again(serial, end)
        *lines, rest = rest.split(b"\n")
        for raw in lines:
            line = raw.decode("utf-8", "replace").strip("\r\x04> ")
            if wanted(line):
                return line, seen
            if line:
                seen.append(line)
    return None, seen


def _open_again(serial: Serial, end: float) -> None:
    """A board whose USB is in the chip itself takes its port along when it restarts."""
    serial.close()
    while time.monotonic() < end and not serial.is_open:
        time.sleep(0.1)
        if os.path.exists(str(serial.port)):
            try:
                serial.open()
            except (OSError, SerialException):
                pass
