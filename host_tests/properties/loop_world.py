"""The world around a station in a closed loop: flash, clock, outlets, meters and a central system,
which can fail."""

import json
from datetime import datetime, timedelta, timezone

from central_system import CentralSystem
from central_system import text_of as whole
from legal_profiles import T0
from store_in_ram import DocumentsInRam

from setpoint.board.simulated.outlet import Outlet
from setpoint.clock import Clock
from tools.traffic import Message, faults_in

STEP_MS = 200  # the pilot's machine takes a longer one for a stall
FIRST_TRANSACTION = -2  # OCPP allows any integer as an id, 0 and below included


class PowerCut(BaseException):
    """Power fails in the middle of what the station does."""


def text_of(instant):
    return (datetime(2020, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=instant)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def as_sent(profile):
    """Instants as OCPP writes them."""
    sent = dict(profile, chargingSchedule=dict(profile["chargingSchedule"]))
    for fields in (sent, sent["chargingSchedule"]):
        for name in ("validFrom", "validTo", "startSchedule"):
            if name in fields:
                fields[name] = text_of(fields[name])
    return sent


class Flash(DocumentsInRam):
    """`sticks`: removals of profiles raise; `stuck` holds the names of those that are still there.
    `cut_after`: power fails before the operation after so many, also one of the journal, which lies
    on the same flash."""

    def __init__(self):
        DocumentsInRam.__init__(self)
        self.failed = False  # since the last power-up
        self.sticks = False
        self.stuck = set()
        self.cut_after = None
        self.journal.changes = self.changes

    def _step(self):
        if self.cut_after is not None:
            if self.cut_after == 0:
                raise PowerCut
            self.cut_after -= 1

    def changes(self):
        self._step()
        self.failed = self.failed or self.fails
        DocumentsInRam.changes(self)

    def write(self, name, value):
        written = DocumentsInRam.write(self, name, value)
        if written:
            self.stuck.discard(name)
        return written

    def remove(self, name):
        self._step()
        if self.sticks and name.startswith("profile-") and name in self.kept:
            self.stuck.add(name)
            raise OSError(5)
        self.stuck.discard(name)
        DocumentsInRam.remove(self, name)


class LoopClock(Clock):
    def __init__(self, loop, at):
        Clock.__init__(self, at)
        self._loop = loop
        self._boot_ms = loop.ms

    def ticks_ms(self):
        return self._loop.ms - self._boot_ms


class LoopOutlet(Outlet):
    def set_phases(self, phases):
        assert not self.contactor_closed(), "phases switched under load"
        Outlet.set_phases(self, phases)


class Meter:
    def __init__(self):
        self.wh = 0

    def keep(self, wh):
        assert wh >= self.wh
        self.wh = wh


class SlowCentralSystem(CentralSystem):
    """Answers what the station asks after `latency_ms`; judges every message."""

    def __init__(self, loop):
        CentralSystem.__init__(self)
        self.loop = loop
        self.behind_s = 0
        self.latency_ms = 0
        self.refuses = False
        self.registers = "Accepted"
        self.card_status = "Accepted"
        self.transaction_ids = FIRST_TRANSACTION - 1
        self.starts = []  # of StartTransaction, until they were compared with the books
        self.replies = []  # (due_ms, text)
        self.holds = False  # it keeps its replies until it is let go
        self.in_flight = None  # (sent_ms, id)
        self.asked = None  # (id, action) of our own CALL
        self.answer = None
        self.on_answer = None
        self.count = 0
        self.seen = set()
        self.answers.update(
            BootNotification=lambda payload: {
                "status": self.registers,
                "currentTime": text_of(self.now()),
                "interval": 3600,
            },
            Heartbeat=lambda payload: {"currentTime": text_of(self.now())},
            Authorize=lambda payload: {"idTagInfo": self._info(payload["idTag"])},
            StartTransaction=self._start,
        )

    def _start(self, payload):
        self.starts.append(payload)
        return dict(CentralSystem._start(self, payload), idTagInfo=self._info(payload["idTag"]))

    def _info(self, tag):
        info = {"status": self.card_status}
        parent = self.loop.books.groups.get(tag)
        return info if parent is None else dict(info, parentIdTag=parent)

    def now(self):
        return T0 + self.loop.ms // 1000 - self.behind_s

    def take(self, text):
        message = Message(whole(text), False)
        if message.kind in (3, 4):
            assert self.asked is not None and message.id == self.asked[0], message.text
            message.action = self.asked[1]
            self.answer = message
            self.asked = None
            if self.on_answer is not None:
                self.on_answer(message)
        faults = faults_in(message)
        assert not faults, (faults, message.text)
        if message.kind != 2:
            return
        assert message.id not in self.seen, "id used twice"
        self.seen.add(message.id)
        if self.in_flight is not None:
            assert self.loop.ms - self.in_flight[0] >= 30000, "a second call in flight"
        self.in_flight = (self.loop.ms, message.id)
        if self.refuses and not self.silent and message.action != "BootNotification":
            self.refuse(message.id)
        else:
            self.take_call(message.id, message.action, message.payload)

    def deliver(self, text):
        self.replies.append((self.loop.ms + self.latency_ms, text))

    def ask(self, action, payload, on_answer=None):
        """The station's answer to a CALL: a Message. `on_answer` is told of it before anybody looks
        at the station."""
        self.count += 1
        self.on_answer = on_answer
        self.asked = ("c%d" % self.count, action)
        self.answer = None
        self.loop.books.heard_ms = self.loop.ms
        self.loop.app.on_text(json.dumps([2, self.asked[0], action, payload]))
        assert self.answer is not None, action
        self.loop.pump()
        return self.answer

    def link_is_down(self):
        self.replies = []
        self.in_flight = None

    def due_ms(self):
        """When something is to be done on the network."""
        if self.replies and not self.holds:
            return min(due for due, _ in self.replies)
        return None if self.in_flight is None else self.in_flight[0] + 30000

    def hand_over(self):
        """The replies that are due."""
        while self.replies and not self.holds and self.replies[0][0] <= self.loop.ms:
            _, text = self.replies.pop(0)
            if self.in_flight is not None and json.loads(text)[1] == self.in_flight[1]:
                self.in_flight = None
            self.loop.books.heard_ms = self.loop.ms
            self.loop.app.on_text(text)
