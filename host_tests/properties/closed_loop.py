"""A whole station in a closed loop: the real App, Station, control and pilots, over simulated outlets and vehicles, with a
central system and a flash that can fail, in simulated time. After every step it is compared with the oracle.

    ClosedLoop    time passes here: `run(ms)` in steps of at most 200 ms while anything moves, in leaps while nothing does
    Books         what the central system was told, for the oracle: profiles, transactions, caps
    Watch         the invariants, checked after every event, every step and at every instant at which the oracle changes

The oracle is tools/expected.py; it knows nothing of the firmware. What a vehicle may draw is judged from the wire: the
highest current its pilot offered within the last 5 s, while the contactor is closed.
"""

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from unittest.mock import patch

from central_system import CentralSystem
from central_system import text_of as whole
from legal_profiles import CAPABILITY, DAY, T0
from store_in_ram import DocumentsInRam

import setpoint.app
from setpoint.app import App
from setpoint.board.simulated.outlet import Outlet
from setpoint.clock import Clock
from setpoint.pilot.duty import X1_U16, offered_da_for
from setpoint.schedule.stored import from_document
from tools import expected
from tools.traffic import Message, faults_in

STEP_MS = 200  # the pilot's machine takes a longer one for a stall
MOTION_MS = 7000  # longer than any timer of the pilot's machine that leads to an action, F aside
FOLLOW_MS = 5000  # a vehicle may take so long to follow its pilot
FALL_MS = 11000  # a lower limit has reached the vehicle
STOP_MS = 6000  # without a permit the contactor is open after that
RISE_MS = 12000  # a share that grew was handed out
FIRST_TRANSACTION = -2  # OCPP allows any integer as an id, 0 and below included

setpoint.app.gc = SimpleNamespace(mem_alloc=lambda: 0, mem_free=lambda: 0)  # CPython does not count


class PowerCut(BaseException):
    """Power fails in the middle of what the station does."""


def text_of(instant):
    return (datetime(2020, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=instant)).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_sent(profile):
    """Instants as OCPP writes them."""
    sent = dict(profile, chargingSchedule=dict(profile["chargingSchedule"]))
    for fields in (sent, sent["chargingSchedule"]):
        for name in ("validFrom", "validTo", "startSchedule"):
            if name in fields:
                fields[name] = text_of(fields[name])
    return sent


# The world around the station -----------------------------------------------------------------------------------------


class Flash(DocumentsInRam):
    """`sticks`: removals of profiles raise; `stuck` holds the names of those that are still there. `cut_after`: power fails before
    the operation after so many, also one of the journal, which lies on the same flash."""

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
        self.replies = []  # (due_ms, text)
        self.holds = False  # it keeps its replies until it is let go
        self.in_flight = None  # (sent_ms, id)
        self.asked = None  # (id, action) of our own CALL
        self.answer = None
        self.on_answer = None
        self.count = 0
        self.seen = set()
        self.answers.update(
            BootNotification=lambda payload: {"status": self.registers, "currentTime": text_of(self.now()), "interval": 3600},
            Heartbeat=lambda payload: {"currentTime": text_of(self.now())},
            Authorize=lambda payload: {"idTagInfo": {"status": self.card_status}},
            StartTransaction=self._start,
        )

    def _start(self, payload):
        return dict(CentralSystem._start(self, payload), idTagInfo={"status": self.card_status})

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
        """The station's answer to a CALL: a Message. `on_answer` is told of it before anybody looks at the station."""
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


# What the oracle is told -----------------------------------------------------------------------------------------------


class Running:
    def __init__(self, handle, id_tag, started, started_up_ms):
        self.handle = handle
        self.id_tag = id_tag
        self.started = started
        self.started_up_ms = started_up_ms


class Books:
    """Kept from what was said to the station and what it answered."""

    def __init__(self, site):
        self.site = site
        self.placed = []
        self.running = {}  # connector: Running
        self.caps = {}  # connector: {source: da}
        self.remote_profiles = {}  # id tag: profile that came with its remote start
        self.last = {}  # profile id: Placed, as accepted last
        self.settings = {"FallbackLimitAfterMinutes": 0, "FallbackLimitAmps": 6}
        self.heard_ms = 0  # the central system, or the last power-up
        self.fallback = self.falls_back_now = False
        self.fallbacks = 0
        self.changed()

    def changed(self):
        self._answers = None

    def connectors(self):
        return range(1, self.site.connectors + 1)

    def time_is(self, ms):
        """After so many minutes of silence the fallback limit holds. In the millisecond in which it begins both are right:
        the station may be told of a pilot before it is woken for that."""
        minutes = self.settings["FallbackLimitAfterMinutes"]
        silent_ms = ms - self.heard_ms
        fallback = minutes > 0 and silent_ms > minutes * 60000
        self.falls_back_now = minutes > 0 and silent_ms == minutes * 60000
        if fallback != self.fallback:
            self.fallback = fallback
            self.fallbacks += fallback
            self.changed()

    def begun(self, connector, transaction, now, up_ms):
        running = Running(transaction.handle, transaction.id_tag, now, up_ms)
        self.running[connector] = running
        profile = self.remote_profiles.pop(transaction.id_tag, None)
        if profile is not None:
            self.accepted(expected.Placed(connector, profile, now, running.handle), None)
        self.changed()

    def ended(self, connector):
        handle = self.running.pop(connector).handle
        self.placed = [p for p in self.placed if not (p.profile["chargingProfilePurpose"] == "TxProfile" and p.transaction == handle)]
        self.changed()

    def clock_is_known(self, now, up_ms):
        """R31: what began without the time is given its instant."""
        for running in self.running.values():
            if running.started is None:
                running.started = now if running.started_up_ms is None else now - (up_ms - running.started_up_ms) // 1000
                self.changed()
        if any(p.accepted_at is None for p in self.placed):
            self.placed = [p._replace(accepted_at=now) if p.accepted_at is None else p for p in self.placed]
            self.changed()

    def accepted(self, new, now):
        """R5, R6; and R7, R24: ended ones make room when all places are taken."""
        after = expected.installed(self.placed, new)
        while len(after) > CAPABILITY.max_installed:
            ended = [p for p in after[:-1] if now is not None and self.ends_at(p) <= now]
            assert ended, "accepted without room"
            first = min(ended, key=self.ends_at)
            after.remove(first)
        self.placed = after
        self.last[new.profile["chargingProfileId"]] = new
        self.changed()

    def has_room_for(self, new, now):
        after = len(expected.installed(self.placed, new))
        gone = expected.displaced(self.placed, new)
        rest = [p for p in self.placed if all(p is not g for g in gone)]
        return after - sum(now is not None and self.ends_at(p) <= now for p in rest) <= CAPABILITY.max_installed

    @staticmethod
    def ends_at(placed):
        """From here on it is silent for good, as far as that can be said without a transaction."""
        profile, schedule = placed.profile, placed.profile["chargingSchedule"]
        ends = [profile.get("validTo", 1 << 40)]
        if profile["chargingProfileKind"] != "Recurring" and "duration" in schedule:
            base = schedule.get("startSchedule") if profile["chargingProfileKind"] == "Absolute" else None
            if base is None and profile["chargingProfilePurpose"] == "ChargePointMaxProfile":
                base = placed.accepted_at
            if base is not None:
                ends.append(base + schedule["duration"])
        return min(ends)

    # -- the oracle, remembered until its next possible change

    def at(self, now):
        """(own limit by connector, phases by connector, combined limit or None) at an instant, None: unknown."""
        known = self._answers
        if known is None or (known[0] is None) != (now is None) or (now is not None and not known[0] <= now < known[1]):
            own, phases = {}, {}
            for connector in self.connectors():
                running = self.running.get(connector)
                transaction = None if running is None else (running.handle, running.started)
                da, phases[connector] = expected.limit(self.site, self.placed, connector, now, transaction)
                own[connector] = min([da] + list(self.caps.get(connector, {}).values()))
                if self.fallback:
                    own[connector] = min(own[connector], self.settings["FallbackLimitAmps"] * 10)
            total = expected.station_limit(self.site, self.placed, now)
            known = self._answers = (now, None if now is None else self.next_edge(now), (own, phases, total))
        return known[2]

    def next_edge(self, now):
        """The next instant at which anything could change: every start, end and edge of every profile."""
        best = now + 30 * DAY
        for placed in self.placed:
            profile, schedule = placed.profile, placed.profile["chargingSchedule"]
            steps = [0] + [p["startPeriod"] for p in schedule["chargingSchedulePeriod"]]
            if "duration" in schedule:
                steps.append(schedule["duration"])
            bases = [r.started for r in self.running.values()] + [placed.accepted_at, schedule.get("startSchedule")]
            every = {"Daily": DAY, "Weekly": 7 * DAY}.get(profile.get("recurrencyKind"))
            for base in bases:
                if base is None:
                    continue
                for step in steps:
                    edge = base + step
                    if edge > now:
                        best = min(best, edge)
                    elif every is not None:
                        best = min(best, now + every - (now - edge) % every)
            for name in ("validFrom", "validTo"):
                if profile.get(name, now) > now:
                    best = min(best, profile[name])
        return best

    def shares(self, now, asking):
        """R29 by the slow reading: {connector: da} of the running ones. A vehicle that does not ask wants 6 A at most, and
        is the first to get nothing."""
        own, _, total = self.at(now)
        order = sorted(self.running, key=lambda connector: (connector not in asking, self.running[connector].handle))
        wants = [own[c] if c in asking or total is None else min(own[c], 60) for c in order]
        parts = wants if total is None else expected.shares(total, wants)
        return dict(zip(order, parts, strict=True))


# The invariants --------------------------------------------------------------------------------------------------------


class History:
    """A value over time."""

    def __init__(self):
        self._entries = []  # (since, value)

    def put(self, ms, value):
        if not self._entries or self._entries[-1][1] != value:
            self._entries.append((ms, value))

    def highest(self, ms, window_ms):
        """The greatest that held within the last window; None (no limit) is greater than all."""
        while len(self._entries) > 1 and self._entries[1][0] <= ms - window_ms:
            self._entries.pop(0)
        values = [value for _, value in self._entries]
        return None if None in values else max(values)


class Watch:
    """Looks at everything that the outside world could see. Forgets at a power-up: all contactors are open then."""

    def __init__(self, loop):
        self.loop = loop
        self.totals = History()
        self.own = {c: History() for c in loop.books.connectors()}
        self.handed = {c: History() for c in loop.books.connectors()}
        self.offers = {c: History() for c in loop.books.connectors()}
        self.phases = {c: History() for c in loop.books.connectors()}
        self.forbidden_ms = {c: loop.ms - STOP_MS for c in loop.books.connectors()}  # since when; None: permitted
        self._inputs = None
        self._inputs_ms = 0
        self.sound = True  # the last look found nothing wrong

    def __call__(self):
        loop = self.loop
        now, ms = loop.app.clock.now(), loop.ms
        loop.books.time_is(ms)
        own, phases, total = loop.books.at(now)
        self.sound = False
        self._remember(ms, own, phases, total)
        self._limits(now, own, phases, total)
        self._carried_out()
        self._wire(ms)
        self._fair(ms, now, own, total)
        self.sound = True

    def between(self, now, elapsed_ms):
        """No event until so much later: the limits that stand are right at every second before that."""
        loop = self.loop
        second_ms = loop.ms - loop.app.clock.into_second_ms()
        edge = loop.books.next_edge(now)
        while second_ms + (edge - now) * 1000 <= loop.ms + elapsed_ms:
            ms = second_ms + (edge - now) * 1000
            own, phases, total = loop.books.at(edge)
            if ms < loop.ms + elapsed_ms:
                self._limits(edge, own, phases, total)
            self._remember(ms, own, phases, total)
            edge = loop.books.next_edge(edge)

    def _remember(self, ms, own, phases, total):
        self.totals.put(ms, total)
        for connector, grant in self.loop.app.station.limits.of.items():
            self.own[connector].put(ms, own[connector])
            self.phases[connector].put(ms, phases[connector])
            self.handed[connector].put(ms, grant.da if connector in self.loop.books.running else 0)
            outlet = self.loop.outlet(connector)
            if not outlet.vehicle.plugged:
                self.offers[connector] = History()  # the next vehicle has not seen them
            self.offers[connector].put(ms, offered_da_for(outlet.duty_u16))

    def _limits(self, now, own, phases, total):
        """(a) and the first half of (b)."""
        grants = self.loop.app.station.limits.of
        for connector, grant in grants.items():
            assert 0 <= grant.da <= own[connector], ("above the oracle", connector, now, grant.da, own[connector])
            assert grant.phases == phases[connector], ("phases", connector, now, grant.phases, phases[connector])
            assert total is None or grant.da <= total
        handed = sum(grants[connector].da for connector in self.loop.books.running)
        assert total is None or handed <= total, ("sum above the combined limit", now, handed, total)

    def _carried_out(self):
        for connector in self.loop.app.station.facts.connectors:
            evse = self.loop.app.control.evses[connector.id]
            grant = self.loop.app.station.limits.of[connector.id]
            assert (evse.limit_da, evse.phases) == (grant.da, grant.phases), connector.id
            assert evse.permitted == (connector.transaction is not None and not connector.faulted()), connector.id

    def _wire(self, ms):
        """The second half of (b), and (d): what could flow."""
        sum_da = 0
        for connector, evse in self.loop.app.control.evses.items():
            outlet = evse.outlet
            if evse.permitted and evse.limit_da >= 60 and not evse.fault:
                self.forbidden_ms[connector] = None
            elif self.forbidden_ms[connector] is None:
                self.forbidden_ms[connector] = ms
            assert outlet.contactor_closed() == evse.sequence.contactor, ("not what the pilot's machine wants", connector)
            if not outlet.contactor_closed():
                continue
            since = self.forbidden_ms[connector]
            assert since is None or ms - since <= STOP_MS + STEP_MS, ("closed without a permit", connector, since)
            could_da = self.offers[connector].highest(ms, FOLLOW_MS)
            sum_da += could_da
            allowed = self.own[connector].highest(ms, FALL_MS)
            assert could_da <= allowed, ("could draw more than its limit", connector, could_da, allowed)
            allowed = self.handed[connector].highest(ms, FALL_MS)
            assert could_da <= allowed, ("could draw more than it was handed", connector, could_da, allowed)
            assert outlet.phases <= self.phases[connector].highest(ms, FALL_MS), ("phases", connector)
            drawn = outlet.vehicle.draws_da(True)
            assert drawn <= could_da, ("the vehicle of this test", connector)
        allowed = self.totals.highest(ms, FALL_MS)
        assert allowed is None or sum_da <= allowed, ("could draw more than the combined limit", sum_da, allowed)

    def _fair(self, ms, now, own, total):
        """(c): a while after the last change of what shares depend on, they are those of R29."""
        books = self.loop.books
        inputs = (own, total, sorted((r.handle, c) for c, r in books.running.items()), self._asking())
        if inputs != self._inputs:
            self._inputs, self._inputs_ms = inputs, ms
        elif ms - self._inputs_ms >= RISE_MS and not books.falls_back_now:
            self.shares_are_fair(now)

    def _asking(self):
        return [c.id for c in self.loop.app.station.facts.connectors if c.vehicle == "C"]

    def shares_are_fair(self, now):
        books = self.loop.books
        shares = books.shares(now, self._asking())
        grants = self.loop.app.station.limits.of
        handed = {connector: grants[connector].da for connector in books.running}
        assert handed == shares, ("not the fair shares", handed, shares, books.at(now))


# The loop --------------------------------------------------------------------------------------------------------------


class LoopApp(App):
    """Tells the loop of every event after it was carried out."""

    loop = None
    _depth = 0

    def tell(self, event, *arguments):
        self._depth += 1
        App.tell(self, event, *arguments)
        self._depth -= 1
        if self.loop is not None:
            self.loop.observe(self._depth == 0)


class ClosedLoop:
    def __init__(self, site, at):
        """`at`: the instant that the station's clock knows at its first power-up, or None."""
        self.ms = 0
        self.flash = Flash()
        self.books = Books(site)
        self.central = SlowCentralSystem(self)
        self.meters = [Meter() for _ in self.books.connectors()]
        self.behind = [None] * site.connectors  # (vehicle, circuit) of each outlet, which outlive a restart
        self.tags = 0
        self.steps = 0
        self.events = 0
        self.spins = 0
        self.adopts = False
        self.returned = 0  # profiles that could not be removed from flash
        self.before_wakeup = None  # what happens when the station next wants to be woken, before it is
        self.power_up(at)

    # -- power

    def power_up(self, at):
        site = self.books.site
        clock = LoopClock(self, at)
        outlets = []
        for i in range(site.connectors):
            outlet = LoopOutlet(i + 1, True, site.volts, site.phases, clock, self.meters[i])
            if self.behind[i] is not None:
                outlet.vehicle, outlet.circuit = self.behind[i]
            outlet.look_at_pilot()
            self.behind[i] = outlet.vehicle, outlet.circuit
            outlets.append(outlet)
        board = SimpleNamespace(
            name="closed loop",
            root="",
            identity={"vendor": "Setpoint", "model": "Loop"},
            keys={
                "ChargeProfileMaxStackLevel": CAPABILITY.max_level,
                "ChargingScheduleMaxPeriods": CAPABILITY.max_periods,
                "MaxChargingProfilesInstalled": CAPABILITY.max_installed,
                "MeterValueSampleInterval": 900,
                "AllowOfflineTxForUnknownId": "true",
            },
            supply={
                "volts": site.volts,
                "phases": site.phases,
                "phase_switch": site.phase_switch,
                "connector_amps": site.amps,
                "connector_watts": site.watts,
                "grid_amps": site.grid_amps,
            },
            reconnect={},
            clock=clock,
            outlets=outlets,
            network=None,
            reset_cause="power",
            has_thermometer=False,
            temperature_c=lambda: None,
            remount=lambda: None,
            reset=lambda: None,
        )
        self.flash.failed = False
        self.central.link_is_down()
        link = SimpleNamespace(send=self.central.take, set_ping_interval=lambda seconds: None)
        doubles = {"Documents": lambda folder: self.flash, "Journal": lambda folder: self.flash.journal}
        with patch.multiple(setpoint.app, Session=lambda *_: link, Log=lambda *_: lambda *_: None, **doubles):
            self.app = LoopApp(board)
        self.books.heard_ms = self.ms
        self.watch = Watch(self)
        self._signature = None
        self._moved_ms = self.ms
        self.app.tell(self.app.station.start)
        self.app.loop = self
        self.observe(True)

    def restart(self, at, downtime_ms=2000):
        """Power goes and comes back; the vehicles stay where they are."""
        trusted = not self.flash.failed
        before = {c: (r.handle, r.id_tag) for c, r in self.books.running.items()}
        self.central.link_is_down()
        for outlet in self.outlets():
            outlet.settle()
            outlet.set_contactor(False)
            outlet.set_duty_u16(X1_U16)
            outlet.settle()
        self.ms += downtime_ms
        for outlet in self.outlets():
            outlet.settle()
        for running in self.books.running.values():
            running.started_up_ms = None
        self.flash.cut_after = None
        self.books.remote_profiles = {}
        self.books.caps = {}  # the board tells them anew
        self.books.changed()
        resumes = self.app.station.settings["ResumeTransactionAfterPowerLoss"]
        if not trusted:
            self._forget_what_was_not_written()
        if self.flash.stuck:
            self._take_what_is_in_flash()
        self.power_up(at)
        after = {c: (r.handle, r.id_tag) for c, r in self.books.running.items()}
        if trusted:
            assert after == (before if resumes else {}), "transactions over the restart"
        self.watch.shares_are_fair(self.app.clock.now())

    def _forget_what_was_not_written(self):
        """Writes failed before the power went: which transactions run is what the station says now, and instants are
        those that are in flash."""
        books = self.books
        books.running = {}
        for i, placed in enumerate(books.placed):
            document = self.flash.read("profile-%d" % placed.profile["chargingProfileId"])
            if document is not None:
                books.placed[i] = placed._replace(accepted_at=document[1].get("accepted_at"))
        self.adopts = True

    def _take_what_is_in_flash(self):
        """Profiles that went could not be removed: they come back in the order of their installation."""
        kept = self.flash.kept
        stored = sorted((json.loads(kept[name])[0], int(name[8:])) for name in kept if name.startswith("profile-"))
        self.books.placed = []
        self.returned += len(self.flash.stuck)
        for _, profile_id in stored:
            accepted_at = self.flash.read("profile-%d" % profile_id)[1].get("accepted_at")
            self.books.placed = expected.installed(self.books.placed, self.books.last[profile_id]._replace(accepted_at=accepted_at))
        self.adopts = True

    # -- events

    def outlet(self, connector):
        return self.app.control.evses[connector].outlet

    def outlets(self):
        return [evse.outlet for evse in self.app.control.evses.values()]

    def new_tag(self):
        self.tags += 1
        return "TAG%d" % self.tags

    def observe(self, outermost):
        """After every event: transactions that began and ended, and all invariants."""
        self.events += 1
        app, books = self.app, self.books
        now, up_ms = app.clock.now(), app.clock.uptime_ms()
        for connector in app.station.facts.connectors:
            transaction, known = connector.transaction, books.running.get(connector.id)
            if known is not None and (transaction is None or transaction.handle != known.handle or transaction.id_tag != known.id_tag):
                books.ended(connector.id)
                known = None
            if transaction is not None and known is None:
                books.begun(connector.id, transaction, transaction.started if self.adopts else now, up_ms)
        if self.adopts:
            handles = [r.handle for r in books.running.values()]
            books.placed = [p for p in books.placed if p.transaction is None or p.transaction in handles]
            books.changed()
            self.adopts = False
        if now is not None:
            books.clock_is_known(now, up_ms)
        if outermost and self.central.asked is None:
            self.same_profiles()
            self.watch()

    def same_profiles(self):
        """Books, station and flash hold the same profiles."""
        known = sorted(p.profile["chargingProfileId"] for p in self.books.placed)
        installed = list(self.app.station.profiles)
        assert sorted(p.id for p in installed) == known, "installed: %r, known: %r" % (installed, known)
        in_flash = [int(n[8:]) for n in self.flash.names() if n.startswith("profile-")]
        assert sorted(i for i in in_flash if i in known or "profile-%d" % i not in self.flash.stuck) == known, "in flash"
        if not self.flash.failed:
            for profile in installed:
                document = self.flash.read("profile-%d" % profile.id)[1]
                assert from_document(document, self.app.supply).to_document() == profile.to_document()

    def count_into(self, totals):
        counts = {"runs": 1, "steps": self.steps, "events": self.events, "seconds": self.ms // 1000}
        counts["transactions"] = self.central.transaction_ids - FIRST_TRANSACTION + 1
        counts["fallbacks"] = self.books.fallbacks
        counts["came back"] = self.returned
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count

    def link(self, up):
        if up and not self.app.station.facts.link_up:
            self.app.on_up()
        elif not up and self.app.station.facts.link_up:
            self.central.link_is_down()
            self.app.on_down("test")
        self.pump()

    def ask(self, action, payload, on_answer=None):
        return self.central.ask(action, payload, on_answer)

    def pump(self):
        self.central.hand_over()
        if self.app._over.is_set():
            self.central.link_is_down()
            self.restart(self.central.now())
            self.link(True)

    # -- time

    def _in_motion(self):
        signature = []
        for evse in self.app.control.evses.values():
            vehicle = evse.outlet.vehicle
            signature.append((evse.limit_da, evse.permitted, evse.phases, evse.fault, evse.sequence.state, evse.outlet.duty_u16))
            signature.append((vehicle.plugged, vehicle.asks, vehicle._wants, vehicle._can_da, evse.outlet.circuit.fault))
        if signature != self._signature:
            self._signature = signature
            self._moved_ms = self.ms
        return self.ms - self._moved_ms < MOTION_MS

    def run(self, duration_ms):
        end_ms = self.ms + duration_ms
        while self.ms < end_ms:
            dues = [end_ms, self.ms + (STEP_MS if self._in_motion() else 600000)]
            dues.append(self.ms + max(self.app.ms_to_wakeup(), 1))
            network = self.central.due_ms()
            if network is not None:
                dues.append(network)
            for outlet in self.outlets():
                if outlet.vehicle.plugged:
                    dues.append(self.ms + outlet.vehicle.ms_to_next_change())
            self.step(max(min(dues) - self.ms, 1))

    def step(self, elapsed_ms):
        self.steps += 1
        now = self.app.clock.now()
        if now is not None:
            self.watch.between(now, elapsed_ms)
        self.ms += elapsed_ms
        self.app.control.step(elapsed_ms)
        if self.before_wakeup is not None and self.app.ms_to_wakeup() <= 0:
            event, self.before_wakeup = self.before_wakeup, None
            event()
        changed = self.app.control.has_news()
        in_flight = self.central.in_flight
        if changed or self.app.ms_to_wakeup() <= 0 or (in_flight is not None and self.ms >= in_flight[0] + 30000):
            if in_flight is not None and self.ms >= in_flight[0] + 30000:
                self.central.in_flight = None
            self.app.wake()
            self.spins = self.spins + 1 if self.app.ms_to_wakeup() <= 0 else 0
            assert self.spins < 20, "the station wants to be woken again and again"
        self.pump()
        self.watch()
