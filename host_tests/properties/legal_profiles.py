"""Hypothesis strategies for whatever a central system may legally install, and the two worlds that
hold it.

A `World` keeps every accepted profile twice: installed in the firmware, and as plain OCPP JSON for
the oracle (tools/expected.py). Profiles are drawn around one instant, T0, with few distinct
seconds, so that boundaries meet."""

from copy import copy
from fractions import Fraction

from hypothesis import strategies as st

from setpoint.schedule.checks import Capability, reason_to_reject
from setpoint.schedule.installed import InstalledProfiles
from setpoint.schedule.profile import profile_from
from setpoint.schedule.supply import Supply
from tools import expected

T0 = 172108800  # 2025-06-15T00:00:00Z
CAPABILITY = Capability(max_level=3, max_periods=6, max_installed=8, units="AW")
DAY = 86400

# Seconds that like to coincide, and any others.
offsets = st.one_of(st.sampled_from([0, 1, 60, 100, 300, 599, 600, 601]), st.integers(0, 1000))
distances = st.one_of(
    st.integers(-400, 600),
    st.sampled_from([-DAY, DAY - 100, -7 * DAY, -7 * DAY - 50, -30 * 365 * DAY]),
)


class Transaction:
    def __init__(self, handle, id, started):
        self.handle, self.id, self.started = handle, id, started

    def __repr__(self):
        return "Transaction(%r, %r, T0%+d)" % (self.handle, self.id, self.started - T0)

    def for_oracle(self):
        return self.handle, self.started


@st.composite
def sites(draw):
    """Any wiring, as the oracle sees it."""
    return expected.Site(
        volts=draw(st.sampled_from([230, 120, 241])),
        phases=draw(st.integers(1, 3)),
        phase_switch=draw(st.booleans()),
        amps=draw(st.sampled_from([6, "15.9", 32])),
        watts=draw(st.sampled_from([None, None, 11000, 22080])),
        grid_amps=draw(st.sampled_from([None, None, 20, 63])),
        connectors=draw(st.integers(1, 3)),
    )


@st.composite
def schedules(draw, kind):
    unit = draw(st.sampled_from("AW"))
    most = 400 if unit == "A" else 250000
    starts = [0] + sorted(draw(st.sets(offsets.filter(bool), max_size=5)))
    # Few distinct limits, so that levels, purposes and neighbours are equal now and then, whatever
    # their unit.
    limits = st.one_of(
        st.sampled_from([0, 60, 81, 160, 320]).map(lambda da: da if unit == "A" else da * 690),
        st.integers(0, most),
    )
    periods = []
    for start in starts:
        period = {"startPeriod": start, "limit": draw(limits) / 10}
        phases = draw(st.sampled_from([None, None, 1, 2, 3]))
        if phases is not None:
            period["numberPhases"] = phases
        periods.append(period)
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    if draw(st.booleans()):
        schedule["duration"] = draw(
            st.one_of(offsets.filter(bool), st.sampled_from([DAY - 50, DAY, 8 * DAY]))
        )
    if kind == "Recurring" or draw(st.integers(0, 3)):
        schedule["startSchedule"] = T0 + draw(distances)
    return schedule


@st.composite
def profiles(draw, purpose=None):
    """csChargingProfiles as JSON, times as instants. Legal in form; its time may be over."""
    kind = draw(st.sampled_from(["Absolute", "Absolute", "Recurring", "Relative"]))
    profile = {
        "chargingProfileId": draw(st.integers(1, 9)),
        "stackLevel": draw(st.integers(0, CAPABILITY.max_level)),
        "chargingProfilePurpose": purpose
        or draw(
            st.sampled_from(
                ["ChargePointMaxProfile", "TxDefaultProfile", "TxDefaultProfile", "TxProfile"]
            )
        ),
        "chargingProfileKind": kind,
        "chargingSchedule": draw(schedules(kind)),
    }
    if kind == "Recurring":
        profile["recurrencyKind"] = draw(st.sampled_from(["Daily", "Daily", "Weekly"]))
    if draw(st.integers(0, 3)) == 0:
        profile["validFrom"] = T0 + draw(distances)
    if draw(st.integers(0, 3)) == 0:
        profile["validTo"] = max(T0 + draw(distances), profile.get("validFrom", -(1 << 39)) + 1)
    return profile


@st.composite
def requests(draw, site):
    """(connector, profile, accepted_at) of a SetChargingProfile whose purpose fits its
    connector."""
    profile = draw(profiles())
    purpose = profile["chargingProfilePurpose"]
    if purpose == "ChargePointMaxProfile":
        connector = 0
    else:
        connector = draw(st.integers(0 if purpose == "TxDefaultProfile" else 1, site.connectors))
    return connector, profile, T0 + draw(st.integers(-500, 100))


def clean(profile):
    """As the station hands it to schedule/: periods in columns, limits in tenths."""
    schedule = dict(profile["chargingSchedule"])
    periods = schedule["chargingSchedulePeriod"]
    schedule["chargingSchedulePeriod"] = {
        name: [p.get(name) for p in periods] for name in ("startPeriod", "limit", "numberPhases")
    }
    schedule["chargingSchedulePeriod"]["limit"] = [
        int(Fraction(str(p["limit"])) * 10) for p in periods
    ]
    return dict(profile, chargingSchedule=schedule)


def supply_of(site):
    def tenths(number):
        return None if number is None else int(Fraction(str(number)) * 10)

    return Supply(
        site.volts,
        site.phases,
        site.phase_switch,
        tenths(site.amps),
        tenths(site.watts),
        tenths(site.grid_amps),
        site.connectors,
    )


class World:
    """The same profiles in the firmware and before the oracle."""

    def __init__(self, site, transactions):
        self.site = site
        self.transactions = transactions  # {connector: Transaction}
        self.installed = InstalledProfiles(supply_of(site), copy(CAPABILITY))
        self.placed = []

    def __repr__(self):
        return "World(%r, %r, %r)" % (self.site, self.transactions, self.placed)

    def set(self, connector, profile, accepted_at):
        """The firmware's reason to reject, or None; then the oracle's world has changed too."""
        transaction = self.transactions.get(connector)
        fields = clean(profile)
        reason = reason_to_reject(
            fields, connector, self.installed.capability, accepted_at, transaction
        )
        if reason is not None:
            return reason
        handle = None if transaction is None else transaction.handle
        new = profile_from(fields, connector, accepted_at, handle, self.installed.supply)
        displaced, reason = self.installed.displaced_by(new, accepted_at)
        if reason is not None:
            return reason
        self.installed.install(new, displaced)
        gone = [p.id for p in displaced]
        self.placed = [p for p in self.placed if p.profile["chargingProfileId"] not in gone]
        of_transaction = handle if profile["chargingProfilePurpose"] == "TxProfile" else None
        self.placed.append(expected.Placed(connector, profile, accepted_at, of_transaction))
        return None

    def limit(self, connector, at, idle=False):
        transaction = None if idle else self.transactions.get(connector)
        return self.installed.limit_at(connector, at, transaction)

    def expected_limit(self, connector, at, idle=False):
        transaction = None if idle else self.transactions.get(connector)
        return expected.limit(
            self.site,
            self.placed,
            connector,
            at,
            None if transaction is None else transaction.for_oracle(),
        )

    def boundaries(self, now=T0):
        """Instants around which an answer could change: every start, end and edge of every profile,
        and now."""
        bases = [now] + [t.started for t in self.transactions.values()]
        found = {now}
        for placed in self.placed:
            profile, schedule = placed.profile, placed.profile["chargingSchedule"]
            steps = [p["startPeriod"] for p in schedule["chargingSchedulePeriod"]] + [
                schedule.get("duration", 0)
            ]
            starts = bases + [placed.accepted_at]
            if "startSchedule" in schedule:
                start = schedule["startSchedule"]
                starts.append(start)
                recurrence = {"Daily": DAY, "Weekly": 7 * DAY}.get(profile.get("recurrencyKind"))
                if recurrence:
                    starts += [
                        now - (now - start) % recurrence + n * recurrence for n in (-1, 0, 1, 2)
                    ]
            found.update(start + step for start in starts for step in steps)
            found.update(profile[edge] for edge in ("validFrom", "validTo") if edge in profile)
        return sorted(found)


@st.composite
def worlds(draw, max_profiles=7):
    """A charge point with any legal set of profiles, some of its connectors in a transaction."""
    site = draw(sites())
    transactions = {}
    for connector in range(1, site.connectors + 1):
        if draw(st.integers(0, 3)):
            transactions[connector] = Transaction(
                connector * 10, connector, T0 + draw(st.integers(-900, 0))
            )
    world = World(site, transactions)
    for request in draw(st.lists(requests(site), max_size=max_profiles)):
        world.set(*request)
    return world
