"""A whole station in a closed loop: the real App, Station, control and pilots, over simulated
outlets and vehicles, with a central system and a flash that can fail, in simulated time. After
every step it is compared with the oracle.

    loop_world.py    what the station runs in
    loop_books.py    what the central system was told, for the oracle: profiles, transactions, caps
    loop_watch.py    the invariants, checked after every event, every step and at every instant at
                     which the oracle changes
    ClosedLoop       time passes here: `run(ms)` in steps of at most 200 ms while anything moves, in
                     leaps while nothing does

The oracle is tools/expected.py; it knows nothing of the firmware. What a vehicle may draw is judged
from the wire: the highest current its pilot offered within the last 5 s, while the contactor is
closed."""

import json
from types import SimpleNamespace
from unittest.mock import patch

from legal_profiles import CAPABILITY
from loop_books import Books, Reservation
from loop_watch import MOTION_MS, Watch
from loop_world import (
    FIRST_TRANSACTION,
    STEP_MS,
    Flash,
    LoopClock,
    LoopOutlet,
    Meter,
    SlowCentralSystem,
)
from partitions import Slots

import setpoint.app
from setpoint.app import App
from setpoint.pilot.duty import X1_U16
from setpoint.schedule.stored import from_document
from tools import expected

setpoint.app.gc = SimpleNamespace(mem_alloc=lambda: 0, mem_free=lambda: 0)  # CPython does not count


class LoopApp(App):
    """Tells the loop of every event after it was carried out."""

    loop = None
    _depth = 0

    def _keep_dim_records(self):
        self.station.dimming.take_records()

    def dispatch(self, event, *arguments):
        self._depth += 1
        App.dispatch(self, event, *arguments)
        self._depth -= 1
        if self.loop is not None:
            self.loop.observe(self._depth == 0)


class ClosedLoop:
    more_keys = {}  # first values of configuration keys
    watched_by = Watch

    def mains(self, clock, outlets):
        """The board's meter at the grid connection, or None."""
        return None

    def __init__(self, site, at):
        """`at`: the instant that the station's clock knows at its first power-up, or None."""
        self.ms = 0
        self.flash = Flash()
        self.books = Books(site)
        self.central = SlowCentralSystem(self)
        self.meters = [Meter() for _ in self.books.connectors()]
        # (vehicle, circuit) of each outlet, which outlive a restart
        self.behind = [None] * site.connectors
        self.dim_watts = 4200
        self.dims = False
        self.tags = 0
        self.steps = 0
        self.events = 0
        self.spins = 0
        self.adopts = False
        self.returned = 0  # profiles that could not be removed from flash
        # What happens when the station next wants to be woken, before it is
        self.before_wakeup = None
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
            mains=self.mains(clock, outlets),
            dim_watts=self.dim_watts,
            identity={"vendor": "Setpoint", "model": "Loop"},
            keys={
                "ChargeProfileMaxStackLevel": CAPABILITY.max_level,
                "ChargingScheduleMaxPeriods": CAPABILITY.max_periods,
                "MaxChargingProfilesInstalled": CAPABILITY.max_installed,
                "MeterValueSampleInterval": 900,
                "AllowOfflineTxForUnknownId": "true",
                **self.more_keys,
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
            running_slot=lambda: (Slots(1).running, "loop"),
            reset=lambda: None,
        )
        trusted = not self.flash.failed
        self.flash.failed = False
        self.central.link_is_down()
        link = SimpleNamespace(send=self.central.take, set_ping_interval=lambda seconds: None)
        doubles = {
            "Documents": lambda folder: self.flash,
            "Journal": lambda folder: self.flash.journal,
        }
        with patch.multiple(
            setpoint.app, Session=lambda *_: link, Log=lambda *_: lambda *_: None, **doubles
        ):
            self.app = LoopApp(board)
        self.books.heard_ms = self.ms
        self.watch = self.watched_by(self)
        self._signature = None
        self._moved_ms = self.ms
        self.app.dispatch(self.app.station.start)
        self.app.on_dim(self.dims)
        self.app.loop = self
        if not trusted:
            self._take_reservations()
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
        self.books.totals = {}
        self.books.dim_ends_ms = None
        if self.dims:
            self.books.contact(self.ms, True, self.dim_da())
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

    def _take_reservations(self):
        """Flash may still have some that ended."""
        there = self.app.station.facts.reservations
        self.books.reservations = [Reservation(*entry) for entry in there._all] if there else []

    def _forget_what_was_not_written(self):
        """Writes failed before the power went: which transactions run is what the station says now,
        and instants are those that are in flash."""
        books = self.books
        books.running = {}
        for i, placed in enumerate(books.placed):
            document = self.flash.read("profile-%d" % placed.profile["chargingProfileId"])
            if document is not None:
                books.placed[i] = placed._replace(accepted_at=document[1].get("accepted_at"))
        self.adopts = True

    def _take_what_is_in_flash(self):
        """Profiles that went could not be removed: they come back in the order of their
        installation."""
        kept = self.flash.kept
        stored = sorted(
            (json.loads(kept[name])[0], int(name[8:]))
            for name in kept
            if name.startswith("profile-")
        )
        self.books.placed = []
        self.returned += len(self.flash.stuck)
        for _, profile_id in stored:
            accepted_at = self.flash.read("profile-%d" % profile_id)[1].get("accepted_at")
            self.books.placed = expected.installed(
                self.books.placed, self.books.last[profile_id]._replace(accepted_at=accepted_at)
            )
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
        begun = []
        for connector in app.station.facts.connectors:
            transaction, known = connector.transaction, books.running.get(connector.id)
            if known is not None and (
                transaction is None
                or transaction.handle != known.handle
                or transaction.id_tag != known.id_tag
            ):
                books.ended(connector.id)
                known = None
            if transaction is not None and known is None:
                books.begun(
                    connector.id, transaction, transaction.started if self.adopts else now, up_ms
                )
                begun.append(connector)
        self._reservations(begun, now, up_ms)
        while self.central.starts:
            start = self.central.starts.pop()
            assert books.may_name(start), start
        if self.adopts:
            handles = [r.handle for r in books.running.values()]
            books.placed = [
                p for p in books.placed if p.transaction is None or p.transaction in handles
            ]
            books.changed()
            self.adopts = False
        if now is not None:
            books.clock_is_known(now, up_ms)
        if outermost and self.central.asked is None:
            self.same_profiles()
            self.same_reservations()
            self.watch()

    def _reservations(self, begun, now, up_ms):
        """Nobody has begun where a connector is kept for somebody else."""
        books, facts = self.books, self.app.station.facts
        usable = [c.id for c in facts.connectors if not c.faulted()]
        books.some_reservations_end(now, up_ms, usable)
        if self.adopts:
            return
        strangers = []
        for connector in begun:
            transaction = connector.transaction
            group = books.groups.get(transaction.id_tag)
            assert transaction.parent in (None, group), "a group that nobody named"
            if books.uses(connector.id, transaction.id_tag, transaction.parent) is None:
                strangers.append(connector.id)
        for connector_id in strangers:
            assert not books.is_kept(connector_id, self.vacant()), (
                "a stranger charges where a connector is kept",
                connector_id,
                books.reservations,
            )

    def vacant(self):
        """Connectors where whoever comes could begin, reservations aside."""
        return [
            c.id
            for c in self.app.station.facts.connectors
            if not (c.transaction or c.faulted() or c.plugged() or c.ended_here)
        ]

    def same_reservations(self):
        """Books, station and flash know the same ones, and no connector is kept without one."""
        facts, known = self.app.station.facts, self.books.reservations
        if not known and not self.flash.failed:
            assert facts.reservations is None
        for connector in facts.connectors:
            kept = self.books.is_kept(connector.id, self.vacant())
            assert facts.is_kept_from(connector, None, None) == kept, (connector.id, known)
            assert kept or connector.status() != "Reserved", connector.id
        if not self.flash.failed:
            stored = [tuple(entry) for entry in self.flash.read("reservations", [])]
            assert sorted(stored) == sorted(tuple(r) for r in known), "in flash"

    def same_profiles(self):
        """Books, station and flash hold the same profiles."""
        known = sorted(p.profile["chargingProfileId"] for p in self.books.placed)
        installed = list(self.app.station.profiles)
        assert sorted(p.id for p in installed) == known, "installed: %r, known: %r" % (
            installed,
            known,
        )
        in_flash = [int(n[8:]) for n in self.flash.names() if n.startswith("profile-")]
        assert (
            sorted(i for i in in_flash if i in known or "profile-%d" % i not in self.flash.stuck)
            == known
        ), "in flash"
        if not self.flash.failed:
            for profile in installed:
                document = self.flash.read("profile-%d" % profile.id)[1]
                assert (
                    from_document(document, self.app.station.facts.supply).to_document()
                    == profile.to_document()
                )

    def count_into(self, totals):
        counts = {"runs": 1, "steps": self.steps, "events": self.events, "seconds": self.ms // 1000}
        counts["transactions"] = self.central.transaction_ids - FIRST_TRANSACTION + 1
        counts["fallbacks"] = self.books.fallbacks
        counts["came back"] = self.returned
        counts["reserved"], counts["reservations used"] = self.books.reserved, self.books.used
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count

    def dim_da(self):
        site = self.books.site
        return self.dim_watts * 10 // (site.volts * site.phases)

    def dim(self, dims):
        """What the grid operator's contact says."""
        self.dims = dims
        self.books.contact(self.ms, dims, self.dim_da())
        self.app.on_dim(dims)

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
            signature.append(
                (
                    evse.limit_da,
                    evse.permitted,
                    evse.phases,
                    evse.fault,
                    evse.sequence.state,
                    evse.outlet.duty_u16,
                )
            )
            signature.append(
                (
                    vehicle.plugged,
                    vehicle.asks,
                    vehicle._wants,
                    vehicle._can_da,
                    evse.outlet.circuit.fault,
                )
            )
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
        if (
            changed
            or self.app.ms_to_wakeup() <= 0
            or (in_flight is not None and self.ms >= in_flight[0] + 30000)
        ):
            if in_flight is not None and self.ms >= in_flight[0] + 30000:
                self.central.in_flight = None
            self.app.wake()
            self.spins = self.spins + 1 if self.app.ms_to_wakeup() <= 0 else 0
            assert self.spins < 20, "the station wants to be woken again and again"
        self.pump()
        self.watch()
