"""Every named task of the station dies while a vehicle charges; device/task_killed.py, in the
station's process, does it.

Then the outputs are safe, the log names the task, the station asks to be restarted, and after that
the same transaction goes on.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from faults import inside
from tools.central_system import CentralSystem
from tools.station_process import RESET

SHORT_BITS = ("32",)
TASKS = ("control", "agent", "link", "meter memory", "watchdog")
_SAFE_DUTY_U16 = 65535  # +12 V
_PATIENCE_S = 20


def _charges(payload: dict) -> bool:
    return payload["status"] == "Charging"


@pytest.mark.row("a task of the station killed in mid-charge")
@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_dies(name, interpreter, tmp_path):
    command = inside.command(tmp_path, interpreter, "task_killed", "512K")
    with CentralSystem() as central:
        device = {"reconnect": {"minimum_s": 0, "random_s": 0}}
        start = inside.start_file(
            tmp_path, csms_url=central.url, vehicles=[{"connector": 1}], device=device
        )
        victim = subprocess.Popen(
            [*command, name, start], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            central.wait_for("BootNotification")
            central.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG"})
            central.wait_for("StatusNotification", _charges)
            log, _ = victim.communicate(timeout=_PATIENCE_S)
        finally:
            victim.kill()
        assert victim.returncode == RESET, "it ended with exit code %s:\n%s" % (
            victim.returncode,
            log[-500:],
        )
        died = r"task %s died \(ValueError: killed.*\): restarting" % name
        assert re.search(died, log), "the log says nothing:\n" + log[-500:]
        outputs = next(json.loads(line) for line in log.splitlines() if line.startswith("{"))
        assert not outputs["contactor_closed"] and outputs["duty_u16"] == _SAFE_DUTY_U16, (
            "the outputs are %s" % outputs
        )
        assert sorted(outputs["tasks"]) == sorted(TASKS), "the tasks are %s" % outputs["tasks"]
        since = len(central.messages)
        again = subprocess.Popen(
            [*command, "nobody", start], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            central.wait_for("StatusNotification", _charges, since=since)
        finally:
            again.kill()
            again.wait()
        goes_on = len(central.transactions) == 1 and not central.seen("StopTransaction")
        assert goes_on, "the transaction does not go on"
