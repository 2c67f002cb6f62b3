"""The rules of smart charging, read second by second: slow, obvious, and written from the rules
alone.

An oracle to hold the firmware against, and the source of the pictures. It imports nothing of the
firmware, keeps profiles as the central system wrote them, and asks every profile anew at every
second. Numbers are Fractions until the last step. Rules are cited by number (R1 to R38,
docs/smart-charging-rules.md).

    site = Site(volts=230, phases=3, phase_switch=False, amps=32, connectors=2)
    placed = [Placed(0, profile_as_sent, accepted_at), Placed(1, another, accepted_at,
    transaction=12)]
    limit(site, placed, connector=1, at=instant, transaction=(12, started))    -> (113, 3)
    station_limit(site, placed, at)                                            -> 160 or None
    plan(site, placed, connector, now, duration_s, "A", {1: (12, started)})    -> [(start_s, tenths, 3)]

Times may be instants (whole seconds since 2020-01-01T00:00:00Z), datetimes with a zone, or ISO 8601
text."""

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

_EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)


class Site(NamedTuple):
    """What the station is wired for. `amps`, `grid_amps`: own limits per phase of a connector and
    of all together; `watts`: the connector's, over all wired phases. Any number or decimal text.
    `plan`: the station's own, or None."""

    volts: int = 230
    phases: int = 3
    phase_switch: bool = False
    amps: Any = 32
    watts: Any = None
    grid_amps: Any = None
    connectors: int = 1
    plan: Any = None


class Placed(NamedTuple):
    """A profile as it came in csChargingProfiles, where it was installed, when it was accepted
    (None: the clock was unknown), and for a TxProfile any name of the transaction it belongs to."""

    connector: int
    profile: dict
    accepted_at: Any = None
    transaction: Any = None


class Says(NamedTuple):
    """What a profile allows at a second: exact amperes per phase, and the phases its period
    names."""

    amps: Fraction
    phases: int


def instant(time: Any) -> int:
    """Whole seconds since 2020, fractions cut; text without an offset means UTC (R3)."""
    if isinstance(time, str):
        time = datetime.fromisoformat(time.upper().replace("Z", "+00:00"))
    if isinstance(time, datetime):
        if time.tzinfo is None:
            time = time.replace(tzinfo=timezone.utc)
        return floor((time - _EPOCH).total_seconds())
    return time


class WeekPlan(NamedTuple):
    """The station's own weekly plan. zone: a tzinfo. week: [minute from Monday 00:00, deci-amperes
    or None], each until the next one; the last one too before the first."""

    zone: Any
    week: Any

    def says(self, at: "int | None") -> "Says | None":
        """At a second; None: the time is unknown, and the lowest counts."""
        if at is None:
            return Says(min(Fraction(da, 10) for _, da in self.week if da is not None), 3)
        wall = (_EPOCH + timedelta(seconds=at)).astimezone(self.zone)
        minute = (wall.weekday() * 24 + wall.hour) * 60 + wall.minute
        da = ([entry for entry in self.week if entry[0] <= minute] or self.week)[-1][1]
        return None if da is None else Says(Fraction(da, 10), 3)


# One profile
# ----------------------------------------------------------------------------------------------------------


def held_phases(site: Site, named: int) -> int:
    """On how many phases a vehicle may draw when a period names so many (R26).

    A switch holds a connector to one phase; where the hardware cannot hold the number named, all
    wired phases may carry current."""
    return 1 if named == 1 and site.phase_switch else site.phases


def period_says(site: Site, unit: str, period: dict) -> Says:
    """A period in amperes per phase (R20, R26): its limit cut to one decimal, watts over the phases
    that may carry."""
    limit = Fraction(floor(Fraction(str(period["limit"])) * 10), 10)
    named = period.get("numberPhases", 3)
    if unit == "W":
        limit = limit / (site.volts * held_phases(site, named))
    return Says(limit, named)


def says(site: Site, placed: Placed, at: int, started: "int | None") -> "Says | None":
    """What a profile says at a second, None when it is silent (R14 to R18).

    `started` is the start of the transaction that is asked about; None when nobody knows it: then a
    profile that counts from there says its lowest current and its fewest phases."""
    profile, schedule = placed.profile, placed.profile["chargingSchedule"]
    if "validFrom" in profile and at < instant(profile["validFrom"]):
        return None
    if "validTo" in profile and at >= instant(profile["validTo"]):
        return None

    if profile["chargingProfileKind"] == "Relative" or "startSchedule" not in schedule:  # R17
        if profile["chargingProfilePurpose"] == "ChargePointMaxProfile":
            base = None if placed.accepted_at is None else instant(placed.accepted_at)
        else:
            base = started
        if base is None:
            return lowest(site, [placed])
        elapsed = max(at - base, 0)  # a clock set back behind the start: its first second
    else:
        elapsed = at - instant(schedule["startSchedule"])
        if elapsed < 0:
            return None
        if profile["chargingProfileKind"] == "Recurring":  # R16
            elapsed %= {"Daily": 86400, "Weekly": 604800}[profile["recurrencyKind"]]

    if "duration" in schedule and elapsed >= schedule["duration"]:  # R18
        return None
    begun = [p for p in schedule["chargingSchedulePeriod"] if p["startPeriod"] <= elapsed]
    return period_says(site, schedule["chargingRateUnit"], begun[-1])


def lowest(site: Site, stack: "list[Placed]") -> "Says | None":
    """The lowest current and the fewest phases of all these profiles, whatever their validity and
    schedule (R31)."""
    every = [
        period_says(site, placed.profile["chargingSchedule"]["chargingRateUnit"], period)
        for placed in stack
        for period in placed.profile["chargingSchedule"]["chargingSchedulePeriod"]
    ]
    return (
        Says(min(said.amps for said in every), min(said.phases for said in every))
        if every
        else None
    )


# Several profiles
# -----------------------------------------------------------------------------------------------------


def _of_purpose(placed: "list[Placed]", purpose: str) -> "list[Placed]":
    return [p for p in placed if p.profile["chargingProfilePurpose"] == purpose]


def _highest_that_speaks(
    site: Site, stack: "list[Placed]", at: int, started: "int | None"
) -> "Says | None":
    """R28.1; at equal level the connector's own default before the general one (R8)."""
    speaking = []
    for placed in stack:
        said = says(site, placed, at, started)
        if said is not None:
            speaking.append(((placed.profile["stackLevel"], placed.connector > 0), said))
    return max(speaking, key=lambda pair: pair[0])[1] if speaking else None


def bound(
    site: Site,
    placed: "list[Placed]",
    connector: int,
    at: "int | None",
    transaction: "tuple | None",
) -> "tuple[Fraction, int]":
    """Exact amperes per phase that a connector may draw at a second, and the phases (R28).

    `transaction` is (its name in Placed, its start or None when unknown); None without one: as if
    it started at this second (R32). `at` None: the time of day is unknown (R31)."""
    name, started = transaction if transaction is not None else (None, at)
    tx = [
        p
        for p in _of_purpose(placed, "TxProfile")
        if transaction is not None and p.transaction == name
    ]
    defaults = [p for p in _of_purpose(placed, "TxDefaultProfile") if p.connector in (0, connector)]
    planned = None if site.plan is None else site.plan.says(at)
    if at is None:
        own = lowest(site, tx + defaults)
        if own is not None and planned is not None:
            own = Says(min(own.amps, planned.amps), min(own.phases, planned.phases))
    else:
        own = _highest_that_speaks(site, tx, at, started) or _highest_that_speaks(
            site, defaults, at, started
        )
    own = own or planned
    station = station_says(site, placed, at)
    spoken = [said for said in (own, station) if said is not None]

    limits = [said.amps for said in spoken] + [Fraction(str(site.amps))]
    if site.watts is not None:
        limits.append(Fraction(str(site.watts)) / (site.volts * site.phases))
    if site.grid_amps is not None:
        limits.append(Fraction(str(site.grid_amps)))
    return min(limits), held_phases(site, min([said.phases for said in spoken] + [3]))


def station_says(site: Site, placed: "list[Placed]", at: "int | None") -> "Says | None":
    """What the ChargePointMaxProfiles say."""
    stack = _of_purpose(placed, "ChargePointMaxProfile")
    return lowest(site, stack) if at is None else _highest_that_speaks(site, stack, at, None)


def limit(
    site: Site, placed: "list[Placed]", connector: int, at: Any, transaction: "tuple | None"
) -> "tuple[int, int]":
    """(deci-amperes per phase, phases) of a connector at a second; see `bound`. Rounded down
    (R25)."""
    amps, phases = bound(site, placed, connector, None if at is None else instant(at), transaction)
    return floor(amps * 10), phases


def station_amps(site: Site, placed: "list[Placed]", at: "int | None") -> "Fraction | None":
    """Exact amperes per phase of all connectors together, None where nothing limits them (R29)."""
    said = station_says(site, placed, at)
    limits = [said.amps] if said is not None else []
    if site.grid_amps is not None:
        limits.append(Fraction(str(site.grid_amps)))
    return min(limits) if limits else None


def station_limit(site: Site, placed: "list[Placed]", at: Any) -> "int | None":
    """`station_amps` in deci-amperes, rounded down."""
    amps = station_amps(site, placed, None if at is None else instant(at))
    return None if amps is None else floor(amps * 10)


# The plan
# -------------------------------------------------------------------------------------------------------------


def plan_value(
    site: Site,
    placed: "list[Placed]",
    connector: int,
    now: int,
    at: int,
    unit: str,
    transactions: dict,
) -> "tuple[int, int]":
    """(tenths of the unit, phases) of the plan asked for `now`, at one of its seconds (R32, R33).

    A connector without a transaction is planned as if one started now.
    """
    chosen = range(1, site.connectors + 1) if connector == 0 else [connector]
    bounds = []
    for n in chosen:
        name, started = transactions.get(n, (_NOBODY, now))
        bounds.append(bound(site, placed, n, at, (name, started)))
    phases = max(p for _, p in bounds)
    if unit == "A":
        total, per_phase = sum(amps for amps, _ in bounds), 1
    else:
        total, per_phase = sum(amps * site.volts * p for amps, p in bounds), site.volts * phases
    station = station_amps(site, placed, at)
    if station is not None:
        total = min(total, station * per_phase)
    return floor(total * 10), phases


_NOBODY = object()  # the name of a transaction that has no TxProfiles


def merged(values: "list[tuple[int, tuple]]") -> "list[tuple]":
    """[(start, tenths, phases)] from [(second, (tenths, phases))], equal neighbours made one
    (R34)."""
    periods = []
    for second, value in values:
        if not periods or periods[-1][1:] != value:
            periods.append((second, *value))
    return periods


def plan(
    site: Site,
    placed: "list[Placed]",
    connector: int,
    now: Any,
    duration_s: int,
    unit: str,
    transactions: "dict[int, tuple]",
) -> "list[tuple[int, int, int]]":
    """The composite schedule as [(start_s, tenths, phases)], found by looking at each of its
    seconds (R32 to R35).

    `transactions`: (name, start or None) of the running ones by connector.
    """
    now = instant(now)
    seconds = range(max(duration_s, 1))  # a duration of 0 shows the value of now
    return merged(
        [
            (s, plan_value(site, placed, connector, now, now + s, unit, transactions))
            for s in seconds
        ]
    )


# Sharing and installing
# ------------------------------------------------------------------------------------------------


def shares(total_da: int, wants: "list[int]", minimum_da: int = 60) -> "list[int]":
    """R29: the water level rises by exact fractions until the current is spent or everybody has
    what he wants."""
    taking_part = [i for i, want in enumerate(wants) if want > 0]
    while True:
        level, left = Fraction(0), Fraction(max(total_da, 0))
        thirsty = list(taking_part)
        while thirsty and left > 0:
            rise = min(left / len(thirsty), min(wants[i] - level for i in thirsty))
            level += rise
            left -= rise * len(thirsty)
            thirsty = [i for i in thirsty if wants[i] > level]
        parts = [floor(min(level, want)) if i in taking_part else 0 for i, want in enumerate(wants)]
        if len(taking_part) <= 1 or all(parts[i] >= min(minimum_da, wants[i]) for i in taking_part):
            return parts
        taking_part.pop()  # the newest


def displaced(placed: "list[Placed]", new: Placed) -> "list[Placed]":
    """The profiles that a new one replaces, room aside (R5, R6)."""

    def scope_overlaps(old: Placed) -> bool:
        purpose = new.profile["chargingProfilePurpose"]
        if old.profile["chargingProfilePurpose"] != purpose:
            return False
        if old.profile["stackLevel"] != new.profile["stackLevel"]:
            return False
        if purpose == "ChargePointMaxProfile":
            return True
        if purpose == "TxProfile":
            return old.transaction == new.transaction
        return new.connector == 0 or new.connector == old.connector

    return [
        old
        for old in placed
        if old.profile["chargingProfileId"] == new.profile["chargingProfileId"]
        or scope_overlaps(old)
    ]


def installed(placed: "list[Placed]", new: Placed) -> "list[Placed]":
    """The profiles after a new one was accepted."""
    gone = displaced(placed, new)
    return [old for old in placed if all(old is not g for g in gone)] + [new]
