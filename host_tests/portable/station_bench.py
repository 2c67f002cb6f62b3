"""A station without network, flash and hardware, for the portable tests: the test is its central system, its
vehicle and its clock."""

import json

from setpoint.messaging.sampling import Reading
from setpoint.protocol.iso8601 import instant_from
from setpoint.schedule.supply import Supply
from setpoint.station.station import Station

NOON = instant_from("2025-06-15T12:00:00Z")


class Lines:
    """A journal in RAM, of one segment; `fails` makes every write raise."""

    def __init__(self):
        self.segments = []
        self.lines = []
        self.marked = []
        self.problems = []
        self.fails = False

    def read(self, segment, offset):
        return (self.lines[offset], 1, offset + 1) if offset < len(self.lines) else None

    def append(self, lines, owner):
        if self.fails:
            raise OSError(28)
        if not self.segments:
            self.segments.append(1)
            self.lines.append(owner.heading())
        self.lines += lines

    def drop_before(self, segment):
        pass

    def mark(self, text):
        if self.fails:
            raise OSError(28)
        self.marked.append(text)

    def marks(self):
        return self.marked[-2:]


class Memory:
    """Documents in RAM, and a journal beside them; `fails` makes every write of a document raise."""

    def __init__(self):
        self.kept = {}
        self.journal = Lines()
        self.writes = 0
        self.fails = False

    def read(self, name, like=None, understand=None):
        if name not in self.kept:
            return like
        value = json.loads(self.kept[name])
        try:
            return value if understand is None else understand(value)
        except (ValueError, TypeError, LookupError):
            return like

    def names(self):
        return sorted(self.kept)

    def write(self, name, value):
        if self.fails:
            raise OSError(28)
        text = json.dumps(value)
        assert json.loads(text) == value, (name, value)
        if self.kept.get(name) == text:
            return False
        self.kept[name] = text
        self.writes += 1
        return True

    def remove(self, name):
        self.kept.pop(name, None)


class Bench:
    """`station` with `connectors` connectors, at `now`. What it sends is answered by `answers` at once, unless `silent`."""

    def __init__(
        self, connectors=1, keys=None, now=NOON, memory=None, register=True, phases=3, switch=False, grid_da=None, locks=(), after_reset=False, journal=None,
        identity=None, wh=None, estimated=False, voltages_dv=(2300, 2310, None), has_thermometer=True,
    ):
        self.memory = memory or Memory()
        self.journal = journal or getattr(self.memory, "journal", None) or Lines()
        self.now = now
        self.up_ms = 0
        self.wh = wh or {}
        self.offered_da = {}
        self.celsius = None
        self.estimated = estimated
        self.voltages_dv = voltages_dv
        self.has_thermometer = has_thermometer
        self.sent = []  # [action, payload] of every CALL, in order
        self.unanswered = []  # (id, action, payload) while silent
        self.silent = False
        self.limits = {}
        self.phases = {}
        self.permits = {}
        self.locks = {}
        self.logs = []
        self.resets = 0
        self.renewals = 0  # of the connection
        self._count = 0
        self.transaction_ids = 0
        self.answers = {
            "BootNotification": self._boot,
            "Authorize": lambda payload: {"idTagInfo": {"status": "Accepted"}},
            "StartTransaction": self._start,
            "StopTransaction": lambda payload: {},
            "Heartbeat": lambda payload: {"currentTime": "2025-06-15T12:00:00Z"},
            "MeterValues": lambda payload: {},
            "StatusNotification": lambda payload: {},
            "SecurityEventNotification": lambda payload: {},
            "DataTransfer": lambda payload: {"status": "Accepted"},
        }
        self.boot_answer = {"status": "Accepted", "currentTime": "2025-06-15T12:00:00Z", "interval": 300}
        supply = Supply(230, phases, switch, 320, None, grid_da, connectors)
        ids = list(range(1, connectors + 1))
        identity = dict(identity or {}, vendor="Setpoint", model="Bench")
        self.station = Station(identity, self.memory, self.journal, supply, ids, self._reading, keys or {}, "t", self._on_log, locks)
        self.tell(self.station.start, after_reset)
        if register:
            self.tell(self.station.on_link, True)

    def _on_log(self, level, sentence):
        self.logs.append(sentence)

    def _reading(self, connector):
        reading = Reading(
            self.wh.get(connector, 1000), 0, [0, 0, 0], 3, self.offered_da.get(connector, 0), self.voltages_dv, self.celsius
        )
        reading.has_thermometer = self.has_thermometer
        reading.estimated = self.estimated
        return reading

    def _boot(self, payload):
        return self.boot_answer

    def _start(self, payload):
        self.transaction_ids += 1
        return {"transactionId": self.transaction_ids, "idTagInfo": {"status": "Accepted"}}

    # -- events

    def tell(self, event, *arguments):
        self.station.time_is(self.now, self.up_ms, self.up_ms)
        event(*arguments)
        self._carry_out()

    def _carry_out(self):
        todo = self.station.take_effects()
        while todo:
            effect = todo.pop(0)
            if effect[0] == "send":
                self._take(json.loads(text_of(effect[1])))
                todo += self.station.take_effects()
            elif effect[0] == "clock":
                if self.now != effect[1]:
                    self.now = effect[1]
                    self.tell(self.station.on_clock)
            elif effect[0] == "renew":
                self.renewals += 1
            elif effect[0] == "reset":
                self.resets += 1
        for connector in self.station.facts.connectors:
            limit = self.station.limits.of[connector.id]
            self.limits[connector.id], self.phases[connector.id] = limit.da, limit.phases
            self.permits[connector.id] = connector.permitted()
            if connector.has_lock:
                self.locks[connector.id] = connector.lock_wanted()

    def _take(self, message):
        if message[0] != 2:
            self.last_answer = message
            return
        self.sent.append([message[2], message[3]])
        if self.silent:
            self.unanswered.append((message[1], message[2], message[3]))
        else:
            self.reply(message[1], self.answers[message[2]](message[3]))

    def reply(self, message_id, payload):
        self.station.on_text(json.dumps([3, message_id, payload]))

    def answer_all(self):
        """What was left unanswered is answered now, and what follows too."""
        self.silent = False
        while self.unanswered:
            message_id, action, payload = self.unanswered.pop(0)
            self.tell(self.reply, message_id, self.answers[action](payload))

    def ask(self, action, payload):
        """A CALL of the central system: the payload of the answer, or ("error", code, description)."""
        self._count += 1
        self.last_answer = None
        self.tell(self.station.on_text, json.dumps([2, "c%d" % self._count, action, payload]))
        answer = self.last_answer
        assert answer[1] == "c%d" % self._count, answer
        return answer[2] if answer[0] == 3 else ("error", answer[2], answer[3])

    def pass_time(self, seconds):
        """Second by second, as an app would: the station is woken when it wants to be."""
        end = self.up_ms + seconds * 1000
        while self.up_ms < end:
            step = min(max(self.station.due_at_ms() - self.up_ms, 1000), end - self.up_ms)
            step -= step % 1000
            self.up_ms += step
            if self.now is not None:
                self.now += step // 1000
            self.tell(self.station.wake)

    def plug(self, connector=1):
        self.tell(self.station.on_pilot, connector, "B1", "B")

    def unplug(self, connector=1):
        self.tell(self.station.on_pilot, connector, "A", "A")

    def draw(self, connector=1):
        """The vehicle asks, and the contactor closes."""
        self.tell(self.station.on_pilot, connector, "B2", "B")
        self.tell(self.station.on_pilot, connector, "C2", "C")

    def stop(self, connector=1):
        """The vehicle stops as it was told, and the contactor opens."""
        self.tell(self.station.on_pilot, connector, "C2S", "C")
        self.tell(self.station.on_pilot, connector, "B1", "B")

    def end(self, connector=1):
        """The same, and the meter is read a last time."""
        self.stop(connector)
        self.tell(self.station.wake)
        self.pass_time(2)

    def cable(self, connector=1, da=320):
        """A cable goes into the socket; da None: it is taken out."""
        self.tell(self.station.on_cap, connector, "cable", da)

    def fault(self, code, active=True, connector=1):
        self.tell(self.station.on_fault, connector, code, None, None, active)

    def card(self, tag="TAG", connectors=None):
        self.tell(self.station.on_card, tag, connectors)

    def charge(self, connector=1, tag=None):
        """A whole start: plugged, authorised, charging. Returns the transaction's id."""
        self.plug(connector)
        self.card(tag or "TAG%d" % connector, [connector])
        self.draw(connector)
        return self.station.facts.connector(connector).transaction.id

    # -- what came out

    def actions(self, action):
        return [payload for sent, payload in self.sent if sent == action]

    def statuses(self, connector=1):
        return [p["status"] for p in self.actions("StatusNotification") if p["connectorId"] == connector]

    def set_profile(self, connector=1, **changes):
        return self.ask("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile(**changes)})


def text_of(sent):
    """A long message is sent in pieces."""
    return sent if type(sent) is str else b"".join(sent).decode()


def profile(id=1, level=0, purpose="TxDefaultProfile", kind="Absolute", unit="A", periods=((0, 16),), **more):
    schedule = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    for name in ("duration", "startSchedule"):
        if name in more:
            schedule[name] = more.pop(name)
    if kind != "Relative" and "startSchedule" not in schedule:
        schedule["startSchedule"] = "2025-06-15T00:00:00Z"
    result = {
        "chargingProfileId": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    result.update(more)
    return result
