"""The charge point: the one object the app talks to. It puts the parts together, and leads each
event through one pass.

    event     records facts (facts.py), nothing else
    pass      each part does what these facts and the time ask of it, once, in one order; then the
              next CALL is sent
    outputs   what the control loop may do follows from facts: `Connector.permitted`, `lock_wanted`,
              and `limits.of`
    effects   what the app carries out after the pass, in order

The app sets the time (`time_is`), dispatches an event (`on_...`, `seldom`, `settle`), takes the effects and assigns
the outputs. What breaks an event off while it is `changing` leaves it half done.

A part has `settle()`, called in each pass, and `due_ms()`: the up-time at which it wants a pass, or
None."""

from micropython import const

from ..charging.fallback import Fallback
from ..charging.limits import Limits
from ..charging.profiles import ChargingProfiles
from ..messaging.calls import Calls
from ..messaging.outbox import Outbox
from ..messaging.registration import Registration
from ..messaging.shapes import all_ints, all_texts
from ..messaging.statuses import Statuses
from ..protocol.errors import OcppError
from ..protocol.ocppj import error_text, parse
from ..schedule.installed import InstalledProfiles
from ..sessions.authorisation import Authorisation
from ..sessions.meters import Meters
from ..sessions.samples import Samples
from ..sessions.transactions import Transactions
from .connector import RECOVERS, all_connectors
from .facts import Facts
from .requests import answer
from .settings import Settings

_NET_MS = const(60000)  # safety net: a pass at least once a minute
# OCPP 1.6's have 32 characters; a longer one is none, and not worth its memory in the log
_LONGEST_ACTION = const(40)
# Their answers change no fact, so they need no pass
_READ_ONLY = const(("GetCompositeSchedule", "GetConfiguration", "GetLocalListVersion"))


class Station:
    """identity: what the board is (registration.py) and how it connects (credentials.py); it is
    only read. documents, journal: the ports to flash. supply: what feeds the connectors.
    readings(connector id) -> messaging.sampling.Reading. first_keys: first values of configuration
    keys. id_prefix: makes message ids differ from those before a restart. log(level, sentence)."""

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
        log,
        locks: "list[int]" = (),
    ) -> None:
        self.identity = identity
        self.documents = documents
        self.settings = settings = Settings(first_keys)
        charge_point, connectors = all_connectors(connector_ids, locks)
        self.facts = facts = Facts(settings, supply, charge_point, connectors, log)
        from ..schedule.checks import Capability

        units = settings.words("ChargingScheduleAllowedChargingRateUnit")
        capability = Capability(
            settings["ChargeProfileMaxStackLevel"],
            settings["ChargingScheduleMaxPeriods"],
            settings["MaxChargingProfilesInstalled"],
            ("A" if "Current" in units else "") + ("W" if "Power" in units else ""),
        )
        self.profiles = InstalledProfiles(supply, capability)
        self.charging = ChargingProfiles(facts, documents, self.profiles, capability)
        self.limits = Limits(facts, self.profiles)
        self.fallback = Fallback(facts, self.limits)
        self.outbox = Outbox(journal, log)
        self.meters = Meters(facts, readings, self.outbox.ledger)
        self.transactions = Transactions(facts, self.charging, self.outbox, self.meters)
        self.calls = Calls(facts, id_prefix, self.outbox, self.transactions.delivered)
        self.registration = Registration(facts, self.calls, identity)
        self.statuses = Statuses(facts, self.calls)
        self.authorisation = Authorisation(
            facts, documents, self.transactions, self.calls, self.statuses
        )
        self.samples = Samples(facts, self.meters, self.outbox, self.calls)
        self._always = (
            self.calls,
            self.registration,
            self.authorisation,
            self.transactions,
            self.fallback,
            self.limits,
            self.samples,
        )
        self.seed = id_prefix
        self.dimming = (
            None  # before `start`: the part, where a board has the grid operator's contact
        )
        self._begun = ()  # the parts that a request began, while they take their time
        self._due_ms = 0
        self._later = []
        self.long_work = ()  # (generator, id of the CALL that waits or None, number of the link)
        self.links = 0  # connections so far
        self.changing = False
        self.restart = None  # the part that tries one (restart.py)
        self.upload = self.download = None  # the part that waits for the end of one

    def start(self, after_reset: bool = False) -> None:
        """After the first `time_is`: reads flash, and goes on with what was stored. after_reset:
        the power was there all the time."""
        from . import credentials, seldom

        facts = self.facts
        self.settings.start(self.documents.read("settings", {}, all_texts))
        for problem in self.settings.problems:
            facts.log("warn", problem)
        inoperative = self.documents.read("availability", [], all_ints)
        for place in facts.places():
            place.operative = place.id not in inoperative
        self._arrange()
        credentials.start(self)
        self.outbox.start()
        if self.documents.read("reservations", []):
            self.reservations()
        self.meters.start()
        self.transactions.resume("Reboot" if after_reset else "PowerLoss")
        self.charging.load()
        seldom.random_delay_changed(self, True)
        if self.documents.read("firmware", {}):
            from . import signed_update

            signed_update.resume(self)
        self.on_clock()

    # -- time

    def time_is(
        self, now: "int | None", up_ms: int, ticks_ms: int, into_second_ms: int = 0
    ) -> None:
        """now: the instant (None: unknown) and how far its second has gone; up_ms: for timers;
        ticks_ms: the network's time."""
        facts = self.facts
        facts.now, facts.up_ms, facts.ticks_ms, facts.into_second_ms = (
            now,
            up_ms,
            ticks_ms,
            into_second_ms,
        )
        self.changing = True

    def on_clock(self) -> None:
        """The wall clock was set. Durations and transactions go on; every limit is worked out
        anew."""
        self.samples.clock_is_set()
        if self.facts.now is not None:
            self.transactions.clock_is_known()
            self.charging.clock_is_known()
        self.facts.limits_stale = True
        self.settle()

    def due_at_ms(self) -> int:
        """The up-time at which `settle` is wanted. Worked out once after each event."""
        if self._due_ms is None:
            due_ms = self.facts.up_ms + _NET_MS
            for part in self._parts:
                wanted_ms = part.due_ms()
                if wanted_ms is not None and wanted_ms < due_ms:
                    due_ms = wanted_ms
            self._due_ms = due_ms
        return self._due_ms

    # -- one pass

    def settle(self) -> None:
        """One pass; something may be due."""
        facts = self.facts
        self._due_ms = None
        for part in self._parts:
            part.settle()
        if facts.security_events and facts.now is not None and facts.online():
            from ..messaging import security_events

            security_events.report(facts, self.calls)
        text = self.calls.next_text()
        if text is not None:
            facts.effects.append(("send", text))

    def take_effects(self) -> list:
        effects = self.facts.effects
        self.facts.effects = []
        return effects

    # -- the central system

    def on_link(self, up: bool) -> None:
        self.facts.link_up = up
        if up:
            self.links += 1
            if self.facts.settings["AdditionalRootCertificateCheck"]:
                from . import seldom

                seldom.root_vouched(self)
            self.outbox.link_is_back()
            self.registration.link_is_up()
        else:
            self.calls.link_is_down()
        self.settle()

    def on_text(self, text: "str | memoryview") -> None:
        """A message of the central system."""
        facts = self.facts
        self.fallback.heard()
        self.changing = False
        wants_pass = False
        try:
            message = parse(text)
        except OcppError as error:
            facts.log("warn", "unreadable message: %s, %s" % (error.code, error.description))
            if error.answerable:
                facts.effects.append(
                    ("send", error_text(error.message_id, error.code, error.description))
                )
        else:
            self.changing = True
            wants_pass = self._take(message)
        if wants_pass or facts.limits_stale:  # whatever was heard, it ended the fallback
            self.changing = True
            self.settle()

    def _take(self, message: tuple) -> bool:
        """Could a fact be another one after this message?"""
        if message[0] != 2:
            self.calls.on_answer(message)
            return True
        action = message[2][:_LONGEST_ACTION]
        if self.registration.status == "Rejected":
            warning = "%s is not answered while Rejected (OCPP 1.6, 4.2)" % action
            self.facts.log("warn", warning)
            return True
        text = answer(self, message[1], action, message[3])
        if text is not None:
            self.facts.effects.append(("send", text))
        self.do_later()
        return action not in _READ_ONLY

    def do_later(self) -> None:
        later = self._later
        self._later = []
        for do in later:
            do()

    def seldom(self, name: str, *arguments) -> None:
        """The event of this name in seldom.py."""
        from . import seldom

        getattr(seldom, name)(self, *arguments)
        self.settle()

    def join(self, part) -> None:
        """One more part, from now on: what a request began that takes its time."""
        self._begun += (part,)
        self._arrange()

    def leave(self, part) -> None:
        self._begun = tuple([one for one in self._begun if one is not part])
        self._arrange()

    def reservations(self):
        """The part that keeps connectors for cards. It is there while there is a reservation, or
        somebody asks for one."""
        facts = self.facts
        if facts.reservations is None:
            from ..sessions.reservations import Reservations

            def none_left() -> None:
                facts.reservations = None
                self._arrange()

            running = self.outbox.ledger.running
            facts.reservations = Reservations(facts, self.documents, none_left, running)
            self._arrange()
        return facts.reservations

    def _arrange(self) -> None:
        """The parts, in their order, with those that are there now and then. Reservations come
        twice: what has ended must not keep anybody from beginning, and who has begun or ended may
        change which connector is kept."""
        dimming = () if self.dimming is None else (self.dimming,)
        reservations = self.facts.reservations
        kept = () if reservations is None else (reservations,)
        self._parts = kept + dimming + self._always + self._begun + kept + (self.statuses,)

    def later(self, do) -> None:
        """Does something after the answer to the request at hand."""
        self._later.append(do)

    # -- the connectors

    def on_pilot(self, connector_id: int, pilot: str, vehicle: str, rests: bool = False) -> None:
        """The pilot's machine of a connector is in another state, or the vehicle shows another one.
        rests: the contactor waits before it closes again."""
        facts = self.facts
        connector = facts.connector(connector_id)
        was_plugged = connector.plugged()
        asked = connector.asks()
        connector.on_pilot(pilot, vehicle, rests)
        if not connector.plugged():
            connector.vend = False
            if (
                connector.transaction is not None
                and facts.settings["StopTransactionOnEVSideDisconnect"]
            ):
                self.transactions.end(connector, "EVDisconnected", None)
        elif not was_plugged:
            connector.ended_here = None
            connector.vend = connector.transaction is None and facts.settings["FreeVendActive"]
        if asked != connector.asks() or self.limits.recheck_ms is not None:
            # Shares follow those who ask; an open contactor frees room at once
            facts.limits_stale = True
        self.settle()

    def on_card(self, id_tag: str, connectors: "list[int] | None") -> None:
        """A card at the reader; connectors: ids where it may be used, None for all."""
        self.authorisation.card(id_tag[:20], connectors)
        self.settle()

    def on_fault(
        self,
        connector_id: int,
        code: str,
        vendor_code: "str | None",
        info: "str | None",
        active: bool,
    ) -> None:
        """A fault comes or goes; connector_id 0: of the charge point as a whole."""
        facts = self.facts
        place = facts.charge_point if connector_id == 0 else facts.connector(connector_id)
        place.on_fault(code, vendor_code, info, active)
        for freed in facts.connectors if not active else ():
            if freed.waits == RECOVERS and connector_id in (0, freed.id) and not freed.faulted():
                facts.log("note", "connector %d: %s" % (freed.id, RECOVERS))
        self.settle()

    def on_cap(self, connector_id: int, source: str, da: "int | None") -> None:
        """The board limits a connector: source "cable" or "temperature"; None: no more."""
        if source == "cable":
            self.facts.connector(connector_id).on_cable(da is not None)
        self.limits.cap(connector_id, source, da)
        self.settle()

    def has_dim_input(self, watts: int) -> None:
        """The board has a contact of the grid operator's; before `start`."""
        from ..charging.dimming import Dimming

        self.dimming = Dimming(self.facts, self.limits, watts)

    def on_dim(self, dims: bool) -> None:
        """What the grid operator's contact says now."""
        self.dimming.on_contact(dims)
        self.settle()

    def on_emergency_stop(self) -> None:
        """Somebody pressed the button: every transaction ends, and nobody's permission waits any
        more."""
        self.authorisation.forget()
        self.transactions.end_all("EmergencyStop")
        self.settle()
