"""schedule/ against the oracle of tools/expected.py, on any legal set of profiles."""

import json

from hypothesis import given
from hypothesis import strategies as st
from legal_profiles import CAPABILITY, DAY, T0, World, requests, worlds

from setpoint.schedule.composite import composite_schedule
from setpoint.schedule.installed import InstalledProfiles
from setpoint.schedule.sharing import shares
from setpoint.schedule.stored import from_document
from setpoint.units import FOREVER
from tools import expected

moments = st.one_of(st.integers(T0 - 500, T0 + 2000), st.integers(T0 - 2 * DAY, T0 + 9 * DAY))
units = st.sampled_from("AW")


def connectors_of(world):
    return range(1, world.site.connectors + 1)


@given(worlds(), st.lists(moments, min_size=1, max_size=20), st.booleans())
def test_the_limit_equals_the_oracle_at_any_second(world, instants, idle):
    for connector in connectors_of(world):
        for at in instants:
            assert world.limit(connector, at, idle)[:2] == world.expected_limit(
                connector, at, idle
            ), at - T0


@given(worlds(), st.booleans())
def test_the_limit_equals_the_oracle_around_every_boundary(world, idle):
    for connector in connectors_of(world):
        for boundary in world.boundaries():
            for at in (boundary - 1, boundary, boundary + 1):
                assert world.limit(connector, at, idle)[:2] == world.expected_limit(
                    connector, at, idle
                ), at - T0


@given(worlds(), moments, st.booleans(), st.data())
def test_the_limit_is_constant_until_the_announced_change(world, now, idle, data):
    for connector in connectors_of(world):
        limit_da, phases, until, _ = world.limit(connector, now, idle)
        assert until > now
        last = min(until, now + 20 * DAY) - 1
        between = [b + d for b in world.boundaries(now) for d in (-1, 0, 1) if now <= b + d <= last]
        for at in [last] + between + data.draw(st.lists(st.integers(now, last), max_size=10)):
            assert world.expected_limit(connector, at, idle) == (limit_da, phases), at - T0


@given(worlds(), moments)
def test_the_announced_changes_lead_through_all_real_ones(world, now):
    for connector in connectors_of(world):
        at, seen = now, []
        while at < now + 1500 and len(seen) < 200:
            limit_da, phases, until, _ = world.limit(connector, at)
            seen.append((at, (limit_da, phases)))
            at = until
        transaction = world.transactions.get(connector)
        every = [
            (
                t,
                expected.limit(
                    world.site, world.placed, connector, t, transaction and transaction.for_oracle()
                ),
            )
            for t in range(now, now + 1500, 7)
        ]
        for t, want in every:
            assert [value for start, value in seen if start <= t][-1] == want, t - T0


@given(worlds(), st.lists(moments, min_size=1, max_size=20))
def test_the_station_limit_equals_the_oracle(world, instants):
    for at in instants:
        limit_da, _ = world.installed.station_limit_at(at)
        assert limit_da == expected.station_limit(world.site, world.placed, at), at - T0


@given(worlds(), st.lists(moments, min_size=1, max_size=6))
def test_the_reason_is_a_profile_whose_absence_would_change_something(world, instants):
    for connector in connectors_of(world):
        for at in instants:
            limit_da, _, _, reason = world.limit(connector, at)
            if reason is None:
                without = World(world.site, world.transactions)
                assert limit_da == without.limit(connector, at)[0]
            else:
                assert reason in list(world.installed)


@given(worlds(), st.integers(T0 - 300, T0 + 700), st.integers(0, 900), units, st.data())
def test_the_composite_equals_the_oracle_second_by_second(world, now, duration, unit, data):
    connector = data.draw(st.integers(0, world.site.connectors))
    periods, answered = composite_schedule(
        world.installed, connector, now, duration, unit, world.transactions
    )
    assert answered == duration
    running = {n: t.for_oracle() for n, t in world.transactions.items()}
    assert periods == expected.plan(
        world.site, world.placed, connector, now, duration, unit, running
    )


@given(worlds(), moments, st.integers(0, 9 * DAY), units, st.data())
def test_the_composite_of_days_equals_the_oracle_around_every_boundary(
    world, now, duration, unit, data
):
    connector = data.draw(st.integers(0, world.site.connectors))
    periods, answered = composite_schedule(
        world.installed, connector, now, duration, unit, world.transactions
    )
    assert answered == duration
    running = {n: t.for_oracle() for n, t in world.transactions.items()}
    for boundary in world.boundaries(now) + [now + start for start, _, _ in periods]:
        for at in (boundary - 1, boundary):
            if now <= at <= now + max(duration - 1, 0):
                shown = [p for p in periods if p[0] <= at - now][-1][1:]
                want = expected.plan_value(
                    world.site, world.placed, connector, now, at, unit, running
                )
                assert shown == want, at - T0


@given(
    worlds(), st.integers(T0 - 300, T0 + 700), st.integers(1, 3 * DAY), st.integers(1, 6), st.data()
)
def test_a_shortened_composite_is_the_beginning_of_the_whole_one(world, now, duration, most, data):
    connector = data.draw(st.integers(0, world.site.connectors))
    whole, _ = composite_schedule(
        world.installed, connector, now, duration, "A", world.transactions
    )
    short, answered = composite_schedule(
        world.installed, connector, now, duration, "A", world.transactions, most
    )
    assert short == whole[:most]
    assert answered == (whole[most][0] if len(whole) > most else duration)


@given(worlds(), moments, st.data())
def test_earlier_questions_never_change_an_answer(world, now, data):
    fresh = InstalledProfiles(world.installed.supply, CAPABILITY)
    for profile in world.installed:
        fresh.install(profile, [])
    for _ in range(8):
        connector = data.draw(st.integers(1, world.site.connectors))
        at = data.draw(st.one_of(st.none(), moments, st.integers(now, now + 300)))
        if data.draw(st.booleans()) and at is not None:
            composite_schedule(
                world.installed,
                data.draw(st.integers(0, connector)),
                at,
                900,
                "A",
                world.transactions,
            )
        idle = data.draw(st.booleans())
        transaction = None if idle else world.transactions.get(connector)
        again = InstalledProfiles(world.installed.supply, CAPABILITY)
        for profile in world.installed:
            again.install(profile, [])
        assert world.limit(connector, at, idle) == again.limit_at(connector, at, transaction)


@given(worlds(), st.booleans())
def test_while_the_clock_is_unknown_the_lowest_period_counts(world, idle):
    for connector in connectors_of(world):
        limit_da, phases, until, _ = world.limit(connector, None, idle)
        assert (limit_da, phases) == world.expected_limit(connector, None, idle)
        assert until == FOREVER
    assert world.installed.station_limit_at(None)[0] == expected.station_limit(
        world.site, world.placed, None
    )


@given(worlds(), st.lists(moments, min_size=1, max_size=10))
def test_an_unknown_start_of_a_transaction_never_allows_more_than_any_start_would(world, instants):
    for connector, transaction in world.transactions.items():
        for at in instants:
            known = world.limit(connector, at)[0]
            started, transaction.started = transaction.started, None
            assert world.limit(connector, at)[:2] == world.expected_limit(connector, at)
            relative_only = all(
                "startSchedule" not in p.profile["chargingSchedule"]
                and "duration" not in p.profile["chargingSchedule"]
                for p in world.placed
            )
            if relative_only:
                assert world.limit(connector, at)[0] <= known
            transaction.started = started


@given(worlds(max_profiles=0), st.data())
def test_what_is_installed_equals_the_oracle_after_any_sequence(world, data):
    world.installed.capability.max_installed = 99
    placed = []
    for connector, profile, at in data.draw(st.lists(requests(world.site), max_size=14)):
        if world.set(connector, profile, at) is None:
            transaction = (
                world.transactions[connector].handle
                if profile["chargingProfilePurpose"] == "TxProfile"
                else None
            )
            placed = expected.installed(
                placed, expected.Placed(connector, profile, at, transaction)
            )
    ids = sorted(p.profile["chargingProfileId"] for p in placed)
    assert sorted(p.id for p in world.installed) == ids
    assert world.placed == placed


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_installing_compatible_profiles_does_not_matter(world, random):
    shuffled = list(world.installed)
    random.shuffle(shuffled)
    # Only a general default displaces what may also come after it, an own one of its level: so it
    # comes first.
    shuffled = [p for p in shuffled if p.connector == 0] + [p for p in shuffled if p.connector > 0]
    other = InstalledProfiles(world.installed.supply, world.installed.capability)
    for profile in shuffled:
        assert other.displaced_by(profile, None) == ([], None)
        other.install(profile, [])
    for connector in connectors_of(world):
        for at in world.boundaries()[:50]:
            transaction = world.transactions.get(connector)
            assert other.limit_at(connector, at, transaction) == world.limit(connector, at)


@given(worlds(), st.data())
def test_a_refused_profile_changes_nothing(world, data):
    before = [(p, p.to_document()) for p in world.installed]
    limits = [world.limit(c, T0) for c in connectors_of(world)]
    connector, profile, at = data.draw(requests(world.site))
    wrong = data.draw(
        st.sampled_from(["level", "over", "periods", "duration", "transaction", "full"])
    )
    if wrong == "level":
        profile["stackLevel"] = 99
    elif wrong == "over":
        profile.update(validFrom=at - 2, validTo=at)
    elif wrong == "periods":
        profile["chargingSchedule"]["chargingSchedulePeriod"][0]["startPeriod"] = 1
    elif wrong == "duration":
        profile["chargingSchedule"]["duration"] = 0
    elif wrong == "transaction":
        profile.update(chargingProfilePurpose="TxProfile", transactionId=4711)
    else:
        world.installed.capability.max_installed = 0
    assert world.set(connector, profile, at) is not None
    assert [(p, p.to_document()) for p in world.installed] == before
    assert [world.limit(c, T0) for c in connectors_of(world)] == limits


@given(worlds(), st.lists(moments, min_size=1, max_size=10))
def test_saving_and_loading_is_identity(world, instants):
    loaded = InstalledProfiles(world.installed.supply, CAPABILITY)
    for profile in world.installed:
        document = json.loads(json.dumps(profile.to_document()))
        again = from_document(document, world.installed.supply)
        assert again.to_document() == profile.to_document() and again.same_as(profile)
        loaded.install(again, [])
    for connector in connectors_of(world):
        transaction = world.transactions.get(connector)
        for at in instants + [None]:
            assert loaded.limit_at(connector, at, transaction)[:3] == world.limit(connector, at)[:3]


wants = st.lists(st.one_of(st.integers(0, 400), st.sampled_from([0, 60, 160, 320])), max_size=6)


@given(st.integers(0, 1000), wants, st.sampled_from([60, 60, 0, 80]))
def test_shares_never_exceed_the_total_and_equal_the_slow_oracle(total, wanted, minimum):
    parts = shares(total, wanted, minimum)
    assert parts == expected.shares(total, wanted, minimum)
    assert sum(parts) <= total and all(0 <= p <= w for p, w in zip(parts, wanted, strict=True))


@given(st.integers(0, 1000), wants)
def test_nobody_s_share_could_grow_but_at_the_cost_of_a_smaller_one(total, wanted):
    parts = shares(total, wanted, 0)
    spare = total - sum(parts)
    for part, want in zip(parts, wanted, strict=True):
        # Limited: then nobody has more, and what is left over cannot lift all limited ones
        if part < want:
            assert part == max(parts)
            assert spare < sum(1 for p, w in zip(parts, wanted, strict=True) if p < w)
