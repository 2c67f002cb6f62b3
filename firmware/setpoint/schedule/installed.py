"""All installed charging profiles: which displace which, and the limit that follows from them.

Two stacks decide about a connector (R28), each ordered so that the prevailing profile stands first:

* of the connector: its transaction's TxProfiles by level, then the defaults by level, at equal
  level the connector's own before the general one (R8), the station's own plan last;
* of the station: the ChargePointMaxProfiles by level.

No two profiles of a stack are equal in that order, because the newer one displaces the older (R6).
Stacks are built when first asked for and dropped with every change, so that an answer is never
older than the last change."""

from ..units import const
from .profile import CHARGE_POINT_MAX, NOT_STARTED, TX, TX_DEFAULT
from .stack import Stack

_TX_FIRST = const(1 << 24)  # above every stack level there is (settings: at most 1000)


class InstalledProfiles:
    """The profiles of one charge point, in the order of their installation.

    plan: the station's own (plan.py), below all defaults; it is no installed profile."""

    plan = None

    def __init__(self, supply, capability) -> None:
        self.supply = supply
        self.capability = capability
        self._profiles = []
        self._changed()

    def __iter__(self):
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    # What is installed

    def displaced_by(self, profile, now: "int | None") -> "tuple[list, str | None]":
        """(profiles that go when this one comes, None), or ([], why it cannot come). Changes
        nothing.

        The same id anywhere (R5), the same purpose and level in its scope (R6); and when the
        station is full, as many ended ones as needed, those first that ended first (R7, R24)."""
        going = [p for p in self._profiles if p.id == profile.id or _clash(p, profile)]
        excess = len(self._profiles) - len(going) + 1 - self.capability.max_installed
        while excess > 0:
            ended = None
            for p in self._profiles:
                if now is not None and p.ends_at() <= now and p not in going:
                    if ended is None or p.ends_at() < ended.ends_at():
                        ended = p
            if ended is None:
                return [], "%d profiles are installed and none of them goes" % len(self._profiles)
            going.append(ended)
            excess -= 1
        return going, None

    def install(self, profile, displaced: list) -> None:
        """The profile comes and what displaced_by named goes, in one step."""
        self._profiles = [p for p in self._profiles if p not in displaced] + [profile]
        self._changed()

    def remove(self, profiles: list) -> None:
        """They go; those that are not installed do not matter."""
        self._profiles = [p for p in self._profiles if p not in profiles]
        self._changed()

    def follow(self, plan) -> None:
        """The station's own plan from now on; None: it has none. Takes no memory."""
        self.plan = plan
        self._own.clear()

    def fix_starts(self, now: int) -> list:
        """The clock became known: profiles accepted without it count from now (R31). Returns those
        that changed."""
        fixed = [p for p in self._profiles if p.accepted_at is None]
        for profile in fixed:
            profile.accepted_at = now
        self._changed()
        return fixed

    def _changed(self) -> None:
        self._own = {}  # connector -> (handle of its transaction or None, stack)
        self._station = None

    def matching(self, fields: dict) -> list:
        """What a ClearChargingProfile with these clean fields means (R36). An id decides alone."""
        wanted = fields.get("id")
        if wanted is not None:
            return [p for p in self._profiles if p.id == wanted]
        connector = fields.get("connectorId")
        purpose = fields.get("chargingProfilePurpose")
        level = fields.get("stackLevel")
        return [
            p
            for p in self._profiles
            if (connector is None or p.connector == connector)
            and (purpose is None or p.purpose == purpose)
            and (level is None or p.level == level)
        ]

    def of_transaction(self, handle: int) -> list:
        """The TxProfiles that go when this transaction ends (R12)."""
        return [p for p in self._profiles if p.transaction == handle and p.purpose == TX]

    # What follows from it

    def limit_at(self, connector: int, now: "int | None", transaction) -> tuple:
        """(limit_da, phases, until, reason): the bound of a connector, not its share of the
        station's current.

        limit_da is amperes per phase, rounded down, at most the hardware's (R25, R28). It is the
        same at every second before `until`, FOREVER when nothing is to come. Without a transaction
        it is the limit of one that starts now (R32). While the time is unknown the lowest period
        and the fewest phases count (R31). `reason` is the profile that limits, None when hardware
        or installation does."""
        supply = self.supply
        own = self.reaching(connector, transaction)
        station = self.of_station()
        if now is None:
            own.ask_without_time()
            station.ask_without_time()
        else:
            own.ask(now, NOT_STARTED if transaction is None else transaction.started)
            station.ask(now, None)
        rate, phases, reason = own.rate, own.phases, own.profile
        if rate is None or rate >= supply.own_rate:
            rate, reason = supply.own_rate, None
        if station.rate is not None:
            if station.rate < rate:
                rate, reason = station.rate, station.profile
            if station.phases < phases:
                phases = station.phases
        until = own.until if own.until < station.until else station.until
        return rate // supply.rate_per_da, supply.carrying[phases], until, reason

    def station_limit_at(self, now: "int | None") -> tuple:
        """(limit_da or None, reason): what all connectors together may draw per phase (R29). It
        changes no earlier than the limits of the connectors say, each of which asks the station's
        profiles too."""
        supply = self.supply
        station = self.of_station()
        if now is None:
            station.ask_without_time()
        else:
            station.ask(now, None)
        rate, reason = station.rate, station.profile
        if supply.station_rate is not None and (rate is None or rate >= supply.station_rate):
            rate, reason = supply.station_rate, None
        return (None if rate is None else rate // supply.rate_per_da), reason

    def reaching(self, connector: int, transaction) -> Stack:
        """The stack of a connector, with the TxProfiles of its transaction (None: there are
        none)."""
        handle = None if transaction is None else transaction.handle
        known = self._own.get(connector)
        if known is None or known[0] != handle:
            stack = self._stack(
                [
                    p
                    for p in self._profiles
                    if (p.purpose == TX_DEFAULT and p.connector in (0, connector))
                    or (p.purpose == TX and handle is not None and p.transaction == handle)
                ]
            )
            if self.plan is not None:
                stack.profiles.append(self.plan)
            known = (handle, stack)
            self._own[connector] = known
        return known[1]

    def of_station(self) -> Stack:
        """The ChargePointMaxProfiles, the highest level first."""
        if self._station is None:
            self._station = self._stack(
                [p for p in self._profiles if p.purpose == CHARGE_POINT_MAX]
            )
        return self._station

    def _stack(self, profiles: list) -> Stack:
        profiles.sort(key=_precedence, reverse=True)
        return Stack(profiles)


def _precedence(profile) -> int:
    """One number, since MicroPython's sort asks for it at every comparison: TxProfile, then level,
    then own before general."""
    rank = profile.level * 2 + (1 if profile.connector else 0)
    return rank + _TX_FIRST if profile.purpose == TX else rank


def _clash(old, new) -> bool:
    """R6: the same purpose and level, in the scope where there can be only one."""
    if old.purpose != new.purpose or old.level != new.level:
        return False
    if new.purpose == CHARGE_POINT_MAX:
        return True
    if new.purpose == TX:
        return old.transaction == new.transaction
    return new.connector in (0, old.connector)
