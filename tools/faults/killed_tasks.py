"""Every named task of the station dies while a vehicle charges; task_killed.py, in the station's process, does it.

Then the outputs are safe, the log names the task, the station asks to be restarted, and after that the same transaction goes on.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.central_system import CentralSystem
from tools.faults import inside
from tools.faults.bench import Lost

TASKS = ("control", "agent", "link", "meter memory", "watchdog")
_SAFE_DUTY_U16 = 65535  # +12 V
_PATIENCE_S = 20
_RESET = 75


def trials(folder: Path, interpreter: list[str]) -> Iterator[tuple[str, str | None]]:
    """(task, what was lost or None). A task that this list does not know is told as lost."""
    command = inside.command(folder, interpreter, "task_killed", "512K")
    with ThreadPoolExecutor(len(TASKS)) as pool:
        yield from zip(TASKS, pool.map(lambda name: _lost(folder / name.replace(" ", "-"), command, name), TASKS))


def _lost(folder: Path, command: list[str], name: str) -> str | None:
    folder.mkdir()
    try:
        _kill(folder, command, name)
    except (Lost, TimeoutError, subprocess.TimeoutExpired) as trouble:
        return str(trouble)
    return None


def _kill(folder: Path, command: list[str], name: str) -> None:
    with CentralSystem() as central:
        start = inside.start_file(folder, csms_url=central.url, vehicles=[{"connector": 1}], device={"reconnect": {"minimum_s": 0, "random_s": 0}})
        victim = subprocess.Popen([*command, name, start], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            central.wait_for("BootNotification")
            central.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG"})
            central.wait_for("StatusNotification", lambda payload: payload["status"] == "Charging")
            log, _ = victim.communicate(timeout=_PATIENCE_S)
        finally:
            victim.kill()
        if victim.returncode != _RESET:
            raise Lost("it ended with exit code %s:\n%s" % (victim.returncode, log[-500:]))
        if not re.search(r"task %s died \(ValueError: killed.*\): restarting" % name, log):
            raise Lost("the log says nothing:\n" + log[-500:])
        outputs = next(json.loads(line) for line in log.splitlines() if line.startswith("{"))
        if outputs["contactor_closed"] or outputs["duty_u16"] != _SAFE_DUTY_U16:
            raise Lost("the outputs are %s" % outputs)
        if sorted(outputs["tasks"]) != sorted(TASKS):
            raise Lost("the tasks are %s" % outputs["tasks"])
        since = len(central.messages)
        again = subprocess.Popen([*command, "nobody", start], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            central.wait_for("StatusNotification", lambda payload: payload["status"] == "Charging", since=since)
        finally:
            again.kill()
            again.wait()
        if len(central.transactions) != 1 or central.seen("StopTransaction"):
            raise Lost("the transaction does not go on")
