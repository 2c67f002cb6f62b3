"""The charge point: the one object the app talks to. It puts the parts together, and leads each
event through one pass.

    event     records facts (facts.py), nothing else
    pass      each part does what these facts and the time ask of it, once, in one order; then the
              next CALL is sent
    outputs   what the control loop may do follows from facts: `Connector.permitted`, `lock_wanted`,
              and `limits.of`
    effects   what the app carries out after the pass, in order

The app sets the time (`time_is`), dispatches an event (`on_...`, `wake`), takes the effects and assigns
the outputs. What breaks an event off while it is `changing` leaves it half done.

A part has `settle()`, called in each pass, and `due_ms()`: the up-time at which it wants a pass, or
None."""

from micropython import const

from ..charging.fallback import Fallback
from ..charging.limits import Limits
from ..charging.profiles import ChargingProfiles
from ..messaging.calls import Calls, understood
from ..messaging.outbox import Outbox
from ..messaging.registration import Registration
from ..messaging.shapes import all_ints, all_texts
from ..messaging.statuses import Statuses
from ..protocol.errors import INTERNAL, OcppError
from ..protocol.ocppj import error_text, parse
from ..schedule.checks import Capability
from ..schedule.installed import InstalledProfiles
from ..sessions.authorisation import Authorisation
from ..sessions.meters import Meters
from ..sessions.samples import Samples
from ..sessions.transactions import Transactions
from .connector import RECOVERS, all_connectors
from .facts import Facts
from .requests import answer, worked
from .settings import Settings

_NET_MS = const(60000)  # safety net: a pass at least once a minute
# OCPP 1.6's have 32 characters; a longer one is none, and not worth its memory in the log
_LONGEST_ACTION = const(40)
_MOST_WORK = const(4)  # requests that wait for long work
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
        self._seed = id_prefix
        self.dimming = None  # where a board has a contact of the grid operator's
        self._begun = ()  # the parts that a request began, while they take their time
        self._arrange()
        self._due_ms = 0
        self._later = []
        self._work = []  # (generator, id of the CALL that waits for it or None, number of the link)
        self._links = 0  # connections so far
        self.changing = False
        self._restart = None
        self.upload = self.download = None  # the part that waits for the end of one

    def start(self, after_reset: bool = False) -> None:
        """After the first `time_is`: reads flash, and goes on with what was stored. after_reset:
        the power was there all the time."""
        from . import credentials, signed_update

        facts = self.facts
        self.settings.start(self.documents.read("settings", {}, all_texts))
        for problem in self.settings.problems:
            facts.log("warn", problem)
        inoperative = self.documents.read("availability", [], all_ints)
        for place in facts.places():
            place.operative = place.id not in inoperative
        credentials.start(self)
        self.outbox.start()
        if self.documents.read("reservations", []):
            self.reservations()
        self.meters.start()
        self.transactions.resume("Reboot" if after_reset else "PowerLoss")
        self.charging.load()
        self.random_delay_changed(True)
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
        self._settle()

    def wake(self) -> None:
        """Something may be due."""
        self._settle()

    def due_at_ms(self) -> int:
        """The up-time at which `wake` is wanted. Worked out once after each event."""
        if self._due_ms is None:
            due_ms = self.facts.up_ms + _NET_MS
            for part in self._parts:
                wanted_ms = part.due_ms()
                if wanted_ms is not None and wanted_ms < due_ms:
                    due_ms = wanted_ms
            self._due_ms = due_ms
        return self._due_ms

    # -- one pass

    def _settle(self) -> None:
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
            self._links += 1
            if self.facts.settings["AdditionalRootCertificateCheck"]:
                self._root_vouched()
            self.outbox.link_is_back()
            self.registration.link_is_up()
        else:
            self.calls.link_is_down()
        self._settle()

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
            self._settle()

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
        self._do_later()
        return action not in _READ_ONLY

    def _do_later(self) -> None:
        later = self._later
        self._later = []
        for do in later:
            do()

    def work(self, generator, message_id: "str | None" = None) -> None:
        """Has the app run a generator in slices, after what waits already. What it returns answers
        the CALL with this id, on the connection that brought it. OcppError where too much waits."""
        if message_id is not None and self.busy():
            raise OcppError(INTERNAL, "too many earlier requests are still worked on")
        self._work.append((generator, message_id, self._links))
        if len(self._work) == 1:
            self.facts.effects.append(("work", generator))

    def busy(self) -> bool:
        """Does as much long work wait as may?"""
        return len(self._work) >= _MOST_WORK

    def on_worked(self, payload: "dict | None") -> None:
        """The work that was begun is over. payload: the answer; None where the memory ended."""
        _, message_id, link = self._work.pop(0)
        if message_id is not None and link == self._links and self.facts.link_up:
            self.facts.effects.append(("send", worked(message_id, payload)))
        self._do_later()
        if self._work:
            self.facts.effects.append(("work", self._work[0][0]))
        self._settle()

    def restart(self, kind: str) -> None:
        """A Reset was asked for, Hard or Soft. While it is tried there is one more part."""
        from .restart import Restart

        self._end_restart()
        self._restart = Restart(kind, self.facts, self.transactions, self.outbox, self._end_restart)
        self.join(self._restart)

    def _end_restart(self) -> None:
        if self._restart is not None:
            self.leave(self._restart)
            self._restart = None

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
        reservations = self.facts.reservations
        kept = () if reservations is None else (reservations,)
        self._parts = kept + self._always + self._begun + kept + (self.statuses,)

    def later(self, do) -> None:
        """Does something after the answer to the request at hand."""
        self._later.append(do)

    def on_trial(self, passed: bool) -> None:
        """A new AuthorizationKey or security profile has connected, or not."""
        from . import credentials

        credentials.trial(self, passed)
        self._settle()

    def _root_vouched(self) -> None:
        """Where a root on trial vouched for the connection, it takes the place of the others."""
        from ..certificates import roots

        facts = self.facts
        credentials = facts.credentials
        try:
            if credentials.root is not None and roots.trial_ends(
                self.documents, credentials.provisioned, credentials.root
            ):
                facts.log("info", "the new root certificate is the only one now")
        except OSError as error:
            facts.storage_failed("a root certificate cannot be removed: %s" % error)

    def on_security_event(self, kind: str, info: "str | None") -> None:
        """As the security whitepaper of OCPP 1.6 names it."""
        from ..messaging import security_events

        security_events.happened(self.facts, kind, info)
        self._settle()

    def on_transfer(self, name: str, problem: "tuple | None") -> None:
        """The "upload" or "download" that an effect began is over. problem: (sentence, status of
        HTTP or None), or what update.py says."""
        part = getattr(self, name)
        if part is not None:
            part.ended(problem)
            self._settle()

    def send_data(
        self, vendor_id: str, message_id: "str | None", data: "str | None", on_answer
    ) -> None:
        """Sends DataTransfer; on_answer(status or None when there is no answer, data or None)."""
        payload = {"vendorId": vendor_id[:255]}
        if message_id is not None:
            payload["messageId"] = message_id[:50]
        if data is not None:
            payload["data"] = data

        def answered(payload, error):
            conf = understood(self.facts.log, "DataTransfer", payload, error) or {}
            on_answer(conf.get("status"), conf.get("data"))

        self.calls.ask("DataTransfer", payload, answered)
        self._settle()

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
        self._settle()

    def on_card(self, id_tag: str, connectors: "list[int] | None") -> None:
        """A card at the reader; connectors: ids where it may be used, None for all."""
        self.authorisation.card(id_tag[:20], connectors)
        self._settle()

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
        self._settle()

    def on_cap(self, connector_id: int, source: str, da: "int | None") -> None:
        """The board limits a connector: source "cable" or "temperature"; None: no more."""
        if source == "cable":
            self.facts.connector(connector_id).on_cable(da is not None)
        self.limits.cap(connector_id, source, da)
        self._settle()

    def on_total(
        self,
        source: str,
        da: "int | None",
        words: "str | None" = None,
        phases: "int | None" = None,
    ) -> None:
        """Somebody limits all connectors together (charging/limits.py); None: no more."""
        self.limits.limit_total(source, da, words, phases)
        self._settle()

    def on_driver(self) -> None:
        """Somebody pressed the button: nobody waits for a random delay any more."""
        if self.facts.random_delay is not None:
            self.facts.random_delay.end_all()
            self._settle()

    def random_delay_changed(self, at_start: bool = False) -> None:
        """RandomDelayMax has another value; what waits at 0 waits no more."""
        facts = self.facts
        # Where nobody gave a value, it is the table's: 0
        if not self.settings.values.get("RandomDelayMax"):
            facts.random_delay = None
        elif facts.random_delay is None:
            from ..charging.random_delay import RandomDelay

            facts.random_delay = RandomDelay(
                facts, self.limits, self.profiles, self._seed, at_start
            )
        facts.limits_stale = True

    def has_dim_input(self, watts: int) -> None:
        """The board has a contact of the grid operator's; before `start`."""
        from ..charging.dimming import Dimming

        self.dimming = Dimming(self.facts, self.limits, watts)
        self._always = (self.dimming,) + self._always
        self._arrange()

    def on_dim(self, dims: bool) -> None:
        """What the grid operator's contact says now."""
        self.dimming.on_contact(dims)
        self._settle()

    def on_emergency_stop(self) -> None:
        """Somebody pressed the button: every transaction ends, and nobody's permission waits any
        more."""
        self.authorisation.forget()
        self.transactions.end_all("EmergencyStop")
        self._settle()
