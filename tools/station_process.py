"""Starts tools/station as a process and speaks its control channel.

    with StationProcess(folder, csms_url=central.url) as station:
        station.cmd("plug_in", connector=1, amps=32, phases=3)
        station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])

The station dials us: we listen, it says hello, then one JSON object a line goes each way. Every
method blocks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterable

ROOT = Path(__file__).resolve().parent.parent
STATION = ROOT / "tools" / "station"
HELLO_S = 10  # the interface promises 5; a busy machine gets twice that
RESET = 75  # the exit code that asks for a restart


class CommandFailed(Exception):
    """The station answered "ok": false; the argument is its sentence."""


class StationDied(Exception):
    """The station's process or its control channel ended while we waited for it."""


def micropython() -> list[str]:
    """The 64-bit interpreter: MICROPYTHON=path, or the one in the virtual environment."""
    chosen = os.environ.get("MICROPYTHON")
    return (
        [chosen]
        if chosen
        else [shutil.which("micropython", path=str(Path(sys.prefix) / "bin")) or "micropython"]
    )


class ControlChannel:
    """The listening end of it; a restarted station dials again.

    hello: what the station said that is there; None: there is none. `changed` is notified of that
    and of each answer."""

    def __init__(self, on_break: Callable[[str], None] = lambda sentence: None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.hello: dict | None = None
        self.changed = threading.Condition()
        self._on_break = on_break
        self._station: socket.socket | None = None
        self._answers: dict[int, dict] = {}
        self._next_id = 1
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                station, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._read, args=(station,), daemon=True).start()

    def _read(self, station: socket.socket) -> None:
        try:
            for line in station.makefile("r", encoding="utf-8", errors="replace"):
                message = json.loads(line)
                with self.changed:
                    if "hello" in message:
                        self._station, self.hello = station, message
                    else:
                        self._answers[message.get("id")] = message
                    self.changed.notify_all()
        except (OSError, ValueError) as error:  # it was killed in the middle of a line
            self._on_break("the control channel broke: %s" % error)
        with self.changed:
            if self._station is station:
                self._station = self.hello = None
            self.changed.notify_all()
        station.close()

    def forget(self) -> None:
        """The station that was there is gone."""
        with self.changed:
            self._station = self.hello = None

    def ask(self, request: dict[str, Any], timeout: float = 10) -> dict[str, Any]:
        """The answer. Raises StationDied."""
        with self.changed:
            number, self._next_id = self._next_id, self._next_id + 1
            station = self._station
            if station is None:
                raise StationDied("the station has no control channel")
            station.sendall((json.dumps({"id": number, **request}) + "\n").encode())
            self.changed.wait_for(
                lambda: number in self._answers or self._station is not station, timeout
            )
            answer = self._answers.pop(number, None)
        if answer is None:
            raise StationDied(
                "no answer to %s" % request["cmd"]
                if self._station is station
                else "the station ended before it answered %s" % request["cmd"]
            )
        return answer

    def close(self) -> None:
        self._listener.close()


class StationProcess:
    """One simulated station: its start file, its process, its log.

    `start` holds the start file's fields, and may be changed between two starts. The store (its
    flash) and the start file lie in `folder`, so a second start finds what the first left."""

    def __init__(
        self,
        folder: Path,
        interpreter: Iterable[str] = (),
        heap: str | None = None,
        on_log: Callable[[str], None] | None = None,
        **start: Any,
    ) -> None:
        self.folder = Path(folder)
        self.interpreter = list(interpreter)  # a command; it may bring its heap: -X heapsize=100K
        self.heap = heap or next(
            (word.partition("=")[2] for word in self.interpreter if word.startswith("heapsize=")),
            None,
        )
        self.on_log = on_log or (lambda line: None)
        self.log: list[str] = []
        self.process: subprocess.Popen | None = None
        self._channel = ControlChannel(
            lambda sentence: self.log.append("(station_process) " + sentence)
        )
        self.start_fields: dict[str, Any] = {
            "charge_point_id": "cp001",
            "connectors": [{"id": 1}],
            "store": str(self.folder / "flash"),
            "control": {"host": "127.0.0.1", "port": self._channel.port},
            **start,
        }

    def __enter__(self) -> StationProcess:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ---- the process ----

    def start(self, wait_s: float = HELLO_S) -> None:
        """Starts it, and waits for its hello."""
        file = self.folder / "start.json"
        file.write_text(json.dumps(self.start_fields, indent=1))
        self._channel.forget()
        self.process = subprocess.Popen(
            self._command(file),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._read_log, args=(self.process,), daemon=True).start()
        with self._channel.changed:
            there = self._channel.changed.wait_for(
                lambda: self.hello is not None or self.exit_code is not None, wait_s
            )
        if self.exit_code is not None or not there:
            code = self.exit_code
            self.kill()
            raise StationDied(
                "no hello within %s s" % wait_s
                if code is None
                else "it ended with exit code %s before its hello" % code
            )

    def _command(self, file: Path) -> list[str]:
        command = [str(STATION)]
        if self.interpreter:
            command += ["--micropython", self.interpreter[0]]
        if self.heap:
            command += ["--heap", self.heap]
        return [*command, str(file)]

    @property
    def hello(self) -> dict | None:
        """What it said when it dialled; None while it is not there."""
        return self._channel.hello

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll() if self.process else None

    def kill(self) -> None:
        """A power cut: SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self, timeout: float = 10) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM, timeout)

    def wait_exit(self, timeout: float = 10) -> int:
        """Waits until it ends by itself (75: "reset me"); the exit code."""
        assert self.process is not None
        code = self.process.wait(timeout)
        self._channel.forget()
        return code

    def ends_within(self, timeout: float) -> bool:
        """Does it end by itself?"""
        try:
            self.wait_exit(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Ends it for good."""
        self.kill()
        self._channel.close()

    def _end(self, number: int, timeout: float = 10) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait_exit(timeout)

    def _read_log(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log.append(line.rstrip("\n"))
            self.on_log(line.rstrip("\n"))
        process.wait()
        with self._channel.changed:
            self._channel.changed.notify_all()

    # ---- the control channel ----

    def cmd(self, name: str, timeout: float = 10, **arguments: Any) -> dict:
        """One command of the control channel; its answer. Raises CommandFailed with the station's
        sentence."""
        answer = self._channel.ask({"cmd": name, **arguments}, timeout)
        if not answer.get("ok"):
            raise CommandFailed("%s: %s" % (name, answer.get("error")))
        return answer

    def state(self) -> dict:
        return self.cmd("state")

    def connector(self, number: int = 1) -> dict:
        """One connector's part of the state."""
        return next(c for c in self.state()["connectors"] if c["id"] == number)

    def wait_until(
        self, predicate: Callable[[dict], Any], timeout: float = 10, every: float = 0.05
    ) -> dict:
        """Asks for the state until it fits; that state. TimeoutError shows the last one."""
        end = time.monotonic() + timeout
        while True:
            state = self.state()
            if predicate(state):
                return state
            if time.monotonic() > end:
                raise TimeoutError(
                    "the state did not come about within %s s; last:\n%s"
                    % (timeout, json.dumps(state, indent=1))
                )
            time.sleep(every)
