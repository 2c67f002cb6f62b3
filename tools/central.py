"""A central system to use by hand: `make central`, then point a charge point at ws://this-machine:9000.

It takes any charge point that speaks OCPP 1.6, prints what goes over the wire, and takes commands.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import readline
import shlex
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from tools import profile_files
from tools.central_system import CallRefused, CentralSystem
from tools.traffic import RESULT, Message, faults_in, readable

EXAMPLES = """\
examples:
  make central                                  listens on port 9000, prints the traffic, offers a prompt
  make central ARGS="--port 8180 --raw"         another port; every message as it is on the wire
  make central ARGS="--set evening_default"     sends a profile to each charge point that registers
  make central ARGS="--set my.json --connector 2"

A profile file holds a SetChargingProfile payload or the profile alone; tools/profiles has examples.
At the prompt, `help` lists the commands. Commands may be piped in, too: they wait for a charge point.
"""

COMMANDS = """\
  set FILE [CONNECTOR]              SetChargingProfile: a file, or an example's name
  clear [id=N] [connector=N] [purpose=TxDefaultProfile] [level=N]
  composite CONNECTOR SECONDS [A|W] GetCompositeSchedule, as a table
  remote-start TAG [CONNECTOR] [PROFILE-FILE]
  remote-stop [TRANSACTION]         without a number: the last one that started
  trigger MESSAGE [CONNECTOR]       TriggerMessage: BootNotification, MeterValues, StatusNotification ...
  get-config [KEY ...]              all keys, or these
  config KEY VALUE                  ChangeConfiguration
  reset [Soft|Hard]
  raw ACTION JSON                   any call: raw UnlockConnector {"connectorId": 1}
  wait SECONDS                      for scripts
  quit"""


class Wrong(Exception):
    """A command that cannot be carried out; the argument says why."""


class Console:
    """The prompt's commands: one method each, named as the command."""

    def __init__(self, central: CentralSystem, say: Callable[[str], None], patience_s: float) -> None:
        self.central, self.say, self.patience_s = central, say, patience_s

    def carry_out(self, line: str) -> bool:
        """One line from the prompt; False to quit."""
        name, _, rest = line.strip().partition(" ")
        if name in ("quit", "exit"):
            return False
        command: Any = getattr(self, "do_" + name.replace("-", "_"), None)
        try:
            if name in ("help", "?"):
                self.say(COMMANDS)
            elif name == "raw":
                self.do_raw(rest)
            elif command is None and name:
                self.say("no command %r; `help` lists them" % name)
            elif command is not None:
                words = shlex.split(rest)
                try:
                    inspect.signature(command).bind(*words)
                except TypeError:
                    raise Wrong("wrong arguments for %s; `help` shows them" % name) from None
                command(*words)
        except (Wrong, ValueError, ConnectionError, TimeoutError) as error:
            self.say("! %s" % error)
        except CallRefused as error:
            self.say("! the charge point answered %s" % error)
        return True

    def call(self, action: str, payload: dict) -> dict:
        """Calls the charge point; without a terminal it waits for one to come."""
        if not self.central.connected and self.patience_s:
            self.central.wait_connected(self.patience_s)
        return self.central.call(action, payload)

    def do_set(self, file: str, connector: str | None = None) -> None:
        self.call("SetChargingProfile", profile_files.read(file, None if connector is None else int(connector)))

    def do_clear(self, *filters: str) -> None:
        names = {"id": ("id", int), "connector": ("connectorId", int), "purpose": ("chargingProfilePurpose", str), "level": ("stackLevel", int)}
        payload: dict[str, Any] = {}
        for text in filters:
            name, _, value = text.partition("=")
            if name not in names:
                raise Wrong("clear knows %s" % ", ".join(names))
            payload[names[name][0]] = names[name][1](value)
        self.call("ClearChargingProfile", payload)

    def do_composite(self, connector: str, seconds: str, unit: str | None = None) -> None:
        payload: dict[str, Any] = {"connectorId": int(connector), "duration": int(seconds)}
        if unit:
            payload["chargingRateUnit"] = unit.upper()
        for line in composite_table(self.call("GetCompositeSchedule", payload)):
            self.say(line)

    def do_remote_start(self, tag: str, connector: str | None = None, file: str | None = None) -> None:
        payload: dict[str, Any] = {"idTag": tag}
        if connector is not None:
            payload["connectorId"] = int(connector)
        if file is not None:
            payload["chargingProfile"] = profile_files.read(file)["csChargingProfiles"]
        self.call("RemoteStartTransaction", payload)

    def do_remote_stop(self, transaction: str | None = None) -> None:
        number = int(transaction) if transaction else self.central.next_transaction_id - 1
        if number < 1:
            raise Wrong("no transaction has started")
        self.call("RemoteStopTransaction", {"transactionId": number})

    def do_trigger(self, message: str, connector: str | None = None) -> None:
        payload: dict[str, Any] = {"requestedMessage": message}
        if connector is not None:
            payload["connectorId"] = int(connector)
        self.call("TriggerMessage", payload)

    def do_get_config(self, *keys: str) -> None:
        answer = self.call("GetConfiguration", {"key": list(keys)} if keys else {})
        for item in sorted(answer.get("configurationKey", ()), key=lambda item: item["key"]):
            self.say("  %-40s %s%s" % (item["key"], item.get("value", ""), "   (read-only)" if item.get("readonly") else ""))
        for key in answer.get("unknownKey", ()):
            self.say("  %-40s unknown" % key)

    def do_config(self, key: str, value: str) -> None:
        self.call("ChangeConfiguration", {"key": key, "value": value})

    def do_reset(self, kind: str = "Soft") -> None:
        self.call("Reset", {"type": kind.capitalize()})

    def do_raw(self, rest: str) -> None:
        action, _, text = rest.strip().partition(" ")
        payload = json.loads(text or "{}")
        if not action or not isinstance(payload, dict):
            raise Wrong('raw ACTION {"field": "value"}')
        self.call(action, payload)

    def do_wait(self, seconds: str) -> None:
        time.sleep(float(seconds))


def composite_table(answer: dict) -> list[str]:
    """GetCompositeSchedule's answer as lines: from when, how long, how much."""
    schedule = answer.get("chargingSchedule")
    if not schedule:
        return ["  no schedule: %s" % answer.get("status")]
    text = schedule.get("startSchedule") or answer.get("scheduleStart")
    start = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00")).astimezone(timezone.utc) if text else None
    periods = schedule["chargingSchedulePeriod"]
    ends = [p["startPeriod"] for p in periods[1:]] + [schedule.get("duration")]
    lines = ["  from (UTC)            for        limit     phases"]
    for period, end in zip(periods, ends, strict=True):
        at = "+%d s" % period["startPeriod"] if start is None else (start + timedelta(seconds=period["startPeriod"])).strftime("%Y-%m-%d %H:%M:%S")
        length = "" if end is None else str(timedelta(seconds=end - period["startPeriod"]))
        lines.append("  %-19s  %9s  %7s %s  %6s" % (at, length, period["limit"], schedule["chargingRateUnit"], period.get("numberPhases", "")))
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make central", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--raw", action="store_true", help="print every message as it is on the wire")
    parser.add_argument("--heartbeat", type=int, default=300, metavar="S", help="the interval given to charge points (default 300)")
    parser.add_argument("--set", action="append", default=[], metavar="FILE", help="send this profile to each charge point that registers")
    parser.add_argument("--connector", type=int, metavar="N", help="the connector for --set, instead of the file's own")
    options = parser.parse_args(arguments)
    try:
        profiles = [profile_files.read(file, options.connector) for file in options.set]
    except ValueError as error:
        parser.error(str(error))

    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    printing = threading.Lock()

    def say(text: str) -> None:
        """Prints a line; at a terminal above the prompt and what is being typed there."""
        with printing:
            print("\r\x1b[K%s\n> %s" % (text, readline.get_line_buffer()) if at_terminal else text + "\n", end="", flush=True)

    def show(message: Message) -> None:
        say(("%s %s" % ("->" if message.to_station else "<-", message.text)) if options.raw else readable(message))
        for fault in faults_in(message):
            say("          ! not as OCPP 1.6 has it: %s" % fault)
        if message.kind == RESULT and message.action == "BootNotification" and message.payload.get("status") == "Accepted":
            threading.Timer(0.5, send_profiles).start()

    def send_profiles() -> None:
        for payload in profiles:
            try:
                central.call("SetChargingProfile", payload)
            except (CallRefused, TimeoutError, ConnectionError) as error:
                say("! %s" % error)

    central = CentralSystem(options.host, options.port, on_message=show)
    central.heartbeat_s = options.heartbeat
    central.on_connection = lambda charge_point, up: say("%s  %s %s" % (time.strftime("%H:%M:%S"), charge_point, "connected" if up else "gone"))
    try:
        central.start()
    except OSError as error:
        parser.exit(1, "cannot listen on port %d: %s\n" % (options.port, error.strerror))
    print("Listening: ws://%s:%d/<charge point id>; `help` lists the commands." % (options.host, central.port), flush=True)
    console = Console(central, say, patience_s=0 if at_terminal else 60)
    try:
        for line in iter(lambda: input("> "), None) if at_terminal else sys.stdin:
            if not console.carry_out(line):
                return 0
        while True:  # nothing (more) was piped in: just serve
            time.sleep(3600)
    except (KeyboardInterrupt, EOFError):
        print()
    finally:
        central.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
