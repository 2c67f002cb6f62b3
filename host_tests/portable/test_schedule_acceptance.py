"""Which charging profiles are refused (R1, R4, R10, R19 to R24)."""

from schedule_words import DAY, DEFAULT, MAX, T0, TX, ChargePoint, Transaction, profile

from setpoint.schedule.checks import Capability, reason_to_reject

CAPABILITY = Capability(max_level=8, max_periods=3, max_installed=10, units="AW")


def refused(
    fields, connector=1, now=T0, transaction=None, remote_start=False, capability=CAPABILITY
):
    reason = reason_to_reject(fields, connector, capability, now, transaction, remote_start)
    assert reason is None or (type(reason) is str and reason)
    return reason is not None


def test_each_purpose_has_its_connectors():
    for purpose, connector, wrong in (  # R1
        (MAX, 0, False),
        (MAX, 1, True),
        (TX, 0, True),
        (TX, 1, False),
        (DEFAULT, 0, False),
        (DEFAULT, 1, False),
    ):
        assert (
            refused(profile(1, purpose, (0, 160)), connector, transaction=Transaction()) == wrong
        ), (purpose, connector)


def test_a_tx_profile_needs_its_running_transaction():
    for named, running, wrong in (  # R4
        (None, None, True),
        (1001, None, True),
        (None, 1001, False),
        (1001, 1001, False),
        (1002, 1001, True),
        (None, "unknown", False),
        (1001, "unknown", True),
        (0, 0, False),
        (0, 1001, True),
        (-7, -7, False),
        (-7, 123, True),
    ):
        fields = profile(1, TX, (0, 160))
        if named is not None:
            fields["transactionId"] = named
        transaction = (
            None if running is None else Transaction(id=None if running == "unknown" else running)
        )
        assert refused(fields, transaction=transaction) == wrong, (named, running)


def test_a_transaction_id_on_another_purpose_means_nothing():
    assert not refused(profile(1, DEFAULT, (0, 160), transaction=5))  # R23
    assert not refused(profile(1, MAX, (0, 160), transaction=5), 0)


def test_a_remote_start_takes_a_tx_profile_without_transaction_id():
    for fields, wrong in (  # R10
        (profile(1, TX, (0, 160)), False),
        (profile(1, TX, (0, 160), transaction=1001), True),
        (profile(1, TX, (0, 160), transaction=0), True),
        (profile(1, DEFAULT, (0, 160)), True),
        (profile(1, MAX, (0, 160)), True),
        (profile(1, TX, (0, 160), level=9), True),
        (profile(1, TX, (0, 160), duration=0), True),
        (profile(1, TX, (5, 160)), True),
    ):
        assert refused(fields, remote_start=True) == wrong, fields
        assert refused(fields, connector=None, remote_start=True) == wrong, fields


def test_periods_start_at_0_and_rise_strictly_and_are_not_too_many():
    for starts, wrong in (  # R19
        ((0,), False),
        ((0, 1, 2), False),
        ((), True),
        ((60,), True),
        ((100, 200), True),
        ((0, 600, 300), True),
        ((0, 300, 300), True),
        ((0, 0), True),
        ((-5, 0), True),
        ((0, 1, 2, 3), True),
        ((0, 1 << 30), True),
    ):
        assert refused(profile(1, DEFAULT, *[(s, 160) for s in starts])) == wrong, starts


def test_limits_are_not_below_0_and_phases_are_1_to_3():
    for tenths, phases, wrong in (  # R20
        (0, 3, False),
        (-1, 3, True),
        (160, 1, False),
        (160, 2, False),
        (160, 0, True),
        (160, 4, True),
        (160, -1, True),
    ):
        assert refused(profile(1, DEFAULT, (0, 160), (60, tenths, phases))) == wrong, (
            tenths,
            phases,
        )


def test_a_unit_that_is_not_supported_is_refused():
    # R21
    for units, unit, wrong in (
        ("A", "A", False),
        ("A", "W", True),
        ("W", "A", True),
        ("AW", "W", False),
    ):
        capability = Capability(8, 24, 10, units)
        assert refused(profile(1, DEFAULT, (0, 160), unit=unit), capability=capability) == wrong, (
            units,
            unit,
        )


def test_every_stack_level_up_to_the_reported_maximum_is_accepted():
    for level, wrong in ((-1, True), (0, False), (8, False), (9, True)):  # R22, R37
        assert refused(profile(1, DEFAULT, (0, 160), level=level)) == wrong, level


def test_what_could_never_be_applied_as_meant_is_refused():
    for other, wrong in (  # R23
        ({"duration": 1}, False),
        ({"duration": 0}, True),
        ({"duration": -1}, True),
        # It would take the place of the limit in force, and say nothing
        ({"duration": 0, "kind": "Relative"}, True),
        ({"duration": 0, "start": None}, True),
        ({"kind": "Recurring", "recurrency": "Daily"}, False),
        ({"kind": "Recurring"}, True),
        ({"kind": "Recurring", "recurrency": "Weekly", "start": None}, True),
        ({"kind": "Absolute", "recurrency": "Daily"}, False),
        ({"kind": "Absolute", "start": None}, False),
        ({"kind": "Relative"}, False),
    ):
        assert refused(profile(1, DEFAULT, (0, 160), **other)) == wrong, other


def test_what_is_over_on_arrival_is_refused():
    for other, wrong in (  # R24
        ({"valid_from": T0 + 10, "valid_to": T0 + 10}, True),
        ({"valid_from": T0 + 11, "valid_to": T0 + 10}, True),
        ({"valid_from": T0 + 10, "valid_to": T0 + 11}, False),
        ({"valid_to": T0}, True),
        ({"valid_to": T0 + 1}, False),
        ({"start": T0 - 60, "duration": 60}, True),
        ({"start": T0 - 60, "duration": 61}, False),
        ({"start": T0 - 60}, False),
        ({"start": T0 - DAY, "valid_to": T0}, True),
        ({"start": T0 - DAY, "valid_to": T0 + 1}, False),
        ({"valid_to": T0 - 1, "kind": "Relative"}, True),
        (
            {"start": T0 - 9 * DAY, "duration": 60, "kind": "Recurring", "recurrency": "Daily"},
            False,
        ),
        ({"start": T0 - 60, "duration": 60, "kind": "Relative"}, False),
        ({"start": T0 + 60, "valid_to": T0 + 60}, True),
        ({"start": T0 + 59, "valid_to": T0 + 60}, False),
        ({"start": T0 + 60, "valid_to": T0 + 60, "kind": "Recurring", "recurrency": "Daily"}, True),
        ({"start": T0 + 60, "valid_to": T0 + 60, "kind": "Relative"}, False),
        ({"start": T0, "duration": 60, "valid_from": T0 + 60}, True),
        ({"start": T0, "duration": 60, "valid_from": T0 + 59}, False),
        (
            {
                "start": T0,
                "duration": 60,
                "valid_from": T0 + 60,
                "kind": "Recurring",
                "recurrency": "Daily",
            },
            False,
        ),
    ):
        assert refused(profile(1, DEFAULT, (0, 160), **other)) == wrong, other


def test_a_profile_that_is_over_in_its_transaction_is_refused_and_does_not_take_the_limit_away():
    relative, no_start = {"kind": "Relative"}, {"start": None}
    ignored = {"kind": "Relative", "start": T0 + DAY}  # R17: a startSchedule inside means nothing
    for counts in (relative, no_start, ignored):
        for age_s, other, wrong in (  # R24
            (8, {"duration": 5}, True),
            (5, {"duration": 5}, True),
            (4, {"duration": 5}, False),
            (8, {}, False),
            (-60, {"duration": 5}, False),  # the clock was set back: its first period
            (8, {"duration": 60, "valid_from": T0 + 52}, True),
            (8, {"duration": 60, "valid_from": T0 + 51}, False),
            (None, {"duration": 5}, False),  # when it began is not known
        ):
            fields = dict(other)
            fields.update(counts)
            transaction = Transaction(started=None if age_s is None else T0 - age_s)
            assert refused(profile(1, TX, (0, 60), **fields), transaction=transaction) == wrong, (
                fields,
                age_s,
            )
            assert not refused(profile(1, DEFAULT, (0, 60), **fields), transaction=transaction), (
                "the next driver needs it"
            )
            assert not refused(profile(1, TX, (0, 60), **fields), remote_start=True), (
                "its transaction is still to begin"
            )
    old = Transaction(started=T0 - DAY)
    assert not refused(
        profile(1, TX, (0, 60), kind="Recurring", recurrency="Daily", duration=5, start=T0 - 8),
        transaction=old,
    )
    assert not refused(profile(1, TX, (0, 60), duration=5), transaction=old), (
        "Absolute: it counts from its own start"
    )
    assert not refused(
        profile(1, TX, (0, 60), kind="Relative", duration=5), now=None, transaction=old
    )


def test_a_station_profile_that_is_over_before_it_is_valid_is_refused():
    # R24, R17: it counts from its acceptance
    for counts in ({"kind": "Relative"}, {"start": None}):
        for valid_from, wrong in ((None, False), (T0 + 59, False), (T0 + 60, True)):
            fields = dict(counts, duration=60)
            if valid_from is not None:
                fields["valid_from"] = valid_from
            assert refused(profile(1, MAX, (0, 60), **fields), 0) == wrong, (counts, valid_from)
            assert not refused(profile(1, MAX, (0, 60), **fields), 0, now=None)


def test_without_a_clock_only_what_needs_it_is_not_checked():
    # R24
    assert not refused(
        profile(1, DEFAULT, (0, 160), start=T0 - 2 * DAY, valid_to=T0 - DAY), now=None
    )
    assert not refused(profile(1, DEFAULT, (0, 160), start=T0 - DAY, duration=60), now=None)
    assert refused(profile(1, DEFAULT, (0, 160), valid_from=T0, valid_to=T0), now=None)


def test_a_refused_profile_leaves_the_one_it_would_have_replaced():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60))))  # R7, R24
    for fields in (
        profile(1, DEFAULT, (0, 320), valid_to=T0),
        profile(2, DEFAULT, (0, 320), start=T0 - 60, duration=60),
        profile(1, TX, (0, 320), transaction=7),
        profile(1, DEFAULT, (60, 320)),
    ):
        assert point.set(1, fields) is not None
        assert point.ids() == [1] and point.amps(T0) == 60, fields
    point = ChargePoint((1, profile(1, TX, (0, 60), kind="Relative", duration=60)))
    for id in (1, 2):
        assert (
            point.set(1, profile(id, TX, (0, 60), kind="Relative", duration=50), now=T0 + 55)
            is not None
        )
        assert point.ids() == [1] and point.amps(T0 + 55) == 60, id
