"""Where the self test sits: the board's end of a serial line, and the person or the model at the
other end of the pilot."""

from __future__ import annotations

import ast
import contextlib
import os
import pty
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import tty
from pathlib import Path
from typing import Any, Callable, Iterator

from mpremote.transport import TransportError
from serial import SerialException

from tools import station_process
from tools.board_files import BoardFiles
from tools.command import ROOT, Failure, board_folder
from tools.connection import Connection, NotTaken
from tools.selftest import sending

_SENTENCES = {
    "A": "Unplug: nothing between pilot and earth.",
    "B": "State B: diode and 2.74 kOhm between pilot and earth.",
    "C": "State C: add 1.3 kOhm beside the 2.74 kOhm, behind the same diode.",
    "D": "State D: 270 Ohm beside the 2.74 kOhm, behind the same diode.",
    "80 ohm": "Short: 80 Ohm between pilot and earth, without a diode.",
    "B without diode": "State B with the diode bridged.",
    "C without diode": "State C with the diode bridged.",
    "coil off": "Pull a wire off the contactor's coil.",
    "coil on": "Put the wire back onto the contactor's coil.",
    "held closed": "Make the feedback say closed, whatever the contactor does (mirror contact: pull its wire off; mains: bridge it).",
    "not held": "Let the feedback be as it was.",
    "trip": "Press the residual current monitor's test button.",
    "quiet": "The residual current monitor must be quiet again: reset it if it holds.",
    "cable open": "Cable: nothing between PP and earth.",
    "cable short": "Cable: PP connected to earth.",
}
_KEEP_ALIVE_S = 15
_PATIENCE_S = 300


class Person:
    """Reads what is to be done, does it, and presses Enter; reads a multimeter."""

    modelled = False

    def __init__(self, ask: Callable[[str], str] = input) -> None:
        self._ask = ask

    def sentence(self, what: str) -> str:
        return _SENTENCES.get(what) or "Cable: %s Ohm between PP and earth." % what.split()[-1]

    def hear(self, what: str) -> None:
        print("   -> " + self.sentence(what), flush=True)

    def done(self) -> None:
        self._ask("      Enter when it is so: ")

    def multimeter_mv(self, desk: Desk) -> int | None:
        said = (
            self._ask("      Multimeter (DC) from pilot to earth, in volts (Enter: none here): ")
            .strip()
            .replace(",", ".")
        )
        try:
            return round(float(said) * 1000) if said else None
        except ValueError:
            return None

    def restarted(self, within_s: float) -> None:
        """Waits until the board has restarted by itself."""
        time.sleep(within_s)

    def went_out(self, desk: Desk, within_s: float) -> bool:
        return self._ask(
            "      Did the contactor open within %.1f s? [y/N] " % within_s
        ).strip().lower() in ("y", "yes")

    def allows_closing(self) -> bool:
        print(
            "The checks from 8 on close the contactor. Behind it: a lamp or nothing. No vehicle, nobody's hands, no other load."
        )
        return self._ask("Is that so, and may it close? [y/N] ").strip().lower() in ("y", "yes")


class Model(Person):
    """Does what it hears by itself (tools/selftest/model.py)."""

    modelled = True

    def __init__(self, board: ModelledBoard) -> None:
        self._board = board

    def restarted(self, within_s: float) -> None:
        self._board.restarted(_PATIENCE_S)

    def hear(self, what: str) -> None:
        pass

    def done(self) -> None:
        pass

    def multimeter_mv(self, desk: Desk) -> int | None:
        return desk.value("__import__('model').BENCH.multimeter_mv()")

    def went_out(self, desk: Desk, within_s: float) -> bool:
        return not desk.value("__import__('model').BENCH.closed()")

    def allows_closing(self) -> bool:
        return True


class Desk:
    """`facts`: what this board has."""

    def __init__(
        self, port: str, person: Person, connector: int = 1, firmware: Path = ROOT / "firmware"
    ) -> None:
        self.person = person
        self._files = sending.files(firmware)
        self._connector = connector
        self._line = Connection(port)
        self._talking = threading.Lock()
        self.may_close = False
        self.facts: dict[str, Any] = {}
        self._line.interrupt()
        try:
            self._send()
            self._start()
        except NotTaken as problem:
            self._line.close()
            raise Failure("the self test does not start on the board: %s." % problem) from None

    def _send(self) -> None:
        there = BoardFiles(self._line)
        made: set[str] = set()
        for path, content in self._files.items():
            for folder in [p.as_posix() for p in reversed(Path(path).parents)][1:]:
                if folder not in made:
                    made.add(folder)
                    there.step("os.mkdir('%s')" % folder, there_is_fine=True)
            there.write(path, content)

    def _start(self) -> None:
        for statement in (  # small ones: there is little memory to compile in
            "_kept = {n: m for n, m in sys.modules.items() if n.split('.')[0] not in ('setpoint', 'bench', 'at_rest', 'sequences')}",
            # Of a name that is deleted the table keeps the module
            "sys.modules.clear()\nsys.modules.update(_kept)\ndel _kept\ngc.collect()",
            # It did not crash
            "if sys.path[0] != '/selftest': sys.path.insert(0, '/selftest')\nglobals().get('forget_starts', gc.collect)()",
            "import bench as _bench, sequences",
            "bench = _bench.BoardUnderTest(%d, %d)"
            % (self._connector, 20000 if self.person.modelled else 120000),
            "bench.may_close = %r" % self.may_close,
        ):
            self._line.run(statement)
        self.facts = self.value("bench.facts()")

    def allow_closing(self) -> None:
        self.may_close = self.person.allows_closing()
        self._line.run("bench.may_close = %r" % self.may_close)

    # ---- talking ----

    def value(self, expression: str) -> Any:
        """Its value there; the person hears what the board asks meanwhile. Raises NotTaken."""
        return self._talk("print('=', repr(%s))" % expression)

    def loop(self, sequence: str, *arguments: Any) -> Any:
        """What a function of sequences.py measured. It ends with safe outputs."""
        return self._talk(
            "bench.guarded(%s)" % ", ".join(["sequences." + sequence, *map(repr, arguments)])
        )

    def please(self, what: str) -> None:
        """With the contactor open: waits until it is done."""
        self._talk("bench.do(%r)" % what)
        with self._kept_alive():
            self.person.done()

    def multimeter_mv(self) -> int | None:
        if self.person.modelled:
            return self.person.multimeter_mv(self)
        with self._kept_alive():
            return self.person.multimeter_mv(self)

    def _talk(self, code: str) -> Any:
        found = None

        def heard(line: str) -> None:
            nonlocal found
            kind, _, rest = line.partition(" ")
            if kind == "do":
                self.person.hear(rest)
            elif kind == "=":
                found = ast.literal_eval(rest)

        with self._talking:
            self._line.follow(code, heard, _PATIENCE_S)
        return found

    @contextlib.contextmanager
    def _kept_alive(self) -> Iterator[None]:
        """A board that waits for a person is fed: else its watchdog takes it for forgotten."""
        if self.person.modelled:
            yield
            return
        over = threading.Event()

        def feed() -> None:
            while not over.wait(_KEEP_ALIVE_S):
                with self._talking, contextlib.suppress(Failure, NotTaken):
                    self._line.run("_food()")

        thread = threading.Thread(target=feed, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    # ---- ways to end ----

    def leave(self, how: str, within_s: float) -> float:
        """Has the board charge, then ends that by a reset, or by starving the watchdog: seconds
        until it answers again."""
        transport = self._line._transport

        def heard(line: str) -> bool:
            if line.startswith("do "):
                self.person.hear(line[3:])
            return line.startswith(("= ", "Traceback"))

        try:
            transport.exec_raw_no_follow(
                (
                    "bench.may_close = %r\nsequences.leave(bench, %r)" % (self.may_close, how)
                ).encode()
            )
            line, _ = self._line.line_with(heard, _PATIENCE_S)
            if line is None or line.startswith("Traceback"):
                _, said = self._line.line_with(lambda line: False, 0.5)
                self._line.interrupt()
                self._line.run("bench.end()")
                raise NotTaken(said[-1] if said else "it did not charge")
        except (TransportError, OSError, SerialException):
            raise Failure(
                "the connection to the board broke. Plug the cable in and run the same command again."
            ) from None
        started = time.monotonic()
        self.person.restarted(within_s)
        self._line.interrupt()
        took_s = time.monotonic() - started
        self._start()
        return took_s

    def close(self) -> None:
        """Safe outputs, its files gone, and a restart into whatever the board has."""
        with contextlib.suppress(Failure, NotTaken):
            self._line.interrupt()
            with contextlib.suppress(NotTaken):
                self._line.run("bench.end()")
            with contextlib.suppress(NotTaken):
                self._line.run("sequences.remove('/selftest')")
            if not self.person.modelled:
                self._line.restart()
        self._line.close()


class ModelledBoard:
    """A board of boards/ on the model, behind a pseudo-terminal: `port`. `with` starts and ends
    it."""

    def __init__(self, name: str, broken: list[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="selftest-"))
        described = board_folder(name)
        shutil.copy(described / "board.json", self.folder / "board.json")
        shutil.copy(ROOT / "firmware" / "boot.py", self.folder / "boot.py")
        self._command = [
            *station_process.micropython(),
            "-i",
            str(sending.HERE / "model.py"),
            str(self.folder),
            *broken,
        ]
        self._up = self.folder / "up"  # the model writes it at the end of a start
        self._over = False

    def __enter__(self) -> ModelledBoard:
        self._desk, self._desk_end = pty.openpty()
        tty.setraw(self._desk_end)
        self.port = os.ttyname(self._desk_end)
        self._process = self._spawn()
        self.restarted(_PATIENCE_S)
        self._thread = threading.Thread(target=self._again_and_again, daemon=True)
        self._thread.start()
        return self

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=self._desk,
            stdout=self._desk,
            stderr=self._desk,
            start_new_session=True,
        )

    def restarted(self, within_s: float) -> None:
        """Waits for the end of the next start, or of one that was not waited for yet."""
        end = time.monotonic() + within_s
        while not self._up.exists():
            if time.monotonic() > end:
                raise Failure("the model of the board does not start within %d s." % within_s)
            time.sleep(0.02)
        self._up.unlink()

    def _again_and_again(self) -> None:
        while self._process.wait() == -signal.SIGUSR1 and not self._over:
            self._process = self._spawn()

    def __exit__(self, *exception: object) -> None:
        self._over = True
        self._process.kill()
        self._thread.join(5)
        os.close(self._desk)
        os.close(self._desk_end)
        shutil.rmtree(self.folder, ignore_errors=True)
