"""The composition: makes the rooms from a board, runs the named tasks, and carries messages between
them.

    control   has the pilots read and driven every 20 ms (control.py)
    agent     wakes the station when something is due
    link      stays connected to the central system (link/session.py)
    ...       the board's own tasks

When one of them dies: safe outputs, a line in the log, and a reset.
"""

import asyncio
import gc
import os
from binascii import hexlify

from . import __version__, late, outputs, tasks
from .control import Control
from .link.session import Session
from .log import Log
from .messaging.sampling import Reading
from .messaging.shapes import all_ints
from .pilot.faults import SELF_HEALING
from .schedule.supply import Supply
from .station.station import Station
from .store.documents import Documents
from .store.files import recover_by
from .store.journal import Journal
from .units import tenths

_WEAR_MS = 3600000  # so often the counts of contactors go to flash, where they have changed
_LONGEST_NAP_MS = 1000  # the agent wakes at least once a second, and looks for the peak of memory


class App:
    """`run` returns when the station is to be restarted."""

    page = None  # page/page.py, where the board has a door

    def __init__(self, board, started: str = "") -> None:
        """started: how this start came about, as boot.py says it."""
        self.board = board
        self.died = False  # a task raised: nobody asked for the restart
        self.clock = board.clock
        self.log = Log(board.clock, board.root + "/state")
        self.peak_memory = 0
        self.transfers = {}  # that are under way: "upload", "download", "work", "time", and the task
        self._logged_stall_ms = 100  # a step of the control loop that comes this late is logged
        self._changes = 0  # of limits, permits and pilots
        self._events = asyncio.ThreadSafeFlag()
        self._over = asyncio.Event()
        wired = board.supply
        supply = Supply(
            wired["volts"],
            wired["phases"],
            wired["phase_switch"],
            tenths(wired["connector_amps"]),
            None if wired["connector_watts"] is None else tenths(wired["connector_watts"]),
            None if wired["grid_amps"] is None else tenths(wired["grid_amps"]),
            len(board.outlets),
        )
        self.house = None
        recover_by(board.remount, board.reset)
        self.documents = Documents(board.root + "/state")
        self.log(
            "note",
            "app",
            "Setpoint %s on %s%s" % (__version__, board.name, started and ": " + started),
        )
        self.journal = Journal(board.root + "/journal")
        # Connector id as text: faults that only a person ends
        self.stored_faults = self.documents.read("faults", {}, all_ints)
        self.control = Control(
            board,
            supply.own_rate // supply.rate_per_da,
            self._events.set,
            self.stored_faults,
        )
        from . import wear
        from .update.places import running

        wear.take_up(self)
        board.identity["program"] = running(board)
        self.station = Station(
            board.identity,
            self.documents,
            self.journal,
            supply,
            [outlet.id for outlet in board.outlets],
            self._reading,
            self._first_keys(started, supply.can_switch_phases),
            hexlify(os.urandom(4)).decode(),
            self._on_station_log,
            [outlet.id for outlet in board.outlets if outlet.has_lock],
        )
        if board.dim_watts is not None:
            self.station.has_dim_input(board.dim_watts)
        if board.mains is not None:
            from .house_limit import HouseLimit

            self.house = HouseLimit(self, board.mains, self._events.set)
        credentials = self.station.facts.credentials
        credentials.provisioned, credentials.random = self._provisioned_roots, os.urandom
        self.session = Session(
            board.network,
            board.identity,
            credentials,
            board.reconnect,
            self._on_link_log,
            self.clock,
        )

    def _first_keys(self, started: str, can_switch_phases: bool) -> dict:
        """First values of configuration keys; what the board is stands above what somebody says it
        is."""
        keys = dict(self.board.keys, LastStart=started)
        if self.board.mains is not None and self.board.mains.surplus:
            keys.setdefault("SurplusCharging", "true")
        keys["NumberOfConnectors"] = len(self.board.outlets)
        keys["ConnectorSwitch3to1PhaseSupported"] = can_switch_phases
        return keys

    def _provisioned_roots(self) -> "list[bytes]":
        """The DER of the authorities that came with the identity."""
        from .link.secure import Refused, certificates_in

        try:
            return certificates_in((self.board.identity.get("tls") or {}).get("ca_file"))
        except Refused:
            return []

    # -- tasks

    async def run(self) -> None:
        self.dispatch(
            self.station.start, self.board.reset_cause in ("software", "watchdog", "panic")
        )
        if self.house is None and self.station.settings.values.get("SurplusCharging"):
            # The key is from a time with a meter: what nobody sees is no surplus
            self.station.limits.limit_total("surplus", 0, "surplus, there is no mains meter")
            self.dispatch(self.station.settle)
        if self.board.page is not None:
            from .page.opening import begin

            begin(self)
            del begin  # this frame stays, and with it what it names
        named = [
            ("control", self.control.run()),
            ("agent", self._agent()),
            ("link", self.session.run(self)),
        ]
        running = [
            tasks.start(name, coroutine, self._on_death)
            for name, coroutine in named + self.board.attach(self)
        ]
        try:
            if self.board.identity.get("time"):
                from . import network_time

                network_time.begin(self)
            await self._over.wait()
            self.control.halt()  # from here on the outputs stay safe
            if not self.died:
                from . import wear

                wear.keep(self, True)
            await self.session.say_goodbye()
        finally:
            self.control.halt()
            if self.page is not None:
                running.append(self.page.task)
            for task in running + list(self.transfers.values()):
                task.cancel()

    def _on_death(self, name: str, sentence: str) -> None:
        self.died = True
        self._over.set()
        self.control.halt()
        self.log("error", "app", "task %s died (%s): restarting" % (name, sentence))

    async def _agent(self) -> None:
        logged_ms = worn_ms = 0
        while True:
            self.control.signs_of_life += 1
            wait_ms = max(self.ms_to_wakeup(), 1)
            self.clock.set_alarm(wait_ms)
            try:
                await asyncio.wait_for(self._events.wait(), min(wait_ms, _LONGEST_NAP_MS) / 1000)
                due = True
            except asyncio.TimeoutError:
                due = self.clock.rings()
            if due:
                self.wake()
                # What `wake` itself set would only wake us again; the control step sets it until
                # its news is seen
                self._events.clear()
            else:
                # Walks the heap: not with every event
                self.peak_memory = max(self.peak_memory, gc.mem_alloc())
                # Who looks at the log learns the state that soon
                if self.clock.ticks_ms() - logged_ms >= 60000:
                    logged_ms = self.clock.ticks_ms()
                    self.look_round()
                if self.clock.uptime_ms() - worn_ms >= _WEAR_MS:
                    from . import wear

                    worn_ms = self.clock.uptime_ms()
                    wear.keep(self)

    def look_round(self) -> None:
        from . import fault_reports, state_line

        state_line.log(self, self.control.evses)
        fault_reports.keep(self)
        if self.board.identity.get("time"):
            from . import network_time

            network_time.begin(self)

    def _report(self, connector_id: int, of, numbers: "list[int] | int") -> None:
        from . import fault_reports

        fault_reports.report(self, connector_id, of, numbers)

    def _cap(self, connector_id: int, source: str, da: "int | None") -> None:
        if da != self.station.limits.cap_of(connector_id, source):
            self.dispatch(self.station.on_cap, connector_id, source, da)

    def ms_to_wakeup(self) -> int:
        """How long until something is due; 0 or less when it is."""
        due_ms = self.station.due_at_ms()
        if self.house is not None:
            due_ms = min(due_ms, self.house.due_ms)
        return due_ms - self.clock.uptime_ms()

    def waits_for_answers(self) -> bool:
        """Does the central system owe an answer, or could a message of a transaction go out now?"""
        station = self.station
        if not station.facts.online():
            return False
        return not station.calls.idle() or station.outbox.head(station.facts.up_ms) is not None

    def wake(self) -> bool:
        """Looks at what the pilots say and does what is due. True if something changed."""
        before = self._changes
        control = self.control
        if control.changes != control.seen:
            control.seen = control.changes
            self._changes += 1
            self._report(0, control, control.derating.celsius)
            for connector_id in control.evses:
                self._cap(
                    connector_id,
                    "temperature",
                    None if control.derating.quarters == 4 else control.most_da,
                )
        for connector_id in control.evses:
            evse = control.evses[connector_id]
            if evse.changes != evse.seen:
                evse.seen = evse.changes
                self._changes += 1
                self._cap(connector_id, "cable", evse.protection.cable_da)
                if evse.faults != evse.reported_faults:
                    self._report(connector_id, evse, evse.protection.numbers)
                self._pilot_changed(connector_id, evse)
        if control.worst_stall_ms > self._logged_stall_ms:
            self._logged_stall_ms = control.worst_stall_ms
            self.log("warn", "control", "the loop stood still for %d ms" % self._logged_stall_ms)
        if self.house is not None:
            self.house.look()
        self.dispatch(self.station.settle)
        if self.station.dimming is not None:
            self._keep_dim_records()
        return self._changes != before

    def _pilot_changed(self, connector_id: int, evse) -> None:
        state, vehicle = evse.pilot()
        if vehicle is not None and state != "BOOT":
            self.dispatch(
                self.station.on_pilot, connector_id, state, vehicle, outputs.rests_ms(evse) > 0
            )
            from . import state_line

            state_line.log(self, (connector_id,))

    # -- between the station and the rest

    def _set_station_time(self) -> None:
        clock = self.clock
        self.station.time_is(
            clock.now(), clock.uptime_ms(), clock.ticks_ms(), clock.into_second_ms()
        )

    def dispatch(self, event, *arguments) -> None:
        """Has the station handle an event, at the time it is now, and carries out what follows. Where
        the memory ends half-way, the station restarts: flash knows what holds.

        A clock that was set is a pass of its own, before the outputs are assigned: so a message
        that brings the true time just when a limit is due leaves the limit of the true time, never
        a moment of another one."""
        self._set_station_time()
        try:
            event(*arguments)
            self._carry_out()
            self._changes += outputs.assign(self)
            if self.station.facts.ended_sessions:
                from .page.sessions import keep

                keep(self)
        except MemoryError:
            if self.station.changing:
                self._on_death("agent", "out of memory")
            raise
        finally:
            late.forget()

    def _carry_out(self) -> None:
        effects = self.station.take_effects()
        for effect in effects:  # it grows
            kind = effect[0]
            if kind == "send":
                self.session.send(effect[1])
            elif kind == "clock":
                if self.clock.correct(effect[1], effect[2]):
                    self.log("note", "app", "clock set by the central system")
                    self._set_station_time()
                    self.station.on_clock()
                    effects.extend(self.station.take_effects())
            elif kind == "ping":
                self.session.set_ping_interval(effect[1])
            elif kind == "renew":
                self.session.renew()
            elif kind == "work":
                from . import work

                work.begin(self, effect[1])
            elif kind == "transfer":
                from . import transfers

                transfers.change(self, effect[1], effect[2])
            elif kind == "place":
                from .update.work import do

                if do(self, effect[1]):
                    self._over.set()
            elif kind == "reset":
                self._over.set()
        for store in (self.documents, self.journal):
            while store.problems:
                self.log("error", "store", store.problems.pop(0))
        self._events.set()  # the next thing that is due may be another one now

    def _reading(self, connector_id: int) -> Reading:
        evse = self.control.evses[connector_id]
        outlet = evse.outlet
        currents_da, voltages_dv = outlet.meter_currents_da(), outlet.meter_voltages_dv()
        reading = Reading(
            outlet.meter_wh(),
            outlet.meter_w(),
            currents_da,
            outlet.phases,
            evse.offered_da(),
            voltages_dv,
        )
        reading.celsius, reading.has_thermometer = (
            self.board.temperature_c(),
            self.board.has_thermometer,
        )
        reading.estimated = outlet.meter_estimated
        return reading

    # -- events of the link

    def on_up(self) -> None:
        self.session.set_ping_interval(self.station.settings["WebSocketPingInterval"])
        self.dispatch(self.station.on_link, True)

    def on_text(self, text: "str | memoryview") -> bool:
        self.dispatch(self.station.on_text, text)
        return self.station.calls.spoken

    def on_trial(self, passed: bool) -> None:
        self.dispatch(self.station.seldom, "trial", passed)

    def on_down(self, reason: str) -> None:
        self.dispatch(self.station.on_link, False)

    def _on_station_log(self, level: str, sentence: str) -> None:
        self.log(level, "station", sentence)

    def _on_link_log(self, level: str, sentence: str) -> None:
        self.log(level, "link", sentence)

    # -- events of the board

    def on_network(self) -> None:
        self.session.network_changed()

    def on_card(self, id_tag: str, connectors: "list[int] | None") -> None:
        self.dispatch(self.station.on_card, id_tag, connectors)

    def on_dim(self, dims: bool) -> None:
        self.dispatch(self.station.on_dim, dims)
        self._keep_dim_records()  # when the limit is in force

    def _keep_dim_records(self) -> None:
        dimming = self.station.dimming
        records = dimming.take_records()
        if records:
            from . import dim_log

            try:
                dim_log.keep(self.board.root + "/dim", records)
            except (OSError, MemoryError) as error:
                dimming.put_back(records)
                self.log("error", "app", "the dim log cannot be written: %r" % error)
            finally:
                late.forget()

    def on_press(self, button: str) -> None:
        if button == "emergency_stop":
            self.dispatch(self.station.on_emergency_stop)
        else:
            for connector_id in self.control.evses:
                self.control.evses[connector_id].acknowledge()
            if self.station.facts.random_delay is not None:
                self.dispatch(self.station.seldom, "driver")

    def on_fault(
        self,
        connector_id: int,
        code: str,
        vendor_code: "str | None",
        info: "str | None",
        active: bool,
    ) -> None:
        self.dispatch(self.station.on_fault, connector_id, code, vendor_code, info, active)
        from .pilot.fault_words import is_own

        for connector in self.station.facts.connectors:
            outside = [
                f
                for f in connector.all_faults()
                if f.blocks() and not is_own(f.code, f.vendor_code)
            ]
            self.control.evses[connector.id].fault = SELF_HEALING if outside else 0

    def on_security_event(self, kind: str, info: "str | None") -> None:
        self.dispatch(self.station.seldom, "security_event", kind, info)

    def set_clock(self, instant: int) -> None:
        self.clock.set(instant)
        self.dispatch(self.station.on_clock)

    async def data_transfer(
        self, vendor_id: str, message_id: "str | None", data: "str | None"
    ) -> tuple:
        """(status, data) of the central system's reply; status None when there was none."""
        arrived = asyncio.Event()
        reply = []

        def on_answer(status, data):
            reply.append((status, data))
            arrived.set()

        self.dispatch(self.station.seldom, "send_data", vendor_id, message_id, data, on_answer)
        await arrived.wait()
        return reply[0]

    def state(self) -> dict:
        from . import inspection  # at a bench only

        return inspection.state_of(self)
