"""A station without network, flash and hardware, for the portable tests: the test is its central
system, its vehicle and its clock."""

import os

from central_system import CentralSystem
from store_in_ram import DocumentsInRam, JournalInRam

from setpoint.messaging.sampling import Reading
from setpoint.protocol.iso8601 import instant_from
from setpoint.schedule.supply import Supply
from setpoint.station.station import Station

NOON = instant_from("2025-06-15T12:00:00Z")


class StationBench(CentralSystem):
    """`station` with `connectors` connectors, at `now`, and its central system."""

    def __init__(
        self,
        connectors=1,
        keys=None,
        now=NOON,
        memory=None,
        register=True,
        phases=3,
        switch=False,
        grid_da=None,
        locks=(),
        after_reset=False,
        journal=None,
        identity=None,
        wh=None,
        estimated=False,
        voltages_dv=(2300, 2310, None),
        has_thermometer=True,
    ):
        CentralSystem.__init__(self)
        self.memory = memory or DocumentsInRam()
        self.journal = journal or getattr(self.memory, "journal", None) or JournalInRam()
        self.now = now
        self.up_ms = 0
        self.wh = wh or {}
        self.offered_da = {}
        self.celsius = None
        self.estimated = estimated
        self.voltages_dv = voltages_dv
        self.has_thermometer = has_thermometer
        self.limits = {}
        self.phases = {}
        self.permits = {}
        self.locks = {}
        self.logs = []
        self.resets = 0
        self.renewals = 0  # of the connection
        self.hold_work = None  # a list: long work waits there for `work_ends`
        self.provisioned = []  # DER of the authorities that came with the identity
        self.transfers = []  # (upload or download, job; None: it is to end)
        self.places = []  # what was to be done with the place for new firmware
        self._carrying_out = False
        supply = Supply(230, phases, switch, 320, None, grid_da, connectors)
        ids = list(range(1, connectors + 1))
        identity = dict(identity or {}, vendor="Setpoint", model="Bench")
        self.station = Station(
            identity,
            self.memory,
            self.journal,
            supply,
            ids,
            self._reading,
            keys or {},
            "t",
            self._on_log,
            locks,
        )
        credentials = self.station.facts.credentials
        credentials.random = getattr(os, "urandom", None)  # a bare chip has none
        credentials.provisioned = lambda: self.provisioned
        self.dispatch(self.station.start, after_reset)
        if register:
            self.connect()

    def _on_log(self, level, sentence):
        self.logs.append(sentence)

    def _reading(self, connector):
        reading = Reading(
            self.wh.get(connector, 1000),
            0,
            [0, 0, 0],
            3,
            self.offered_da.get(connector, 0),
            self.voltages_dv,
            self.celsius,
        )
        reading.has_thermometer = self.has_thermometer
        reading.estimated = self.estimated
        return reading

    # -- what happens

    def dispatch(self, event, *arguments):
        """An event, and all that the station does about it."""
        self.station.time_is(self.now, self.up_ms, self.up_ms)
        event(*arguments)
        self._carry_out()

    def _carry_out(self):
        outer, self._carrying_out = self._carrying_out, True
        todo = self.station.take_effects()
        while todo:
            effect = todo.pop(0)
            if effect[0] == "send":
                self.take(effect[1])
                todo += self.station.take_effects()
            elif effect[0] == "clock":
                if self.now != effect[1]:
                    self.now = effect[1]
                    self.clock_is_set()
            elif effect[0] == "renew":
                self.renewals += 1
            elif effect[0] == "work":
                if self.hold_work is None:
                    self.station.seldom("worked", result_of(effect[1]))
                    todo += self.station.take_effects()
                else:
                    self.hold_work.append(effect[1])
            elif effect[0] == "transfer":
                self.transfers.append(effect[1:])
            elif effect[0] == "reset":
                self.resets += 1
            elif effect[0] == "place":
                self.places.append(effect[1])
        self._carrying_out = outer
        for connector in self.station.facts.connectors:
            limit = self.station.limits.of[connector.id]
            self.limits[connector.id], self.phases[connector.id] = limit.da, limit.phases
            self.permits[connector.id] = connector.permitted()
            if connector.has_lock:
                self.locks[connector.id] = connector.lock_wanted()

    def deliver(self, text):
        if self._carrying_out:  # the answer to what is being sent
            self.station.on_text(text)
        else:
            self.dispatch(self.station.on_text, text)

    def connect(self):
        self.dispatch(self.station.on_link, True)

    def disconnect(self):
        self.dispatch(self.station.on_link, False)

    def wake(self):
        self.dispatch(self.station.settle)

    def clock_is_set(self):
        self.dispatch(self.station.on_clock)

    def trial_ends(self, passed):
        """The connection with the new credentials is there, or does not come about."""
        self.dispatch(self.station.seldom, "trial", passed)

    def work_ends(self, out_of_memory=False):
        """The long work that waits comes to its end, or to that of the memory."""
        generator = self.hold_work.pop(0)
        self.dispatch(
            self.station.seldom, "worked", None if out_of_memory else result_of(generator)
        )

    def security_event(self, kind, info):
        self.dispatch(self.station.seldom, "security_event", kind, info)

    def transfer_ends(self, name="upload", problem=None):
        """problem: (sentence, HTTP status or None); None: the file is there."""
        self.dispatch(self.station.seldom, "transfer_ended", name, problem)

    def send_data(self, vendor_id, message_id, data, on_answer):
        self.dispatch(self.station.seldom, "send_data", vendor_id, message_id, data, on_answer)

    def pass_time(self, seconds):
        """Second by second, as an app would: the station is woken when it wants to be."""
        end = self.up_ms + seconds * 1000
        while self.up_ms < end:
            step = min(max(self.station.due_at_ms() - self.up_ms, 1000), end - self.up_ms)
            step -= step % 1000
            self.up_ms += step
            if self.now is not None:
                self.now += step // 1000
            self.wake()

    # -- the vehicle and its driver

    def pilot(self, connector, state, vehicle):
        """The pilot's machine comes to a state (pilot/sequence.py); the vehicle shows A to F."""
        self.dispatch(self.station.on_pilot, connector, state, vehicle)

    def plug(self, connector=1):
        self.pilot(connector, "B1", "B")

    def unplug(self, connector=1):
        self.pilot(connector, "A", "A")

    def wait_for_current(self, connector=1):
        """The vehicle asks, and the station offers nothing."""
        self.pilot(connector, "C1", "C")

    def resume(self, connector=1):
        """The vehicle asks, and the contactor is closed."""
        self.pilot(connector, "C2", "C")

    def pause(self, connector=1):
        """The vehicle asks for nothing while the station offers current."""
        self.pilot(connector, "B2", "B")

    def draw(self, connector=1):
        """The station offers current, the vehicle asks, and the contactor closes."""
        self.pause(connector)
        self.resume(connector)

    def asked_to_stop(self, connector=1):
        """The station offers nothing any more; the vehicle has 6 s to stop."""
        self.pilot(connector, "C2S", "C")

    def stop(self, connector=1):
        """The vehicle stops as the station asks it to, and the contactor opens."""
        self.asked_to_stop(connector)
        self.plug(connector)

    def end(self, connector=1):
        """The same, and the meter is read a last time."""
        self.stop(connector)
        self.wake()
        self.pass_time(2)

    def cable(self, connector=1, da=320):
        """A cable goes into the socket; da None: it is taken out."""
        self.cap(connector, "cable", da)

    def cap(self, connector, source, da):
        """The cable or the temperature bears so much, None: any current."""
        self.dispatch(self.station.on_cap, connector, source, da)

    def total(self, source, da, words=None, phases=None):
        """Somebody limits all connectors together; da None: no more."""
        self.station.limits.limit_total(source, da, words, phases)
        self.wake()

    def fault(self, code, active=True, connector=1, vendor_code=None, info=None):
        self.dispatch(self.station.on_fault, connector, code, vendor_code, info, active)

    def emergency_stop(self):
        self.dispatch(self.station.on_emergency_stop)

    def card(self, tag="TAG", connectors=None):
        self.dispatch(self.station.on_card, tag, connectors)

    def charge(self, connector=1, tag=None):
        """A whole start: plugged, authorised, charging. Returns the transaction's id."""
        self.plug(connector)
        self.card(tag or "TAG%d" % connector, [connector])
        self.draw(connector)
        return self.station.facts.connector(connector).transaction.id

    # -- what came out

    def statuses(self, connector=1):
        return [
            p["status"] for p in self.actions("StatusNotification") if p["connectorId"] == connector
        ]

    def set_profile(self, connector=1, **changes):
        return self.ask(
            "SetChargingProfile",
            {"connectorId": connector, "csChargingProfiles": profile(**changes)},
        )


def result_of(generator):
    """What long work returns, run without a pause."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def profile(
    id=1, level=0, purpose="TxDefaultProfile", kind="Absolute", unit="A", periods=((0, 16),), **more
):
    schedule = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit} for start, limit in periods
        ],
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
