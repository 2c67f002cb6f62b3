"""The commands of `make central`, at its prompt or piped in: one method each, named as the command.

A command that cannot be carried out raises Wrong with the reason; Misused adds how it is written.
Commands that call the charge point are in central_calls.
"""

from __future__ import annotations

import difflib
import inspect
import json
import shlex
import time
from typing import Any, Callable

from tools import central_words as words
from tools.central_calls import Calls
from tools.central_system import SILENCE, Refuse
from tools.central_words import COMMANDS, Misused, Unexpected, Wrong, number_in, object_in
from tools.traffic import CALL, Message

WAIT_FOR_S = 60
# `wait-for` looks back to the last other command.
_KEEP_THE_MARK = ("", "list", "use", "wait", "wait-for", "expect", "help")


class Console(Calls):
    """Carries lines out; `failures` are those that could not be."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.complain: Callable[[str], None] = lambda sentence: self.say("! " + sentence)
        self.failures: list[Exception] = []
        self._mark = 0

    # ---- a line ----

    def carry_out(self, line: str) -> bool:
        """One line from the prompt; False to quit."""
        name, _, rest = line.strip().partition(" ")
        if name in ("quit", "exit"):
            return False
        if name not in _KEEP_THE_MARK:
            self._mark = len(self.central.messages)
        try:
            self._carry_out("help" if name == "?" else name, rest.strip())
        except Misused as error:
            self._fail(error, "%s; it is written: %s %s" % (error, name, COMMANDS[name][0]))
        except (Wrong, ValueError, ConnectionError, TimeoutError) as error:
            self._fail(error, str(error))
        return True

    def _fail(self, error: Exception, sentence: str) -> None:
        self.failures.append(error)
        self.complain(sentence)

    def _carry_out(self, name: str, rest: str) -> None:
        if not name or name.startswith("#"):
            return
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, 1)
            raise Wrong(
                "no command %r%s; `help` lists them"
                % (name, ": did you mean %s?" % near[0] if near else "")
            )
        command: Any = getattr(self, "do_" + name.replace("-", "_"))
        if name in ("raw", "answer"):
            command(rest)
            return
        try:
            arguments = shlex.split(rest)
        except ValueError:
            raise Misused("a quotation mark has no other") from None
        try:
            inspect.signature(command).bind(*arguments)
        except TypeError:
            raise Misused(
                "too few words"
                if len(arguments) < len(inspect.signature(command).parameters)
                else "too many words"
            ) from None
        command(*arguments)

    # ---- the commands ----

    def do_help(self) -> None:
        for name, (usage, what) in COMMANDS.items():
            self.say(("  %-44s %s" % ((name + " " + usage).strip(), what)).rstrip())

    def do_list(self) -> None:
        for point in self.points.values():
            self.say(point.line() + ("   <- commands go here" if point is self.point() else ""))
        if not self.points:
            self.say("  no charge point has come yet")

    def do_use(self, name: str | None = None) -> None:
        if name is not None and name not in self.points:
            raise Wrong("no charge point %s has come; `list` shows those that have" % name)
        self.chosen = name

    def do_answer(self, rest: str) -> None:
        action, _, text = rest.partition(" ")
        text = text.strip()
        if action not in words.FROM_CHARGE_POINTS:
            near = difflib.get_close_matches(action, words.FROM_CHARGE_POINTS, 1)
            raise Misused(
                "no charge point calls %r%s"
                % (action, ": did you mean %s?" % near[0] if near else "")
            )
        if not text:
            self.central.answers.pop(action, None)
        elif text == "silence":
            self.central.answers[action] = SILENCE
        elif text.split()[0] == "error":
            self.central.answers[action] = Refuse((text.split() + ["GenericError"])[1])
        elif text.startswith("{"):
            self.central.answers[action] = object_in(text)
        else:
            self.central.answers[action] = self._answer_with(action, text)

    def _answer_with(self, action: str, status: str) -> Callable[[dict], dict]:
        allowed = words.statuses_in_answer(action)
        if status not in allowed:
            raise Misused(
                "%s is no status of %s's answer%s"
                % (status, action, "; it has one of %s" % ", ".join(allowed) if allowed else "")
            )

        def answer(payload: dict) -> dict:
            usual = self.central.default_answer(
                Message(json.dumps([CALL, "", action, payload]), False)
            )
            (usual["idTagInfo"] if "idTagInfo" in usual else usual)["status"] = status
            return usual

        return answer

    def do_drop(self, how: str | None = None) -> None:
        if how not in (None, "abrupt"):
            raise Misused("%s is unknown" % how)
        point = self.point()
        if point is None or not point.connected:
            raise Wrong("no charge point is connected")
        self.central.drop(abrupt=how is not None, charge_point=point.name)

    def do_wait(self, seconds: str) -> None:
        try:
            time.sleep(float(seconds))
        except (ValueError, OverflowError):
            raise Misused("SECONDS must be a number, not %r" % seconds) from None

    def do_wait_for(
        self, what: str, connector: str | None = None, seconds: str | None = None
    ) -> None:
        number = None if connector in (None, "-") else number_in("CONNECTOR", connector or "")
        within_s = WAIT_FOR_S if seconds is None else number_in("SECONDS", seconds)
        if what not in words.CONNECTOR_STATUSES + words.FROM_CHARGE_POINTS:
            near = difflib.get_close_matches(
                what, words.CONNECTOR_STATUSES + words.FROM_CHARGE_POINTS, 1
            )
            raise Misused(
                "%r is no status and no call%s"
                % (what, ": did you mean %s?" % near[0] if near else "")
            )

        def there() -> bool:
            point = self.point()
            if point is None:
                return False
            if what in words.CONNECTOR_STATUSES:
                return point.connected and what in [
                    status for at, status in point.statuses.items() if number in (None, at)
                ]
            calls = [
                m for m in self.central.seen(what, since=self._mark) if m.charge_point == point.name
            ]
            return any(number in (None, m.payload.get("connectorId")) for m in calls)

        if not self.happens(there, within_s):
            point = self.point()
            now = (
                ", ".join("connector %d is %s" % item for item in sorted(point.statuses.items()))
                if point
                else "no charge point is connected"
            )
            raise Unexpected(
                "no %s%s within %d s%s"
                % (
                    what,
                    "" if number is None else " at connector %d" % number,
                    within_s,
                    "; " + now if now else "",
                )
            )

    def do_expect(self, status: str) -> None:
        if status != self.last:
            raise Unexpected(
                "expected %s, and the last answer was %s"
                % (status, self.last or "without a status")
            )
        self.refused = False
