"""What an installed profile displaces, how many there may be, what a clear removes, and what
survives (R5 to R13, R36)."""

import json

from schedule_words import DAY, DEFAULT, HOUR, MAX, T0, TX, ChargePoint, Transaction, profile

from setpoint.schedule.profile import profile_from
from setpoint.schedule.stored import from_document

# Replacing


def test_the_same_id_replaces_wherever_it_was():
    for connector, fields in (  # R5
        (1, profile(7, DEFAULT, (0, 100))),
        (2, profile(7, DEFAULT, (0, 100), level=3)),
        (0, profile(7, MAX, (0, 100))),
        (1, profile(7, TX, (0, 100))),
    ):
        point = ChargePoint(
            (1, profile(7, DEFAULT, (0, 60))), (1, profile(8, DEFAULT, (0, 80), level=1))
        )
        assert point.set(connector, fields) is None
        assert point.ids() == [7, 8]
        assert [p.purpose for p in point.installed if p.id == 7] == [
            fields["chargingProfilePurpose"]
        ]


def test_the_same_purpose_and_level_replaces_in_its_scope_only():
    cases = (  # R6: what is there, what comes, whether the first one goes
        ((0, MAX, 0), (0, MAX, 0), True),
        ((0, MAX, 0), (0, MAX, 1), False),
        ((1, DEFAULT, 0), (1, DEFAULT, 0), True),
        ((1, DEFAULT, 0), (1, DEFAULT, 1), False),
        ((1, DEFAULT, 0), (2, DEFAULT, 0), False),
        ((1, DEFAULT, 0), (0, DEFAULT, 0), True),
        ((2, DEFAULT, 0), (0, DEFAULT, 0), True),
        ((2, DEFAULT, 1), (0, DEFAULT, 0), False),
        ((0, DEFAULT, 0), (0, DEFAULT, 0), True),
        ((0, DEFAULT, 0), (1, DEFAULT, 0), False),
        ((0, MAX, 0), (0, DEFAULT, 0), False),
        ((1, TX, 0), (1, TX, 0), True),
        ((1, TX, 0), (1, TX, 1), False),
        ((1, TX, 0), (1, DEFAULT, 0), False),
    )
    for (c1, purpose1, level1), (c2, purpose2, level2), goes in cases:
        point = ChargePoint((c1, profile(1, purpose1, (0, 100), level=level1)))
        assert point.set(c2, profile(2, purpose2, (0, 100), level=level2)) is None
        assert point.ids() == ([2] if goes else [1, 2]), (
            c1,
            purpose1,
            level1,
            c2,
            purpose2,
            level2,
        )


def test_two_transactions_may_both_have_a_tx_profile_of_level_0():
    point = ChargePoint((1, profile(1, TX, (0, 100))))  # R6
    other = Transaction(handle=2, id=1002)
    assert point.set(2, profile(2, TX, (0, 60)), transaction=other) is None
    assert point.ids() == [1, 2]
    assert (point.amps(T0), point.amps(T0, 2, other)) == (100, 60)


def test_a_replacement_does_not_wait_for_its_validity():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60))))  # R6, note in 3.13.2
    assert point.set(1, profile(2, DEFAULT, (0, 100), valid_from=T0 + DAY)) is None
    assert point.amps(T0) == 320
    assert point.amps(T0 + DAY) == 100


def test_a_default_acts_at_once_on_a_running_transaction():
    point = ChargePoint()  # R9
    assert point.amps(T0) == 320
    point.set(0, profile(1, DEFAULT, (0, 100)))
    assert point.amps(T0) == 100
    point.set(0, profile(1, DEFAULT, (0, 60)))
    assert point.amps(T0) == 60
    point.clear(id=1)
    assert point.amps(T0) == 320


# Counting


def test_a_replacement_by_id_is_accepted_when_the_store_is_full():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 320))), max_installed=1)  # libocpp fault 12; R7
    assert point.set(2, profile(1, DEFAULT, (0, 60))) is None
    assert point.ids() == [1]


def test_a_replacement_by_purpose_and_stack_level_is_accepted_when_the_store_is_full():
    # MicroOcpp fault 7; R7
    point = ChargePoint((1, profile(1, DEFAULT, (0, 320))), max_installed=1)
    assert point.set(1, profile(2, DEFAULT, (0, 60))) is None
    assert point.ids() == [2] and point.amps(T0) == 60


def test_one_too_many_is_refused_and_changes_nothing():
    point = ChargePoint(  # R7
        (1, profile(1, DEFAULT, (0, 60))), (0, profile(2, MAX, (0, 100))), max_installed=2
    )
    assert point.set(2, profile(3, DEFAULT, (0, 60))) is not None
    assert point.ids() == [1, 2]


def test_a_general_default_counts_once():
    point = ChargePoint((0, profile(1, DEFAULT, (0, 60))), connectors=5, max_installed=2)  # R7
    assert point.set(0, profile(2, MAX, (0, 60))) is None


def test_ended_profiles_make_room_those_first_that_ended_first():
    point = ChargePoint(  # R24
        (1, profile(1, DEFAULT, (0, 60), duration=100)),
        (1, profile(2, DEFAULT, (0, 60), level=1, valid_to=T0 + 50)),
        (0, profile(3, MAX, (0, 60), kind="Relative", duration=70)),
        (
            1,
            profile(
                4, DEFAULT, (0, 60), level=2, kind="Recurring", recurrency="Daily", duration=10
            ),
        ),
        max_installed=4,
    )
    assert point.set(2, profile(5, DEFAULT, (0, 60)), now=T0 + 49) is not None
    assert point.set(2, profile(5, DEFAULT, (0, 60)), now=T0 + 200) is None
    assert point.ids() == [1, 3, 4, 5]
    assert point.set(2, profile(6, DEFAULT, (0, 60), level=1), now=T0 + 200) is None
    assert point.ids() == [1, 4, 5, 6]
    assert point.set(2, profile(7, DEFAULT, (0, 60), level=2), now=T0 + 200) is None
    assert point.ids() == [4, 5, 6, 7]
    assert point.set(2, profile(8, DEFAULT, (0, 60), level=3), now=T0 + 200) is not None


def test_a_full_station_lets_nothing_go_that_may_limit_again():
    for connector, fields, now in (
        # The next transaction
        (1, profile(1, DEFAULT, (0, 60), duration=100, kind="Relative"), T0 + DAY),
        (1, profile(1, DEFAULT, (0, 60), duration=100, start=None), T0 + DAY),
        # Its time is to come
        (0, profile(1, MAX, (0, 60), duration=100, start=T0 + DAY), T0 + HOUR),
        (1, profile(1, DEFAULT, (0, 60), duration=100), None),  # nobody knows
    ):
        point = ChargePoint((connector, fields), max_installed=1)
        assert point.set(2, profile(2, DEFAULT, (0, 320)), now=now) is not None
        assert point.ids() == [1], fields


def test_an_ended_profile_stays_while_there_is_room():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60), duration=100)))  # R24
    assert point.set(1, profile(2, DEFAULT, (0, 60), level=1), now=T0 + 200) is None
    assert point.ids() == [1, 2]
    assert point.clear(id=1) == [1]


def test_asking_what_goes_changes_nothing_so_a_failed_write_of_a_replacement_keeps_the_old_limit():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60))))  # MicroOcpp fault 9; R7
    new = profile_from(profile(1, DEFAULT, (0, 320)), 1, T0, None, point.supply)
    displaced, reason = point.installed.displaced_by(new, T0)
    assert [p.id for p in displaced] == [1] and reason is None
    assert point.ids() == [1] and point.amps(T0) == 60  # the write fails here


# Transactions


def test_tx_profiles_go_with_their_transaction_and_no_others_do():
    point = ChargePoint((1, profile(1, TX, (0, 60))), (1, profile(2, DEFAULT, (0, 80))))  # R12
    assert (
        point.set(2, profile(3, TX, (0, 100)), transaction=Transaction(handle=2, id=1002)) is None
    )
    ending = point.installed.of_transaction(1)
    assert [p.id for p in ending] == [1]
    point.installed.remove(ending)
    assert point.ids() == [2, 3]


def test_a_tx_profile_belongs_to_the_handle_and_not_to_the_connector():
    point = ChargePoint((1, profile(1, TX, (0, 60))))  # R11, R12
    # Its id unknown or changed: still the same one
    assert point.amps(T0, 1, Transaction(handle=1, id=None)) == 60
    assert point.amps(T0, 1, Transaction(handle=2, id=1001)) == 320  # the next driver
    assert point.installed.limit_at(1, T0, None)[0] == 320  # nobody


def test_a_remote_start_profile_waits_for_its_transaction_and_is_replaced_by_level():
    point = ChargePoint()  # R11
    waiting = profile_from(
        profile(1, TX, (0, 60), (100, 80), kind="Relative"), 1, T0, 5, point.supply
    )
    point.installed.install(waiting, [])
    assert point.amps(T0) == 320
    begun = Transaction(handle=5, id=None, started=T0 + 1000)
    assert [point.amps(T0 + t, 1, begun) for t in (1000, 1099, 1100)] == [60, 60, 80]
    assert point.set(1, profile(2, TX, (0, 100)), transaction=begun) is None
    assert point.ids() == [2]


# Clearing


def test_what_a_clear_means():
    def full():
        return ChargePoint(
            (0, profile(1, MAX, (0, 100))),
            (0, profile(2, DEFAULT, (0, 100), level=1)),
            (1, profile(3, DEFAULT, (0, 100))),
            (2, profile(4, DEFAULT, (0, 100))),
            (1, profile(5, TX, (0, 100))),
            (0, profile(6, MAX, (0, 100), level=1)),
        )

    for fields, gone in (  # R36
        ({"id": 3}, [3]),
        ({"id": 9}, []),
        ({"id": 3, "connectorId": 2, "stackLevel": 7}, [3]),
        ({"connectorId": 0}, [1, 2, 6]),
        ({"connectorId": 1}, [3, 5]),
        ({"stackLevel": 0}, [1, 3, 4, 5]),
        ({"chargingProfilePurpose": DEFAULT}, [2, 3, 4]),
        ({"chargingProfilePurpose": DEFAULT, "connectorId": 1}, [3]),
        ({"chargingProfilePurpose": MAX, "stackLevel": 1}, [6]),
        ({"chargingProfilePurpose": TX, "connectorId": 2}, []),
        ({}, [1, 2, 3, 4, 5, 6]),
    ):
        point = full()
        assert point.clear(**fields) == gone, fields
        assert point.ids() == [id for id in (1, 2, 3, 4, 5, 6) if id not in gone], fields
    assert ChargePoint().clear() == []


def test_a_clear_acts_at_once():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60))), (0, profile(2, MAX, (0, 100))))  # R36
    assert point.amps(T0) == 60
    point.clear(connectorId=1)
    assert point.amps(T0) == 100
    point.clear()
    assert point.amps(T0) == 320


# Surviving


def test_what_was_stored_is_what_is_loaded():
    point = ChargePoint(max_periods=100)  # R13
    for connector, fields in (
        (0, profile(1, MAX, (0, 110400), unit="W", kind="Relative")),
        (
            0,
            profile(
                2,
                DEFAULT,
                *[(i * 900, 60 + i, 1 + i % 3) for i in range(96)],
                kind="Recurring",
                recurrency="Daily",
            ),
        ),
        (
            1,
            profile(
                3,
                DEFAULT,
                (0, 81),
                (7, 0),
                (1 << 29, 320),
                valid_from=T0 - 5,
                valid_to=T0 + (1 << 31),
                duration=9,
            ),
        ),
        (1, profile(4, TX, (0, 160), start=None)),
        (2, profile(-5, DEFAULT, (0, 1 << 27), start=-(1 << 30), level=8)),
    ):
        assert point.set(connector, fields) is None
    for old in point.installed:
        text = json.dumps(old.to_document())
        new = from_document(json.loads(text), point.supply)
        assert new.same_as(old) and new.to_document() == old.to_document(), text
        assert (new.id, new.connector, new.purpose, new.level) == (
            old.id,
            old.connector,
            old.purpose,
            old.level,
        )
        assert (new.transaction, new.accepted_at, new.periods()) == (
            old.transaction,
            old.accepted_at,
            old.periods(),
        )


def test_a_profile_of_stack_level_8_is_still_there_after_a_reboot():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60), level=8)))  # MicroOcpp fault 8
    documents = [p.to_document() for p in point.installed]
    rebooted = ChargePoint()
    for document in documents:
        rebooted.installed.install(from_document(document, rebooted.supply), [])
    assert rebooted.amps(T0) == 60
    assert rebooted.clear(stackLevel=8) == [1]


def test_a_document_of_24_periods_is_small():
    fields = profile(1, DEFAULT, *[(i * HOUR, 113 + 37 * i, 3) for i in range(24)], duration=DAY)
    document = profile_from(fields, 1, T0, None, ChargePoint().supply).to_document()
    assert len(json.dumps(document).replace(" ", "")) < 360


def test_nonsense_is_not_loaded():
    supply = ChargePoint().supply
    good = profile_from(profile(1, DEFAULT, (0, 60), (60, 80)), 1, T0, None, supply).to_document()
    assert from_document(good, supply).id == 1
    for name, value in (
        ("id", None),
        ("id", "1"),
        ("connector", -1),
        ("level", -1),
        ("level", 1.5),
        ("purpose", "TxProfile"),  # without a transaction
        ("purpose", "Nonsense"),
        ("unit", "V"),
        ("transaction", 5),  # on a default
        ("valid_to", None),
        ("valid_to", -(1 << 41)),
        ("length", 0),
        ("recurrence", 3600),
        ("base", "2025"),
        ("table", None),
        ("table", []),
        ("table", [60]),
        ("table", [60, 0]),
        ("table", [60, 0, 1, 243]),
        ("table", [60, 1, 243]),
        ("table", [0, 0, 243]),
        ("table", [2, 0, 243]),
        ("table", [60, 0, 0, 243, 243]),
        ("table", [60, 0, 240]),
        ("table", [60, 0, "243"]),
        ("table", [60, 0, -1]),
        ("table", [60, 0, 1 << 30]),
        ("table", [60, 0, 1 << 28, 243, 243]),
        ("table", [1, 0, 1 << 30, 243, 243]),
    ):
        bad = dict(good)
        bad[name] = value
        try:
            from_document(bad, supply)
        except ValueError:
            continue
        raise AssertionError((name, value))
    for bad in (None, [], 5, "text", {}):
        try:
            from_document(bad, supply)
        except ValueError:
            continue
        raise AssertionError(bad)


def test_an_equal_profile_need_not_be_written_again():
    supply = ChargePoint().supply  # R13
    one = profile_from(profile(1, DEFAULT, (0, 60), (60, 80)), 1, T0, None, supply)
    again = profile_from(profile(1, DEFAULT, (0, 60), (60, 80)), 1, T0 + 500, None, supply)
    assert one.same_as(again)  # accepted later: without effect
    for other in (
        profile(2, DEFAULT, (0, 60), (60, 80)),
        profile(1, DEFAULT, (0, 61), (60, 80)),
        profile(1, DEFAULT, (0, 60, 1), (60, 80)),
        profile(1, DEFAULT, (0, 60)),
        profile(1, DEFAULT, (0, 60), (60, 80), unit="W"),
        profile(1, DEFAULT, (0, 60), (60, 80), level=1),
        profile(1, DEFAULT, (0, 60), (60, 80), start=T0 + 1),
        profile(1, DEFAULT, (0, 60), (60, 80), duration=100),
        profile(1, DEFAULT, (0, 60), (60, 80), valid_to=T0 + 1),
        profile(1, DEFAULT, (0, 60), (60, 80), kind="Recurring", recurrency="Daily"),
    ):
        assert not one.same_as(profile_from(other, 1, T0, None, supply)), other
    assert not one.same_as(
        profile_from(profile(1, DEFAULT, (0, 60), (60, 80)), 2, T0, None, supply)
    )
    for connector, fields in (
        (1, profile(1, DEFAULT, (0, 60), kind="Relative")),
        (0, profile(1, MAX, (0, 60))),
    ):
        later = profile_from(fields, connector, T0 + 1, None, supply)
        assert profile_from(fields, connector, T0, None, supply).same_as(later), fields
    relative = profile(1, MAX, (0, 60), kind="Relative")
    assert not profile_from(relative, 0, T0, None, supply).same_as(
        profile_from(relative, 0, T0 + 1, None, supply)
    )
