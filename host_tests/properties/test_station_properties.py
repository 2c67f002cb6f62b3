"""Whatever happens to a station with two or three connectors, no second is above any limit.

Hypothesis plays the driver, the central system, the clock and the flash against the real App in a
closed loop; closed_loop.py checks the invariants after every event, every step of the pilots and
every instant at which the oracle changes:

 (a) no limit is above the oracle's for that instant and transaction, with an unknown clock neither;
 (b) what running transactions were handed, and what vehicles could draw, is together at most the
 combined limit; (c) 12 s after the last change of what shares depend on they are those of R29, and
 a restart gives them at once; (d) a contactor is closed only with a permit, or for the seconds that
 a vehicle has to stop; a refused profile changes
     nothing; books, station and flash hold the same profiles, after a power cut too;
 (e) nobody charges where a connector is kept for somebody else, none is kept without a
 reservation, and books, station and flash hold the same ones;
 (f) nothing raises, and every message is valid by the official schemas.

`SETPOINT_EXAMPLES=2000 SETPOINT_STEPS=100` for a night. A failing sequence is printed as it was
found; with `SETPOINT_SHRINK=1 --hypothesis-seed=...` hypothesis takes some minutes to make it
short."""

import json
import math
import os
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from closed_loop import ClosedLoop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from legal_profiles import CAPABILITY, DAY, T0, profiles
from loop_books import Reservation
from loop_world import PowerCut, as_sent, text_of

from tools import expected

PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
FAULTS = [
    ("GroundFailure", "residual-current"),
    ("HighTemperature", "temperature"),
    ("InternalError", "contactor-stuck"),
    ("WeakSignal", None),
]
SETTINGS = [
    ("StopTransactionOnEVSideDisconnect", "false"),
    ("StopTransactionOnEVSideDisconnect", "true"),
    ("ResumeTransactionAfterPowerLoss", "false"),
    ("ResumeTransactionAfterPowerLoss", "true"),
    ("AuthorizeRemoteTxRequests", "true"),
    ("ConnectionTimeOut", "20"),
    ("MinimumStatusDuration", "5"),
    ("MeterValueSampleInterval", "120"),
    ("FallbackLimitAfterMinutes", "1"),
    ("FallbackLimitAfterMinutes", "10"),
    ("FallbackLimitAfterMinutes", "0"),
    ("FallbackLimitAmps", "0"),
    ("FallbackLimitAmps", "9"),
]

# What passes after an event before the next one.
waits = st.sampled_from([0, 0, 0, 400, 1000, 3000, 7000, 13000, 40000])
connectors = st.integers(1, 3)
corrections = st.one_of(
    st.sampled_from([-DAY, DAY, -3600, 3600, 7 * DAY, -30 * DAY, 365 * DAY]),
    st.integers(-900, 900),
    st.integers(-3 * DAY, 3 * DAY),
)

wirings = st.builds(
    lambda wiring, amps, watts, grid, connectors: expected.Site(
        230, *wiring, amps, watts, grid, connectors
    ),
    st.sampled_from([(3, False), (3, True), (1, False)]),
    st.sampled_from([32, 16, 15.9]),
    st.sampled_from([None, None, 11000]),
    st.sampled_from([None, None, 10, 20, 35]),
    st.sampled_from([2, 3]),
)


def combined(limits, every, kind, phases=(None, None)):
    """A ChargePointMaxProfile above all others."""
    periods = [{"startPeriod": i * every, "limit": da / 10} for i, da in enumerate(limits)]
    for i, period in enumerate(periods):
        if phases[i % 2] is not None:
            period["numberPhases"] = phases[i % 2]
    return {
        "chargingProfileId": 5,
        "stackLevel": CAPABILITY.max_level,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": kind,
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }


def shifted(profile, by):
    """Drawn around T0, meant around another instant."""
    moved = json.loads(json.dumps(profile))
    for fields in (moved, moved["chargingSchedule"]):
        for name in ("validFrom", "validTo", "startSchedule"):
            if name in fields:
                fields[name] += by
    return moved


def spoilt(profile, way):
    """A profile that no station may take; (profile, connector or None to leave it)."""
    profile = json.loads(json.dumps(profile))
    schedule = profile["chargingSchedule"]
    periods = schedule["chargingSchedulePeriod"]
    if way == "level":
        profile["stackLevel"] = CAPABILITY.max_level + 1
    elif way == "first period":
        periods[0]["startPeriod"] = 1
    elif way == "no period":
        schedule["chargingSchedulePeriod"] = []
    elif way == "order":
        schedule["chargingSchedulePeriod"] = periods + [periods[0]]
    elif way == "many":
        schedule["chargingSchedulePeriod"] = [
            {"startPeriod": i, "limit": 9} for i in range(CAPABILITY.max_periods + 1)
        ]
    elif way == "negative":
        periods[-1]["limit"] = -0.1
    elif way == "phases":
        periods[-1]["numberPhases"] = 4
    elif way == "duration":
        schedule["duration"] = 0
    elif way == "validity":
        profile["validFrom"] = profile["validTo"] = profile.get("validFrom", T0)
    elif way == "recurring":
        profile["chargingProfileKind"] = "Recurring"
        schedule.pop("startSchedule", None)
    elif way == "unit":
        schedule["chargingRateUnit"] = "Apples"
    elif way == "missing":
        del profile["stackLevel"]
    elif way == "type":
        periods[0]["limit"] = "16"
    return profile


# (lines, the same for the oracle)
PLANS = [("", None)] + [
    (lines, expected.WeekPlan(zone, week))
    for lines, zone, week in (
        ("zone UTC0\notherwise 10", timezone.utc, [[0, 100]]),
        (
            "zone CET-1CEST,M3.5.0,M10.5.0/3\n14:00-14:45 0\n18:00-06:00 13.5\notherwise unlimited",
            ZoneInfo("Europe/Berlin"),
            [
                [day * 1440 + minute, da]
                for day in range(7)
                for minute, da in ((0, 135), (360, None), (840, 0), (885, None), (1080, 135))
            ],
        ),
        (
            "zone <+0545>-5:45\nSun 17:30-18:30 7\nMon-Sat 10:15-12:00 32\notherwise 16",
            timezone(timedelta(hours=5, minutes=45)),
            [
                entry
                for day in range(6)
                for entry in (
                    [day * 1440, 160],
                    [day * 1440 + 615, 320],
                    [day * 1440 + 720, 160],
                )
            ]
            + [[8640, 160], [8640 + 1050, 70], [8640 + 1110, 160]],
        ),
    )
]

SPOILT = "level,first period,no period,order,many,negative,phases,duration,validity,recurring,unit,missing,type".split(
    ","
)


class StationMachine(RuleBasedStateMachine):
    @initialize(
        site=wirings,
        clock=st.sampled_from(["right", "right", "right", "wrong", "unknown"]),
        link=st.sampled_from([True, True, True, False]),
        charging=st.integers(0, 3),
        installed=st.lists(st.tuples(st.integers(0, 3), profiles()), max_size=5),
    )
    def power_up(self, site, clock, link, charging, installed):
        self.loop = ClosedLoop(
            site, {"right": T0, "wrong": T0 - 3 * DAY - 17, "unknown": None}[clock]
        )
        self.count = site.connectors
        # The time comes after the first events
        self.loop.central.latency_ms = 20000 if clock == "unknown" else 0
        self.loop.link(link)
        self.loop.run(1000)
        for connector in range(1, min(charging, self.count) + 1):
            self.start_charging(connector)
        if link and clock == "unknown":
            self.set_profile(0, combined([160, 60, 320], 20, "Relative"))
        for connector, profile in installed if link else []:
            self.set_profile(self.place(profile, connector), profile)
        self.loop.central.latency_ms = 0

    def teardown(self):
        if hasattr(self, "loop"):
            if self.loop.watch.sound:
                self.loop.run(70000)  # at last everything settles
            self.loop.count_into(TOTALS)

    # -- what the rules share

    def n(self, connector):
        return (connector - 1) % self.count + 1

    def vehicle(self, connector):
        return self.loop.outlet(connector).vehicle

    def linked(self):
        return self.loop.app.station.facts.link_up

    def now(self):
        return self.loop.app.clock.now()

    def after(self, wait):
        self.loop.run(wait + 1)

    # -- drivers

    @rule(
        connector=connectors,
        amps=st.sampled_from([60, 160, 320]),
        delay=st.sampled_from([0, 0, 2500]),
        wait=waits,
    )
    def plug(self, connector, amps, delay, wait):
        connector = self.n(connector)
        if not self.vehicle(connector).plugged:
            self.vehicle(connector).plug_in(amps, 3, delay)
            self.loop.outlet(connector).look_at_pilot()
        self.after(wait)

    @rule(connector=connectors, wait=waits)
    def unplug(self, connector, wait):
        self.vehicle(self.n(connector)).plug_out()
        self.after(wait)

    @rule(
        connector=connectors,
        wants=st.booleans(),
        amps=st.sampled_from([None, 60, 100, 320]),
        wait=waits,
    )
    def vehicle_wants(self, connector, wants, amps, wait):
        if self.vehicle(self.n(connector)).plugged:
            self.vehicle(self.n(connector)).want(wants, amps, None)
        self.after(wait)

    @rule(connector=st.one_of(st.none(), connectors), wait=waits)
    def new_card(self, connector, wait):
        self.loop.app.on_card(
            self.loop.new_tag(), None if connector is None else [self.n(connector)]
        )
        self.loop.pump()
        self.after(wait)

    @rule(connector=connectors, wait=waits)
    def card_again(self, connector, wait):
        running = self.loop.books.running.get(self.n(connector))
        if running is not None:
            self.loop.app.on_card(running.id_tag, None)
            self.loop.pump()
        self.after(wait)

    @rule(connector=connectors, wait=waits)
    def charge(self, connector, wait):
        self.start_charging(self.n(connector))
        self.after(wait)

    @rule(wait=waits)
    def all_charge(self, wait):
        for connector in range(1, self.count + 1):
            self.start_charging(connector)
        self.after(wait)

    def start_charging(self, connector):
        if not self.vehicle(connector).plugged:
            self.vehicle(connector).plug_in(320, 3, 0)
            self.after(900)
        if connector not in self.loop.books.running:
            self.loop.app.on_card(self.loop.new_tag(), [connector])
            self.loop.pump()
        self.after(1200)

    # -- the central system: transactions

    @precondition(lambda self: self.linked())
    @rule(
        connector=st.one_of(st.none(), connectors),
        profile=st.one_of(st.none(), profiles("TxProfile"), profiles("TxProfile")),
        spoil=st.one_of(st.none(), st.none(), st.sampled_from(SPOILT + ["purpose", "transaction"])),
        wait=waits,
    )
    def remote_start(self, connector, profile, spoil, wait):
        connector = None if connector is None else self.n(connector)
        request = {"idTag": self.loop.new_tag()}
        if connector is not None:
            request["connectorId"] = connector
        if profile is not None:
            profile = shifted(profile, self.loop.central.now() - T0)
            if spoil == "purpose":
                profile["chargingProfilePurpose"] = "TxDefaultProfile"
            elif spoil == "transaction":
                profile["transactionId"] = 1
            elif spoil is not None:
                profile = spoilt(profile, spoil)
            request["chargingProfile"] = as_sent(profile)
            self.loop.books.remote_profiles[request["idTag"]] = profile
        answer = self.loop.ask("RemoteStartTransaction", request)
        if spoil is not None and profile is not None:
            assert not accepted(answer), spoil
        if not accepted(answer):
            self.loop.books.remote_profiles.pop(request["idTag"], None)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(connector=connectors, wait=waits)
    def remote_stop(self, connector, wait):
        transaction = self.loop.app.station.facts.connector(self.n(connector)).transaction
        if transaction is not None and transaction.id is not None:
            assert accepted(
                self.loop.ask("RemoteStopTransaction", {"transactionId": transaction.id})
            )
        self.after(wait)

    # -- the central system: reservations

    @precondition(lambda self: self.linked())
    @rule(
        connector=st.integers(0, 3),
        lasts_s=st.sampled_from([30, 600, 7200, DAY, 7 * DAY, 0]),
        group=st.sampled_from([None, None, "FAMILY", "FIRM"]),
        replaces=st.sampled_from([False, False, False, True]),
        power_cut=st.sampled_from([None, None, None, 0, 1]),
        wait=waits,
    )
    def reserve(self, connector, lasts_s, group, replaces, power_cut, wait):
        self.reserve_now(connector, lasts_s, group, replaces, power_cut)
        self.after(wait)

    def reserve_now(self, connector, lasts_s, group=None, replaces=False, power_cut=None):
        loop, books, now = self.loop, self.loop.books, self.now()
        connector %= self.count + 1
        number = books.reserved = books.reserved + 1
        if replaces and books.reservations:
            number = books.reservations[0].id
        expires = (loop.central.now() if now is None else now) + lasts_s
        new = Reservation(number, connector, loop.new_tag(), group, expires, now)
        facts, grants = loop.app.station.facts, loop.app.station.authorisation.grants
        places = {
            c.id: "Faulted"
            if c.faulted()
            else "taken"
            if c.id not in loop.vacant()
            else "awaited"
            if c.authorised
            else "vacant"
            for c in facts.connectors
        }
        status = books.reservation_status(new, now, places, len(grants))
        others = [r for r in books.reservations if r.id != number]
        request = {
            "reservationId": number,
            "connectorId": connector,
            "idTag": new.tag,
            "expiryDate": text_of(expires),
        }
        if group is not None:
            request["parentIdTag"] = group

        def answered(answer):
            fails = loop.flash.fails and status == "Accepted"
            assert answer.payload == {"status": "Rejected" if fails else status}, (new, places)
            if accepted(answer):
                books.reservations = others + [new]

        before = loop.flash.kept.get("reservations")
        loop.flash.cut_after = power_cut
        try:
            loop.ask("ReserveNow", request, answered)
        except PowerCut:
            if loop.flash.kept.get("reservations") != before:
                books.reservations = others + [new]
            loop.central.asked = None
            loop.restart(loop.central.now())
        finally:
            loop.flash.cut_after = None

    @precondition(lambda self: self.linked())
    @rule(
        connector=st.integers(0, 3),
        group=st.sampled_from([None, "FAMILY"]),
        stranger=st.sampled_from([None, "card", "remote start"]),
        remote=st.booleans(),
        wait=waits,
    )
    def reserve_leave_and_come(self, connector, group, stranger, remote, wait):
        """A vehicle makes room, its place is reserved, and a stranger may be faster."""
        connector = self.n(connector) if connector else 0
        leaves = connector or self.n(wait)
        self.vehicle(leaves).plug_out()
        self.after(9000)
        self.reserve_now(connector, 7200, group)
        if stranger is not None:
            self.comes(leaves, self.loop.new_tag(), stranger == "remote start")
        if self.loop.books.reservations:
            self.who_has_reserved(self.loop.books.reservations[-1], leaves, group, remote)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(known=st.booleans(), wait=waits)
    def cancel_reservation(self, known, wait):
        books, fails = self.loop.books, self.loop.flash.fails
        number = books.reservations[-1].id if known and books.reservations else -5

        def answered(answer):
            assert accepted(answer) == (number > 0 and not fails)
            if accepted(answer):
                books.reservations = [r for r in books.reservations if r.id != number]

        self.loop.ask("CancelReservation", {"reservationId": number}, answered)
        self.after(wait)

    @precondition(lambda self: self.loop.books.reservations)
    @rule(which=st.integers(0, 3), group=st.booleans(), remote=st.booleans(), wait=waits)
    def who_has_reserved_comes(self, which, group, remote, wait):
        reservations = self.loop.books.reservations
        reservation = reservations[which % len(reservations)]
        connector = reservation.connector or self.n(which + 1)
        self.who_has_reserved(reservation, connector, group, remote)
        self.after(wait)

    def who_has_reserved(self, reservation, connector, group, remote):
        tag = reservation.tag
        if group and reservation.parent is not None:
            tag = self.loop.new_tag()
            self.loop.books.groups[tag] = reservation.parent
        self.comes(connector, tag, remote)

    def comes(self, connector, tag, remote):
        if not self.vehicle(connector).plugged:
            self.vehicle(connector).plug_in(320, 3, 0)
            self.after(900)
        if remote and self.linked():
            self.loop.ask("RemoteStartTransaction", {"idTag": tag, "connectorId": connector})
        else:
            self.loop.app.on_card(tag, [connector])
            self.loop.pump()
        self.after(1200)

    # -- the central system: profiles

    def set_profile(self, connector, profile, power_cut=None):
        """Sends a legal profile and compares the answer with the rules."""
        loop, books = self.loop, self.loop.books
        now = self.now()
        running = books.running.get(connector)
        handle = (
            running.handle
            if running is not None and profile["chargingProfilePurpose"] == "TxProfile"
            else None
        )
        new = expected.Placed(connector, profile, now, handle)
        refused = self.reason_to_reject(connector, profile, new, now)
        flash = json.dumps(loop.flash.kept)
        loop.flash.cut_after = power_cut

        def answered(answer):
            if refused is not None:
                assert not accepted(answer), (refused, profile)
            elif not accepted(answer):
                assert loop.flash.fails, "refused without a reason: %r" % (profile,)
            else:
                books.accepted(new, now)  # in force as soon as it was answered

        try:
            answer = loop.ask(
                "SetChargingProfile",
                {"connectorId": connector, "csChargingProfiles": as_sent(profile)},
                answered,
            )
        except PowerCut:
            name = "profile-%d" % profile["chargingProfileId"]
            if loop.flash.kept.get(name) != json.loads(flash).get(name):  # the new one was written
                books.accepted(new, now)
            loop.central.asked = None
            loop.restart(loop.central.now())
            return None
        finally:
            loop.flash.cut_after = None
        if not accepted(answer) and self.loop.app.station.facts.link_up:
            assert profiles_in(loop.flash.kept, now) == profiles_in(json.loads(flash), now)
        return accepted(answer)

    def reason_to_reject(self, connector, profile, new, now):
        """R4, R7, R24 for a profile that is legal in form."""
        schedule = profile["chargingSchedule"]
        if profile["chargingProfilePurpose"] == "TxProfile":
            transaction = self.loop.app.station.facts.connector(connector).transaction
            if transaction is None:
                return "no transaction"
            if "transactionId" in profile and (
                transaction.id is None or transaction.id != profile["transactionId"]
            ):
                return "another transaction"
        begins = [profile.get("validFrom", -math.inf), -math.inf if now is None else now]
        ends = [profile.get("validTo", math.inf)]
        if profile["chargingProfileKind"] != "Relative" and "startSchedule" in schedule:
            begins.append(schedule["startSchedule"])
            if profile["chargingProfileKind"] == "Absolute" and "duration" in schedule:
                ends.append(schedule["startSchedule"] + schedule["duration"])
        elif "duration" in schedule:
            base = {
                "TxProfile": getattr(self.loop.books.running.get(connector), "started", None),
                "ChargePointMaxProfile": now,
            }
            base = base.get(profile["chargingProfilePurpose"])
            if base is not None:
                ends.append(base + schedule["duration"])
        if min(ends) <= max(begins):
            return "never says anything"
        if not self.loop.books.has_room_for(new, now):
            return "full"
        return None

    def place(self, profile, connector):
        """Where a purpose may stand."""
        if profile["chargingProfilePurpose"] == "ChargePointMaxProfile":
            return 0
        connector = connector % (self.count + 1)
        return connector or (0 if profile["chargingProfilePurpose"] == "TxDefaultProfile" else 1)

    @precondition(lambda self: self.linked())
    @rule(
        profile=profiles(),
        connector=st.integers(0, 3),
        away=st.sampled_from([0, 0, 0, -DAY, 300]),
        wait=waits,
    )
    def any_profile(self, profile, connector, away, wait):
        self.set_profile(
            self.place(profile, connector), shifted(profile, self.loop.central.now() - T0 + away)
        )
        self.after(wait)

    @precondition(lambda self: self.linked() and self.loop.books.running)
    @rule(
        profile=profiles("TxProfile"),
        connector=connectors,
        named=st.sampled_from([None, None, True, False]),
        wait=waits,
    )
    def profile_for_a_transaction(self, profile, connector, named, wait):
        running = sorted(self.loop.books.running)
        connector = running[connector % len(running)]
        profile = shifted(profile, self.loop.central.now() - T0)
        transaction = self.loop.app.station.facts.connector(connector).transaction
        if named is not None and transaction.id is not None:
            profile["transactionId"] = transaction.id if named else transaction.id + 1
        self.set_profile(connector, profile)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(
        limits=st.lists(
            st.sampled_from([0, 50, 60, 100, 119, 120, 181, 200, 320, 640]), min_size=1, max_size=4
        ),
        every=st.sampled_from([3, 8, 20, 60]),
        kind=st.sampled_from(["Absolute", "Relative"]),
        phases=st.sampled_from([(None, None), (3, 1), (1, 3)]),
        wait=waits,
    )
    def combined_limit(self, limits, every, kind, phases, wait):
        profile = combined(limits, every, kind, phases)
        if kind == "Absolute":
            profile["chargingSchedule"]["startSchedule"] = self.loop.central.now()
        self.set_profile(0, profile)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(profile=profiles(), connector=st.integers(0, 3), power_cut=st.integers(0, 3))
    def power_cut_while_a_profile_is_stored(self, profile, connector, power_cut):
        self.set_profile(
            self.place(profile, connector),
            shifted(profile, self.loop.central.now() - T0),
            power_cut,
        )
        self.after(400)

    @precondition(lambda self: self.linked())
    @rule(
        profile=profiles(),
        connector=st.integers(0, 3),
        way=st.sampled_from(SPOILT + ["connector", "unknown connector"]),
        wait=waits,
    )
    def illegal_profile(self, profile, connector, way, wait):
        connector = self.place(profile, connector)
        profile = spoilt(shifted(profile, self.loop.central.now() - T0), way)
        if way == "connector":
            profile["chargingProfilePurpose"] = (
                "TxProfile" if connector == 0 else "ChargePointMaxProfile"
            )
        elif way == "unknown connector":
            connector = self.count + 1
        now = self.now()
        flash = json.dumps(self.loop.flash.kept)
        grants = self.loop.app.station.limits.of
        limits = [grant.da for grant in grants.values()]
        in_fallback = any(grant.source == "fallback" for grant in grants.values())
        assert not accepted(
            self.loop.ask(
                "SetChargingProfile",
                {"connectorId": connector, "csChargingProfiles": as_sent(profile)},
            )
        ), way
        assert profiles_in(self.loop.flash.kept, now) == profiles_in(json.loads(flash), now)
        # To hear from the central system, whatever it says, ends the fallback; and an answer that
        # waited may bring the time.
        if not in_fallback and now is not None:
            assert [grant.da for grant in grants.values()] == limits
        self.after(wait)

    @precondition(lambda self: self.linked() and self.loop.books.placed)
    @rule(
        fields=st.fixed_dictionaries(
            {},
            optional={
                "id": st.integers(1, 9),
                "connectorId": st.integers(0, 3),
                "chargingProfilePurpose": st.sampled_from(PURPOSES),
                "stackLevel": st.integers(0, 3),
            },
        ),
        wait=waits,
    )
    def clear(self, fields, wait):
        self.clear_profiles(fields)
        self.after(wait)

    def clear_profiles(self, fields):
        def is_meant(placed):
            profile = placed.profile
            if "id" in fields:
                return profile["chargingProfileId"] == fields["id"]
            return (
                placed.connector == fields.get("connectorId", placed.connector)
                and profile["chargingProfilePurpose"]
                == fields.get("chargingProfilePurpose", profile["chargingProfilePurpose"])
                and profile["stackLevel"] == fields.get("stackLevel", profile["stackLevel"])
            )

        def answered(answer):
            books = self.loop.books
            meant = [p for p in books.placed if is_meant(p)]
            books.placed = [p for p in books.placed if not is_meant(p)]
            books.changed()
            assert answer.payload == {"status": "Accepted" if meant else "Unknown"}

        self.loop.ask("ClearChargingProfile", fields, answered)

    @precondition(lambda self: self.linked())
    @rule(
        connector=st.integers(0, 3),
        duration=st.sampled_from([0, 60, 2 * DAY]),
        unit=st.sampled_from("AW"),
    )
    def composite(self, connector, duration, unit):
        connector %= self.count + 1
        now = self.now()
        answer = self.loop.ask(
            "GetCompositeSchedule",
            {"connectorId": connector, "duration": duration, "chargingRateUnit": unit},
        )
        if now is None:
            assert answer.payload == {"status": "Rejected"}
            return
        books = self.loop.books
        running = {c: (r.handle, r.started) for c, r in books.running.items()}
        first = answer.payload["chargingSchedule"]["chargingSchedulePeriod"][0]
        want = expected.plan_value(books.site, books.placed, connector, now, now, unit, running)
        assert (round(first["limit"] * 10), first["numberPhases"]) == want

    @precondition(lambda self: self.linked())
    @rule(setting=st.sampled_from(SETTINGS))
    def setting(self, setting):
        answer = self.loop.ask("ChangeConfiguration", {"key": setting[0], "value": setting[1]})
        assert accepted(answer) or self.loop.flash.fails
        if accepted(answer) and setting[0] in self.loop.books.settings:
            self.loop.books.settings[setting[0]] = int(setting[1])

    @precondition(lambda self: self.linked())
    @rule(plan=st.sampled_from(PLANS), wait=waits)
    def weekly_plan(self, plan, wait):
        """The station gets a plan of its own, or loses it."""
        lines, expected_plan = plan
        books = self.loop.books

        def answered(answer):
            assert accepted(answer) or self.loop.flash.fails
            if accepted(answer):
                books.site = books.site._replace(plan=expected_plan)
                books.changed()

        request = {"vendorId": "Setpoint", "messageId": "SetPlan", "data": lines}
        self.loop.ask("DataTransfer", request, answered)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(most=st.sampled_from([0, 0, 5, 60, 600, 1800]), wait=waits)
    def random_delay(self, most, wait):
        key = {"key": "RandomDelayMax", "value": str(most)}
        assert accepted(self.loop.ask("ChangeConfiguration", key)) or self.loop.flash.fails
        self.after(wait)

    @rule(wait=waits)
    def the_driver_presses_the_button(self, wait):
        self.loop.app.on_press("button")
        self.after(wait)

    @rule(dims=st.booleans(), wait=waits)
    def grid_operators_contact(self, dims, wait):
        self.loop.dim(dims)
        self.after(wait)

    # -- time

    @rule(seconds=st.integers(1, 90))
    def seconds_pass(self, seconds):
        self.loop.run(seconds * 1000)

    @rule(
        seconds=st.one_of(st.integers(60, 1200), st.sampled_from([3600, 6 * 3600])),
        ms=st.integers(0, 999),
    )
    def hours_pass(self, seconds, ms):
        self.loop.run(seconds * 1000 + ms)

    @rule(by=corrections, wait=waits)
    def somebody_sets_the_clock(self, by, wait):
        self.loop.central.behind_s -= by
        self.loop.app.set_clock(self.loop.central.now())
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(by=corrections, wait=waits)
    def the_central_system_corrects_the_clock(self, by, wait):
        self.loop.central.behind_s -= by
        self.loop.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        self.after(wait)

    # -- between the moment in which something is due and the wake-up for it

    @precondition(lambda self: self.linked())
    @rule(by=corrections, wait=waits)
    def the_clock_is_corrected_just_when_something_is_due(self, by, wait):
        central = self.loop.central
        central.behind_s -= by
        central.holds = True
        self.loop.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})

        def arrives():
            central.holds = False
            self.loop.pump()

        self.loop.before_wakeup = arrives
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(profile=profiles(), connector=st.integers(0, 3), wait=waits)
    def a_profile_comes_just_when_something_is_due(self, profile, connector, wait):
        def arrives():
            self.loop.central.holds = False
            if self.linked():
                self.set_profile(
                    self.place(profile, connector), shifted(profile, self.loop.central.now() - T0)
                )

        self.loop.before_wakeup = arrives
        self.after(wait)

    @rule(connector=st.one_of(st.none(), connectors), wait=waits)
    def a_card_comes_just_when_something_is_due(self, connector, wait):
        def arrives():
            self.loop.central.holds = False
            self.loop.app.on_card(
                self.loop.new_tag(), None if connector is None else [self.n(connector)]
            )
            self.loop.pump()

        self.loop.before_wakeup = arrives
        self.after(wait)

    # -- faults of the world

    @rule(
        clock=st.sampled_from(["right", "right", "wrong", "unknown"]),
        off=corrections,
        downtime=st.sampled_from([500, 2000, 700000]),
        grid=st.one_of(
            st.just("as before"), st.just("as before"), st.sampled_from([None, 10, 20, 35])
        ),
        link=st.booleans(),
        wait=waits,
    )
    def restart(self, clock, off, downtime, grid, link, wait):
        loop = self.loop
        if grid != "as before":
            loop.books.site = loop.books.site._replace(grid_amps=grid)
            loop.books.changed()
        right = loop.central.now() + downtime // 1000
        loop.restart({"right": right, "wrong": right + off, "unknown": None}[clock], downtime)
        loop.link(link)
        self.after(wait)

    @precondition(lambda self: self.linked())
    @rule(kind=st.sampled_from(["Hard", "Soft"]), wait=waits)
    def reset(self, kind, wait):
        assert accepted(self.loop.ask("Reset", {"type": kind}))
        self.after(wait)

    @rule(up=st.booleans(), wait=waits)
    def link(self, up, wait):
        self.loop.link(up)
        self.after(wait)

    @rule(
        latency=st.sampled_from([0, 0, 800, 9000]),
        silent=st.sampled_from([False, False, True]),
        refuses=st.sampled_from([False, False, True]),
        card=st.sampled_from(["Accepted", "Accepted", "Invalid"]),
        wait=waits,
    )
    def the_central_system_changes(self, latency, silent, refuses, card, wait):
        central = self.loop.central
        central.latency_ms, central.silent, central.refuses, central.card_status = (
            latency,
            silent,
            refuses,
            card,
        )
        self.after(wait)

    @rule(connector=st.integers(0, 3), fault=st.sampled_from(FAULTS), wait=waits)
    def fault_comes(self, connector, fault, wait):
        self.loop.app.on_fault(connector % (self.count + 1), fault[0], fault[1], "test", True)
        self.after(wait)

    @rule(wait=waits)
    def faults_go(self, wait):
        station = self.loop.app.station
        for connector in [station.facts.charge_point] + station.facts.connectors:
            for fault in list(connector.faults):
                if (fault.code, fault.vendor_code) in FAULTS:
                    self.loop.app.on_fault(connector.id, fault.code, fault.vendor_code, None, False)
        for outlet in self.loop.outlets():
            outlet.circuit.fault = None
            outlet.circuit.diode_broken = False
        self.after(wait)

    @rule(connector=connectors, fault=st.sampled_from(["short", "open", "diode"]), wait=waits)
    def pilot_fault(self, connector, fault, wait):
        outlet = self.loop.outlet(self.n(connector))
        outlet.circuit.diode_broken = fault == "diode"
        outlet.circuit.fault = None if fault == "diode" else fault
        outlet.look_at_pilot()
        self.after(wait)

    @rule(
        connector=connectors,
        source=st.sampled_from(["temperature", "supply"]),
        da=st.sampled_from([None, 0, 60, 130, 200]),
        wait=waits,
    )
    def cap(self, connector, source, da, wait):
        """Sources that the simulated outlets do not have: nobody else tells them."""
        connector = self.n(connector)
        caps = self.loop.books.caps.setdefault(connector, {})
        caps.pop(source, None)
        if da is not None:
            caps[source] = da
        self.loop.books.changed()
        self.loop.app.dispatch(self.loop.app.station.on_cap, connector, source, da)
        self.after(wait)

    @rule(
        source=st.sampled_from(["house", "dim input"]),
        da=st.sampled_from([None, 0, 59, 60, 119, 120, 200, 300]),
        wait=waits,
    )
    def total(self, source, da, wait):
        """Somebody limits all connectors together."""
        self.loop.books.totals.pop(source, None)
        if da is not None:
            self.loop.books.totals[source] = da
        self.loop.books.changed()
        app = self.loop.app
        app.station.limits.limit_total(source, da, source + ", L1")
        app.dispatch(app.station.settle)
        self.after(wait)

    @rule(fails=st.booleans(), wait=waits)
    def flash(self, fails, wait):
        self.loop.flash.fails = fails
        self.after(wait)

    @precondition(lambda self: self.linked() and self.loop.books.placed)
    @rule(
        fields=st.sampled_from(
            [{}, {"stackLevel": 0}, {"chargingProfilePurpose": "TxDefaultProfile"}]
        ),
        restarts=st.booleans(),
        wait=waits,
    )
    def profiles_cannot_be_removed_from_flash(self, fields, restarts, wait):
        self.loop.flash.sticks = True
        self.clear_profiles(fields)
        for connector in sorted(self.loop.books.running)[:1]:
            self.vehicle(connector).plug_out()
        self.after(wait)
        self.loop.flash.sticks = False
        if restarts:
            self.loop.restart(self.loop.central.now())
        self.after(wait)


def accepted(answer):
    return answer.kind == 3 and answer.payload.get("status") == "Accepted"


def profiles_in(kept, now):
    """The profiles in flash. Where the clock was unknown (now is None) without the time of their
    acceptance: the answer that brings the time may come first, and then they count from it
    (R31)."""
    documents = {name: json.loads(kept[name]) for name in kept if name.startswith("profile-")}
    for _, document in documents.values():
        if now is None:
            document.pop("accepted_at", None)
    return documents


TOTALS = {}  # what all runs did, for whoever wants to know

TestStation = StationMachine.TestCase
TestStation.settings = settings(
    max_examples=int(os.environ.get("SETPOINT_EXAMPLES", "60")) * 2,
    stateful_step_count=int(os.environ.get("SETPOINT_STEPS", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[p for p in Phase if p != Phase.shrink or os.environ.get("SETPOINT_SHRINK", "0") != "0"],
)
