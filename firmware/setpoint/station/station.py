"""The charge point: the one object the app talks to. It keeps the parts together and mostly delegates.

The app sets the time (`time_is`), tells an event (`on_...`, `wake`), and carries out `take_actions()`. What breaks an event
off while it is `changing` leaves it half done.
"""

from micropython import const

from ..protocol.errors import OcppError
from ..protocol.ocppj import error_text, parse
from ..schedule.checks import Capability
from ..schedule.stack import InstalledProfiles
from .authorisation import Authorisation
from .calls import Calls
from .charging import Charging
from .connector import all_connectors
from .fallback import Fallback
from .limits import Limits
from .metering import Metering
from .outbox import Outbox
from .registration import Registration
from .reports import Reports
from .requests import answer
from .sessions import Sessions
from .settings import Settings
from .shapes import all_ints, all_texts

_NET_MS = const(60000)  # looked after everything at least so often


class Station:
    """identity: vendor, model, ... (registration.py). documents, journal: the ports to flash. supply: what feeds the
    connectors. readings(connector id) -> sampling.Reading. first_keys: first values of configuration keys.
    id_prefix: makes message ids differ from those before a restart."""

    def __init__(
        self,
        identity: dict,
        documents,
        journal,
        supply,
        connector_ids: "list[int]",
        readings,
        first_keys: dict,
        id_prefix: str,
        locks: "list[int]" = (),
    ) -> None:
        self.actions = []
        self.now = self._due_ms = None
        self.up_ms = 0
        self._ticks_ms = self._into_second_ms = 0
        self.link_up = False
        self.documents = documents
        self.supply = supply
        self.readings = readings
        self.settings = Settings(first_keys, documents.read("settings", {}, all_texts))
        for problem in self.settings.problems:
            self.log("warn", problem)
        units = self.settings.words("ChargingScheduleAllowedChargingRateUnit")
        self.capability = Capability(
            self.settings["ChargeProfileMaxStackLevel"],
            self.settings["ChargingScheduleMaxPeriods"],
            self.settings["MaxChargingProfilesInstalled"],
            ("A" if "Current" in units else "") + ("W" if "Power" in units else ""),
        )
        self.profiles = InstalledProfiles(supply, self.capability)
        self.charge_point, self.connectors = all_connectors(connector_ids, locks, documents.read("availability", [], all_ints))
        self.limits = Limits(self.profiles, supply, self.connectors)
        self.outbox = Outbox(journal, self.log)
        self.metering = Metering(self)
        self.sessions = Sessions(self)
        self.calls = Calls(id_prefix, self.outbox, self.log, self.sessions.delivered)
        self.registration = Registration(self, identity)
        self.authorisation = Authorisation(self)
        self.charging = Charging(self)
        self.reports = Reports(self, identity)
        self.fallback = Fallback(self)
        self._later = []
        self._permits = {}
        self.reset_at_ms = None
        self.resets = 0  # how often it was tried

    def start(self, after_reset: bool = False) -> None:
        """After the first `time_is`: goes on with what was stored. after_reset: the power was there all the time."""
        self.sessions.resume("Reboot" if after_reset else "PowerLoss")
        self.charging.load()
        self.on_clock()

    # -- time

    def time_is(self, now: "int | None", up_ms: int, ticks_ms: int, into_second_ms: int = 0) -> None:
        """now: the instant (None: unknown) and how far its second has gone; up_ms: for timers; ticks_ms: the network's time."""
        self.now = now
        self.up_ms = up_ms
        self.changing = True
        self._ticks_ms, self._into_second_ms = ticks_ms, into_second_ms

    def on_clock(self) -> None:
        """The wall clock was set. Durations and transactions go on; every limit is worked out anew."""
        self.metering.clock_is_set()
        if self.now is not None:
            self.sessions.clock_is_known()
            self.charging.clock_is_known()
        self.limits_changed()
        self._settle()

    def wake(self) -> None:
        """Does what is due."""
        self.calls.time_out(self._ticks_ms, self.up_ms)
        self.registration.wake(self.up_ms)
        self.authorisation.wake(self.up_ms)
        self.sessions.wake(self.up_ms)
        self.metering.wake(self.up_ms)
        self.fallback.wake(self.up_ms)
        self._settle()

    def due_at_ms(self) -> int:
        """The up-time at which `wake` is wanted. Worked out once after each event."""
        if self._due_ms is None:
            self._due_ms = self._next_wakeup_ms()
        return self._due_ms

    def _next_wakeup_ms(self) -> int:
        due = self.up_ms + _NET_MS
        if self.now is not None:
            change = min(self.limits.next_change, self.metering.next_aligned() or self.limits.next_change)
            due = min(due, self.up_ms + (change - self.now) * 1000 - self._into_second_ms)
        online = self.online()
        minimum_s = self.settings["MinimumStatusDuration"]
        time_out_ms = self.calls.times_out_ms()
        candidates = [
            None if time_out_ms is None else time_out_ms + self.up_ms - self._ticks_ms,
            self.registration.next_wakeup_ms(),
            self.authorisation.next_wakeup_ms(),
            self.outbox.due_at_ms() if online and self.calls.idle() else None,
            self.limits.recheck_ms,
            self.fallback.next_wakeup_ms(),
            self.reset_at_ms,
        ]
        for connector in self.connectors:
            candidates.append(connector.sample_at_ms)
            candidates.append(connector.energy_look_ms)
            if online:
                candidates.append(connector.report_due_at_ms(minimum_s))
        for candidate in candidates:
            if candidate is not None and candidate < due:
                due = candidate
        return due

    # -- what the app takes

    def take_actions(self) -> list:
        actions = self.actions
        self.actions = []
        return actions

    def log(self, level: str, text: str) -> None:
        self.actions.append(("log", level, text))

    def _settle(self) -> None:
        """What follows from an event, whichever it was."""
        self._due_ms = None
        if self.limits.due(self.now, self.up_ms):
            self.limits_changed()
        for connector in self.connectors:
            if connector.authorised and connector.plugged():
                self.authorisation.plugged_in(connector)
            permit = connector.permitted()
            if self._permits.get(connector.id) != permit:
                self._permits[connector.id] = permit
                self.actions.append(("outputs", connector.id))
            if connector.has_lock and connector.locked != connector.lock_wanted():
                connector.locked = connector.lock_wanted()
                self.actions.append(("outputs", connector.id))
        self.reports.statuses()
        self.reports.security_events()
        if self.reset_at_ms is not None:
            from .answers import reset

            reset.settle(self)
        if self.link_up:
            ready = self.registration.accepted and self.now is not None
            text = self.calls.next_text(ready, self.now, self.up_ms, self._ticks_ms)
            if text is not None:
                self.actions.append(("send", text))

    def limits_changed(self) -> None:
        """Works out every limit and hands over what is new."""
        self._due_ms = None
        changed = self.limits.update(self.now, self.up_ms)
        for connector in self.connectors:
            connector.limit_da = self.limits.grants[connector.id].da
            if connector.id in changed:
                self.actions.append(("outputs", connector.id))

    # -- the central system

    def online(self) -> bool:
        return self.link_up and self.registration.accepted

    def on_link(self, up: bool) -> None:
        self.link_up = up
        if up:
            self.outbox.link_is_back()
            self.registration.link_is_up(self.up_ms)
            self.registration.wake(self.up_ms)
        else:
            self.calls.link_is_down(self.up_ms)
        self._settle()

    def on_text(self, text: "str | memoryview") -> None:
        """A message of the central system."""
        self.fallback.heard(self.up_ms)
        self.changing = False
        try:
            message = parse(text)
        except OcppError as error:
            self.log("warn", "unreadable message: %s, %s" % (error.code, error.description))
            if error.answerable:
                self.actions.append(("send", error_text(error.message_id, error.code, error.description)))
            return
        self.changing = True
        if message[0] != 2:
            self.calls.on_answer(message, self.up_ms)
        elif self.registration.status == "Rejected":
            self.log("warn", "%s is not answered while Rejected (OCPP 1.6, 4.2)" % message[2])
        else:
            self.actions.append(("send", answer(self, message[1], message[2], message[3])))
            if message[2] in ("GetCompositeSchedule", "GetConfiguration"):
                return  # nothing has changed, so nothing follows
            later = self._later
            self._later = []
            for do in later:
                do()
        self._settle()

    def later(self, do) -> None:
        """Does something after the answer to the request at hand."""
        self._later.append(do)

    def ask(self, action: str, payload: dict, on_answer, before_accepted: bool = False) -> None:
        """Queues a CALL. on_answer(payload or None, error sentence or None, up_ms) is called exactly once."""
        self.calls.ask(action, payload, on_answer, before_accepted, self.up_ms)

    # -- the connectors

    def connector(self, connector_id: int):
        for connector in self.connectors:
            if connector.id == connector_id:
                return connector
        return None

    def on_pilot(self, connector_id: int, pilot: str, vehicle: str) -> None:
        """The pilot's machine of a connector is in another state, or the vehicle shows another one."""
        connector = self.connector(connector_id)
        was_plugged = connector.plugged()
        asked = connector.asks()
        connector.on_pilot(pilot, vehicle)
        if not connector.plugged():
            if connector.transaction is not None and self.settings["StopTransactionOnEVSideDisconnect"]:
                self.sessions.end(connector, "EVDisconnected", None)
        elif not was_plugged:
            connector.ended_here = None
            self.reports.statuses()
        if asked != connector.asks() or self.limits.recheck_ms is not None:
            self.limits_changed()  # shares follow those who ask; an open contactor frees room at once
        self._settle()

    def on_card(self, id_tag: str, connectors: "list[int] | None") -> None:
        """A card at the reader; connectors: ids where it may be used, None for all."""
        from . import cards
        cards.card(self, id_tag[:20], connectors)
        self._settle()

    def on_fault(self, connector_id: int, code: str, vendor_code: "str | None", info: "str | None", active: bool) -> None:
        connector = self.charge_point if connector_id == 0 else self.connector(connector_id)
        connector.on_fault(code, vendor_code, info, active)
        self._settle()

    def on_cap(self, connector_id: int, source: str, da: "int | None") -> None:
        """The board limits a connector: source "cable" or "temperature"; None: no more."""
        if source == "cable":
            self.connector(connector_id).on_cable(da is not None)
        self.limits.cap(connector_id, source, da)
        self.limits_changed()
        self._settle()

    def on_emergency_stop(self) -> None:
        """Somebody pressed the button: every transaction ends, and nobody's permission waits any more."""
        self.authorisation.forget()
        self.sessions.end_all("EmergencyStop")
        self._settle()
