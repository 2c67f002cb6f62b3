"""The prompt of `make station`: plug in a vehicle, show a card, look at the state, in a few words.

It is the other end of the station's control channel (docs/scripting.md): the station gets a start
file that is the given one with `control` added.
"""

from __future__ import annotations

import atexit
import json
import os
import shlex
import signal
import sys
import termios
import threading
from pathlib import Path
from typing import Any, Callable

from tools.prompt import Prompt
from tools.station_process import ControlChannel, StationDied

# Each command: (how it is written, what it does).
COMMANDS = {
    "plug": ("[CONNECTOR] [AMPS] [PHASES]", "a vehicle is plugged in and asks for current"),
    "unplug": ("[CONNECTOR]", "it is unplugged"),
    "card": ("TAG", "a card is shown to the reader"),
    "pause": ("[CONNECTOR]", "the vehicle wants no current"),
    "resume": ("[CONNECTOR]", "it wants current again"),
    "advance": ("SECONDS", "so much time passes at once: clock, schedules, meter"),
    "link": ("up|down", "the network cable is plugged in, or pulled"),
    "state": ("", "what the station and its connectors do"),
    "help": ("", ""),
    "quit": ("", ""),
}
_MORE = (
    "  Any command of docs/scripting.md works too: fault connector=1 code=GroundFailure active=true"
)


class Misused(Exception):
    """One argument: what is wrong with a command, in a sentence."""


def request_from(line: str) -> dict[str, Any]:
    """The control channel's request for a line from the prompt. Raises Misused."""
    try:
        name, *given = shlex.split(line)
    except ValueError:
        raise Misused("a quotation mark has no other") from None
    if name not in COMMANDS:
        return {"cmd": name, **_fields(name, given)}
    usage = COMMANDS[name][0].split()
    if len(given) > len(usage):
        raise Misused("too many words; it is written: %s %s" % (name, COMMANDS[name][0]))
    if len(given) < len([word for word in usage if not word.startswith("[")]):
        raise Misused("too few words; it is written: %s %s" % (name, COMMANDS[name][0]))
    if name == "card":
        return {"cmd": "swipe", "tag": given[0]}
    if name == "link":
        if given[0] not in ("up", "down"):
            raise Misused("it is written: link up|down")
        return {"cmd": "link", "up": given[0] == "up"}
    if name == "state":
        return {"cmd": "state"}
    numbers = [_number(name, text) for text in given]
    if name == "advance":
        return {"cmd": "clock", "advance_s": numbers[0]}
    request: dict[str, Any] = {"connector": numbers[0] if numbers else 1}
    if name == "plug":
        return {"cmd": "plug_in", **request, **dict(zip(("amps", "phases"), numbers[1:]))}
    if name == "unplug":
        return {"cmd": "plug_out", **request}
    return {"cmd": "ev", **request, "wants": name == "resume"}


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        usage = "%s %s" % (name, COMMANDS[name][0])
        raise Misused("%s is no whole number; it is written: %s" % (text, usage))
    return int(text)


def _fields(name: str, given: list[str]) -> dict[str, Any]:
    """name=value ..., where a value that is no JSON is text."""
    found: dict[str, Any] = {}
    for text in given:
        field, equals, value = text.partition("=")
        if not equals:
            raise Misused("no command %s %s; `help` lists them" % (name, text))
        try:
            found[field] = json.loads(value)
        except ValueError:
            found[field] = value
    return found


def state_lines(state: dict[str, Any]) -> list[str]:
    """A state for people: the station in a line, and each connector."""
    words = ["registered" if state["registered"] else "not registered"]
    words.append("connected" if state["connected"] else "not connected")
    lines = ["  %s, %s" % (state["now"] or "no time of day yet", ", ".join(words))]
    for connector in state["connectors"]:
        pilot, limit, meter = connector["pilot"], connector["limit"], connector["meter"]
        parts = [connector["status"]]
        if connector["error"] != "NoError":
            parts.append(connector["error"])
        parts.append("limit %s A by %s" % (limit["amps"], limit["source"]))
        if limit["next_change"]:
            parts.append("until %s" % limit["next_change"])
        parts.append("pilot %s at %s %%" % (pilot["state"], pilot["duty_percent"]))
        parts.append("contactor %s" % ("closed" if connector["contactor"]["closed"] else "open"))
        if connector["transaction"]:
            parts.append("transaction of card %s" % connector["transaction"]["id_tag"])
        parts.append("%s A, %s W, %s Wh" % (meter["amps"], meter["watts"], meter["wh"]))
        lines.append("  connector %d: %s" % (connector["id"], ", ".join(parts)))
    return lines


def offer_prompt(start: Path, store: Path) -> tuple[Path, Callable[[str], None]]:
    """(The start file with a control channel, what prints a line above the prompt)."""
    document = json.loads(start.read_text(encoding="utf-8"))
    if document.get("control") is not None:
        print("station: another program has the control channel, so there is no prompt", flush=True)
        return start, lambda text: print(text, flush=True)
    channel = ControlChannel()
    copy = _with_control(document, start, store, channel.port)
    prompt = Prompt(lambda: "> ", lambda before: [] if before.split() else list(COMMANDS))
    terminal = termios.tcgetattr(sys.stdin)  # readline changes it while it waits for a line
    atexit.register(termios.tcsetattr, sys.stdin, termios.TCSADRAIN, terminal)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_serve, args=(prompt, channel), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)  # the main thread alone takes signals
    return copy, prompt.say


def _with_control(document: dict, start: Path, store: Path, port: int) -> Path:
    document = {**document, "store": str(store), "control": {"host": "127.0.0.1", "port": port}}
    if isinstance(document.get("tls"), dict):
        document["tls"] = {
            name: str(start.parent / value) if name.endswith("_file") and value else value
            for name, value in document["tls"].items()
        }
    copy = store / "start.json"
    copy.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return copy


def _serve(prompt: Prompt, channel: ControlChannel) -> None:
    with channel.changed:
        channel.changed.wait_for(lambda: channel.hello)  # one that cannot start needs no prompt
    prompt.say("`help` lists the commands of this prompt.")
    for line in prompt.lines():
        name = line.strip()
        if name in ("quit", "exit"):
            break
        if name in ("help", "?"):
            for command, (usage, what) in COMMANDS.items():
                prompt.say(("  %-36s %s" % ((command + " " + usage).strip(), what)).rstrip())
            prompt.say(_MORE)
        elif name:
            _carry_out(name, prompt, channel)
    os.kill(os.getpid(), signal.SIGINT)


def _carry_out(line: str, prompt: Prompt, channel: ControlChannel) -> None:
    try:
        request = request_from(line)
    except Misused as error:
        prompt.say("! %s" % error)
        return
    try:
        answer = channel.ask(request)
    except (StationDied, OSError):
        prompt.say("! the station does not answer: it is starting, or has ended")
        return
    if not answer["ok"]:
        prompt.say("! %s" % answer["error"])
    elif request["cmd"] == "state":
        for text in state_lines(answer):
            prompt.say(text)
