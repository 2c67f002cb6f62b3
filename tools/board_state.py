"""What a station does, worked out from the lines of its log: for `make monitor`, which asks the
board nothing.

Lines as firmware/setpoint/log.py writes them, and boot.py's:

    2026-01-01T12:00:00Z info  limit    connector 1: 16.0 A, schedule
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LINE = re.compile(r"(\S+) (error|warn|note|info) +(\S+) +(.*)")
_OF_CONNECTOR = re.compile(r"connector (\d+): (.*)")
_STATE = re.compile(r"(\w+(?: \(.*\))?), ([\d.]+) A(?:, transaction (\w+))?, (online|offline)")
_LIMIT = re.compile(r"([\d.]+) A, (.*)")


@dataclass
class Connector:
    status: str = "?"
    amps: str = "?"
    why: str = ""
    transaction: str = ""
    faults: "list[str]" = field(default_factory=list)

    def __str__(self) -> str:
        parts = [
            "%s, limit %s A%s" % (self.status, self.amps, " by " + self.why if self.why else "")
        ]
        parts += ["transaction " + self.transaction] if self.transaction else []
        return ", ".join(parts + self.faults)


class BoardState:
    """`hear` each line; str() of it is the state in one line, as far as the lines told it."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.link = ""
        self.registration = ""
        self.connectors: dict[int, Connector] = {}
        self.safe_mode = False

    def hear(self, text: str) -> None:
        if text.startswith("boot: "):
            if not text.startswith("boot: The "):  # a second sentence
                self._forget()
                self.safe_mode = "SAFE MODE" in text
            return
        line = LINE.match(text)
        if line is None:
            return
        _, level, area, sentence = line.groups()
        of = _OF_CONNECTOR.match(sentence)
        if area == "app" and sentence.startswith("Setpoint "):
            self._forget()
        elif area == "link":
            self._of_the_link(level, sentence)
        elif area == "station" and sentence.startswith("BootNotification: "):
            self.registration = sentence.split(": ")[1]
        elif of:
            self._of_a_connector(self.connectors.setdefault(int(of[1]), Connector()), area, of[2])

    def _of_the_link(self, level: str, sentence: str) -> None:
        if sentence.startswith("connected to "):
            self.link = "connected"
        elif level != "info" or sentence.startswith("waiting"):
            self.link = "not connected (%s)" % sentence.split(";")[0]

    def _of_a_connector(self, connector: Connector, area: str, sentence: str) -> None:
        state, limit = _STATE.fullmatch(sentence), _LIMIT.match(sentence)
        if area == "state" and state:
            connector.status, connector.amps, transaction, link = state.groups()
            connector.transaction = transaction or ""
            if link == "online":
                self.link, self.registration = "connected", "Accepted"
            elif not self.link:
                self.link = "not connected"
        elif area == "limit" and limit:
            connector.amps, connector.why = limit.groups()
        elif area == "station" and sentence == "transaction begins":
            connector.transaction = "begins"
        elif area == "station" and sentence.startswith("transaction ends"):
            connector.transaction = ""
        elif area == "control":
            name, _, rest = sentence.partition(" ")
            connector.faults = [fault for fault in connector.faults if fault != name] + (
                [] if rest == "is over" else [name]
            )

    def __str__(self) -> str:
        if self.safe_mode:
            return "SAFE MODE: nothing runs; make deploy installs a program"
        # It outlasts a link that is lost
        registered = self.link == "connected" and self.registration
        parts = [self.link + (", " + registered if registered else "")] if self.link else []
        parts += [
            "%d: %s" % (number, connector) for number, connector in sorted(self.connectors.items())
        ]
        return " | ".join(parts) or "no state heard yet: it comes within a minute"
