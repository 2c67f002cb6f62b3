"""A central system to use by hand: `make central`, then point a charge point at ws://here:9000.

It takes any charge point that speaks OCPP 1.6, prints what goes over the wire, and takes commands.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import Any, Callable, Iterable

from websockets.http11 import Request

from tools import central_words, command, profile_files
from tools.central_access import addresses, reason_for_401, tls_context
from tools.central_console import Console
from tools.central_system import CallRefused, CentralSystem
from tools.charge_points import ChargePoints, TransactionNumbers
from tools.command import ROOT
from tools.traffic import RESULT, Message, faults_in, gist

EXAMPLES = """\
  make central                                  port 9000; prints the traffic, offers a prompt
  make central ARGS="--port 8180 --raw"         another port; every message as it is on the wire
  make central ARGS="--set evening_default"     sends a profile to each charge point that registers
  make central ARGS="--set my.json --connector 2"
  make central ARGS="--password secret --cert server.pem --key server.key"
  make central ARGS="--cert server.pem --key server.key --client-ca ca.pem"     security profile 3
  printf 'wait-for Charging\\nset evening_default\\nexpect Accepted\\n' | make central ARGS=--strict

A profile file holds a SetChargingProfile payload or the profile alone; tools/profiles has examples.
At the prompt, `help` lists the commands, and Tab completes them. Commands may be piped in, too: the
first call waits until a charge point is registered.

exit codes: 0 after quit; 1 after an `expect` or `wait-for` that was not met, and with --strict
after the first command that failed or the first message from a charge point that OCPP 1.6 does
not allow; 2 the options are wrong. make turns each code but 0 into 2; for the code itself take
.venv/bin/python -m tools.central in place of make central
"""
_PATIENCE_S = 60  # for a charge point that registers


class Report:
    """What is printed: lines for people, or JSON lines."""

    def __init__(self, say: Callable[[str], None], as_json: bool, raw: bool) -> None:
        self._say, self._json, self._raw = say, as_json, raw

    def event(self, sentence: str, **what: Any) -> None:
        if self._json:
            now = datetime.now(timezone.utc)
            self._print(now, **what)
        else:
            self._say(sentence)

    def message(self, message: Message, faults: list[str]) -> None:
        if self._json:
            at = datetime.fromtimestamp(message.at, timezone.utc)
            told: dict[str, Any] = {"faults": faults} if faults else {}
            sender = "central_system" if message.to_station else "charge_point"
            text = (
                {"text": message.text}
                if message.kind is None
                else {"message": json.loads(message.text)}
            )
            self._print(
                at, charge_point=message.charge_point, id=message.id, sender=sender, **text, **told
            )
            return
        clock = time.strftime("%H:%M:%S", time.localtime(message.at))
        arrow = "->" if message.to_station else "<-"
        self._say(
            "%s  %-10s %s  %s"
            % (clock, message.charge_point, arrow, message.text if self._raw else gist(message))
        )
        for fault in faults:
            self._say("          ! not as OCPP 1.6 has it: %s" % fault)

    def _print(self, at: datetime, **fields: Any) -> None:
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._say(json.dumps({"time": text, **fields}))


def options_of(arguments: list[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = command.parser("central", __doc__, EXAMPLES)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument(
        "--raw", action="store_true", help="print every message as it is on the wire"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object a line, with time and id"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="for scripts: end at the first fault, or after the last command",
    )
    parser.add_argument(
        "--heartbeat",
        type=int,
        default=300,
        metavar="S",
        help="the interval given to charge points (default 300)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FILE",
        help="send this profile to each charge point that registers",
    )
    parser.add_argument(
        "--connector",
        type=int,
        metavar="N",
        help="the connector for --set, instead of the file's own",
    )
    parser.add_argument(
        "--password",
        metavar="TEXT",
        help="refuse who does not give it (HTTP Basic, the user is the id)",
    )
    parser.add_argument(
        "--cert", metavar="PEM", help="listen in TLS (wss://) with this certificate"
    )
    parser.add_argument("--key", metavar="PEM", help="its private key (default: in the same file)")
    parser.add_argument(
        "--client-ca",
        metavar="PEM",
        help="with --cert: refuse who shows no certificate of this authority (security profile 3)",
    )
    parser.add_argument(
        "--transactions",
        type=Path,
        metavar="FILE",
        help="keeps their numbers (default: build/central-PORT.json)",
    )
    return parser, parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    parser, options = options_of(arguments)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    printing = threading.Lock()

    def say_plainly(text: str) -> None:
        with printing:
            print(text, flush=True)

    say, lines = say_plainly, iter(sys.stdin)
    if at_terminal:
        from tools.prompt import Prompt  # changes how the terminal is read

        prompt = Prompt(lambda: "%s> " % console_name(), lambda before: words(before))
        say, lines = prompt.say, prompt.lines()
    report = Report(say, options.json, options.raw)
    points = ChargePoints()
    faulty = threading.Event()

    def show(message: Message) -> None:
        faults = faults_in(message)
        points.hear(message)
        numbers.hear(message)
        report.message(message, faults)
        if faults and not message.to_station:
            faulty.set()
        accepted = (
            message.kind == RESULT
            and message.action == "BootNotification"
            and message.payload.get("status") == "Accepted"
        )
        if accepted and options.set:
            threading.Timer(0.5, send_profiles, (message.charge_point,)).start()

    def send_profiles(charge_point: str) -> None:
        for payload in profiles:
            try:
                central.call("SetChargingProfile", payload, charge_point=charge_point)
            except CallRefused:
                pass  # the traffic shows it
            except (TimeoutError, ConnectionError) as error:
                complain(str(error))

    def complain(sentence: str) -> None:
        report.event("! " + sentence, error=sentence)

    def at_connection(charge_point: str, up: bool) -> None:
        points.connection(charge_point, up)
        what = "connected" if up else "gone"
        report.event(
            "%s  %s %s" % (time.strftime("%H:%M:%S"), charge_point, what),
            charge_point=charge_point,
            event=what,
        )

    def refuse(request: Request) -> int | None:
        charge_point = request.path.rsplit("/", 1)[-1]
        reason = reason_for_401(request, charge_point, options.password)
        if reason is None:
            return None
        sentence = "%s  %s is refused with 401: %s" % (
            time.strftime("%H:%M:%S"),
            charge_point,
            reason,
        )
        report.event(sentence, charge_point=charge_point, event="refused", reason=reason)
        return HTTPStatus.UNAUTHORIZED

    def console_name() -> str:
        point = console.point()
        return point.name if point else ""

    def words(before: str) -> list[str]:
        configuration = [
            m.payload
            for m in central.messages
            if m.kind == RESULT and m.action == "GetConfiguration"
        ]
        keys = {
            item["key"] for payload in configuration for item in payload.get("configurationKey", ())
        }
        return central_words.completions(before, list(points), sorted(keys))

    central = CentralSystem(options.host, options.port, on_message=show)
    central.heartbeat_s = options.heartbeat
    central.on_connection = at_connection
    central.refuse = refuse if options.password is not None else None
    try:
        profiles = [profile_files.read(file, options.connector) for file in options.set]
        numbers = TransactionNumbers(
            options.transactions or ROOT / "build" / ("central-%d.json" % options.port), central
        )
    except ValueError as error:
        parser.error(str(error))
    if options.client_ca and not options.cert:
        parser.error("--client-ca needs --cert: a charge point shows its certificate inside TLS")
    try:
        if options.cert:
            at_failure = "a TLS handshake failed: "
            central.tls = tls_context(
                options.cert,
                options.key,
                options.client_ca,
                lambda reason: complain(at_failure + reason),
            )
    except OSError as error:
        parser.error("a certificate or the key cannot be used: %s" % (error.strerror or error))
    try:
        central.start()
    except OSError as error:
        parser.exit(1, "cannot listen on port %d: %s\n" % (options.port, error.strerror))
    urls = [
        "%s://%s:%d" % ("wss" if central.tls else "ws", address, central.port)
        for address in addresses(options.host)
    ]
    sentence = "Listening: %s; a charge point adds /its-id. `help` lists the commands." % ", ".join(
        urls
    )
    report.event(sentence, event="listening", urls=urls)
    console = Console(
        central,
        points,
        lambda text: report.event(text, says=text),
        0 if at_terminal else _PATIENCE_S,
    )
    console.complain = complain
    try:
        return serve(console, lines, options.strict, at_terminal, faulty)
    except KeyboardInterrupt:
        print()
    finally:
        central.stop()
    return 0


def serve(
    console: Console, lines: Iterable[str], strict: bool, at_terminal: bool, faulty: threading.Event
) -> int:
    """Carries commands out until there is a reason to end; the exit code."""
    for line in lines:
        if strict and console.refused and line.split()[:1] != ["expect"]:
            return 1  # nobody expected that error
        if not console.carry_out(line):
            break
        if strict and (console.failures or faulty.is_set()):
            return 1
    else:
        while not (strict or at_terminal):  # nothing (more) was piped in: just serve
            time.sleep(3600)
    if strict and (console.refused or faulty.is_set()):
        return 1
    unmet = any(isinstance(failure, central_words.Unexpected) for failure in console.failures)
    return 1 if unmet and not at_terminal else 0


if __name__ == "__main__":
    sys.exit(main())
