"""The whole agent as a process at a real central system: what it weighs, and the smallest heap it
can live in."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Callable

from tools import benchmark_frames
from tools.central_system import CallRefused, CentralSystem

# Where the firmware is: inside the interpreter, in a mapped image, in files
FORMS = ("frozen", "ROMFS", ".mpy")
_STEP_KIB = 2
_PATIENCE_S = 5
_STARTS_S = 20
_LOOKS = 10
_BETWEEN_LOOKS_S = 0.1


class Failed(Exception):
    """The agent did not get through; the argument is why."""


# Two vehicles plugged in, at a time that stands still
CHARGING = {
    "connectors": [{"id": 1}, {"id": 2}],
    "vehicles": [{"connector": 1}, {"connector": 2}],
    "clock": {"at": benchmark_frames.MIDNIGHT, "frozen": True},
    "device": {"reconnect": {"minimum_s": 0, "random_s": 0}},
}


class Agent:
    """The agent process. form: one of FORMS. start: more fields of its start file."""

    def __init__(
        self,
        interpreter: list[str],
        built: Path,
        form: str,
        heap_kib: int,
        csms_url: str,
        start: dict = CHARGING,
    ) -> None:
        folder = built / "stores" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        file = folder / "start.json"
        file.write_text(json.dumps({**start, "csms_url": csms_url, "store": str(folder)}))
        image = [str(built / "setpoint.romfs")] if form == "ROMFS" else []
        files = "%s:" % (built / "mpy") if form == ".mpy" else ""  # before what may be frozen in
        path = "%s:%s.frozen" % (built / "agent", files)
        self.log: list[str] = []
        self._answers: list[dict] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [*interpreter, "-X", "heapsize=%dK" % heap_kib, "-m", "agent", *image, str(file)],
            env={**os.environ, "MICROPYPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                if line.startswith("{"):
                    self._answers.append(json.loads(line))
                else:
                    self.log.append(line.rstrip())
                self._changed.notify_all()

    def weigh(self, patience_s: float = _PATIENCE_S, watch: bool = False) -> dict:
        """What it says about its heap and its start; see benchmarks/agent.py. watch: from then on
        until the next time it notes the most that is in use."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("watch\n" if watch else "\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed("it ended: %s" % self.log[-1:]) from None
        with self._changed:
            if (
                not self._changed.wait_for(
                    lambda: self._answers or self.process.poll() is not None, patience_s
                )
                or not self._answers
            ):
                raise Failed("it does not say what it weighs: %s" % self.log[-1:])
            return self._answers.pop(0)

    def wait_for_log(self, text: str, patience_s: float = _STARTS_S) -> None:
        """Until a line of its log has this text."""

        def is_there() -> bool:
            return any(text in line for line in self.log)

        with self._changed:
            if not self._changed.wait_for(is_there, patience_s):
                raise Failed("its log does not say: %s" % text)

    def least(self) -> int:
        """Bytes in use once it rests: the least of several looks, as what goes on only adds."""
        looks = []
        for _ in range(_LOOKS):
            time.sleep(_BETWEEN_LOOKS_S)
            looks.append(self.weigh()["used"])
        return min(looks)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def start_up(interpreter: list[str], built: Path, form: str) -> dict:
    """What one start says, with nobody to connect to."""
    agent = Agent(interpreter, built, form, 2048, "ws://127.0.0.1:1")
    try:
        return agent.weigh(_STARTS_S)
    finally:
        agent.close()


def charge(
    interpreter: list[str],
    built: Path,
    form: str,
    heap_kib: int,
    install: list[str],
    change: list[str],
) -> tuple[dict, dict]:
    """Two transactions, the profiles, and the requests that take most memory: (the weight before,
    the weight after).

    Raises Failed if anything is refused, unanswered, or short of memory.
    """
    with CentralSystem() as central:
        central.next_transaction_id = min(benchmark_frames.TRANSACTIONS.values())
        agent = Agent(interpreter, built, form, heap_kib, central.url + "/cp001")
        try:
            central.wait_for("BootNotification", timeout=_PATIENCE_S)
            for connector in (1, 2):
                _ask(
                    central,
                    "RemoteStartTransaction",
                    {"connectorId": connector, "idTag": "TAG%d" % connector},
                )
                status = {"connectorId": connector, "status": "Charging"}
                central.wait_for(
                    "StatusNotification",
                    lambda payload: status.items() <= payload.items(),
                    timeout=_PATIENCE_S,
                )
            before = agent.weigh()
            for text in install + change:
                _, _, action, payload = json.loads(text)
                _ask(central, action, payload)
            for connector in (0, 1, 2):
                _ask(
                    central,
                    "GetCompositeSchedule",
                    json.loads(benchmark_frames.composite(connector))[3],
                )
            configuration = central.call("GetConfiguration", {}, _PATIENCE_S)
            if not configuration["configurationKey"]:
                raise Failed("no configuration")
            after = agent.weigh()
        except (CallRefused, TimeoutError, ConnectionError) as error:
            raise Failed("%s; %s" % (str(error).splitlines()[0], agent.log[-1:])) from None
        finally:
            agent.close()
    for line in agent.log:
        if "memory" in line.lower() and "meter memory" not in line:
            raise Failed(line)
    return before, after


def _ask(central: CentralSystem, action: str, payload: dict) -> None:
    answer: Any = central.call(action, payload, _PATIENCE_S)
    if answer.get("status") != "Accepted":
        raise Failed("%s: %s" % (action, answer))


def smallest_heap_kib(live: Callable[[int], Any], low: int, high: int) -> int:
    """The smallest heap in which live(KiB) does not raise Failed: above `low`, at most `high`,
    where it is known to live.

    It is what the agent's peak needs: what is in use at the worst moment, and what lies waste
    between."""
    while high - low > _STEP_KIB:
        middle = (low + high) // 2
        try:
            live(middle)
            high = middle
        except Failed:
            low = middle
    return high
