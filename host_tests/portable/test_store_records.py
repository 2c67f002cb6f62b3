"""Sorted records in flash: found, replaced, and damaged."""

import os
from binascii import crc32

from folders import Full, content, files, in_a_folder, put, raises

from setpoint.store import records as store
from setpoint.store.documents import Documents
from setpoint.store.records import Records


def key(number):
    return b"%020d" % number


def body(number, value=b"v"):
    return key(number) + value + bytes(25 - len(value))


def bodies(*numbers):
    return [body(number) for number in numbers]


def value_of(one):
    return one[20:]


def written(folder, count, number=7):
    records = Documents(folder).records("list")
    assert records.replace(number, 1000, bodies(*range(0, 2 * count, 2)), False) == count
    return records


def no_memory(*arguments):
    raise MemoryError


def test_every_record_is_found_and_no_other():
    def test(folder):
        for count in (0, 1, 2, 3, 9, 10, 11, 20, 84, 85, 86, 200):
            records = written(folder, count)
            for number in range(-1, 2 * count + 1):
                found = records.find(key(max(number, 0)) if number >= 0 else bytes(20))
                there = number >= 0 and number % 2 == 0 and number < 2 * count
                assert found == (value_of(body(number)) if there else None), (count, number)
            assert records.number() == (7 if count else 0)

    in_a_folder(test)


def test_records_that_were_never_written_are_none():
    def test(folder):
        records = Records(folder + "/list")
        assert records.find(key(1)) is None and records.number() == 0
        assert not records.holds(0, []) and files(folder) == []

    in_a_folder(test)


def test_changes_come_between_the_records_or_in_the_place_of_one_or_of_all():
    def test(folder):
        for count in (0, 1, 9, 10, 11, 30):
            for first in range(0, 2 * count + 2):
                for changed in (1, 2, 12):
                    records = written(folder, count)
                    present = {number: body(number) for number in range(0, 2 * count, 2)}
                    changes = []
                    for number in range(first, first + changed):
                        if number % 3:
                            changes.append(body(number, b"new"))
                            present[number] = changes[-1]
                        else:
                            changes.append(key(number))
                            present.pop(number, None)
                    those = [present[number] for number in sorted(present)]
                    case = (count, first, changed)
                    assert records.replace(8, 100, changes, True) == len(those), case
                    assert records.holds(8, those), case
                    assert files(folder) == ["list"]

    in_a_folder(test)


def test_it_holds_what_was_written_and_nothing_else():
    def test(folder):
        records = written(folder, 30)
        those = bodies(*range(0, 60, 2))
        assert records.holds(7, those) and not records.holds(8, those)
        assert not records.holds(7, those[:-1])
        assert not records.holds(7, those[:-1] + [body(58, b"w")])
        assert not records.holds(7, those[:-1] + [body(59)])

    in_a_folder(test)


def test_what_cannot_be_written_leaves_the_old_records():
    def test(folder):
        written(folder, 12)
        records = Records(folder + "/list")  # of the module that this test spoils
        before = content(folder + "/list")

        assert raises(ValueError, records.replace, 9, 12, bodies(1), True)
        assert raises(ValueError, records.replace, 9, 0, bodies(1), False)
        assert raises(ValueError, records.replace, 9, 100, [b"neither key nor record"], True)
        end, store._end = store._end, no_memory
        try:
            assert raises(MemoryError, records.replace, 9, 100, bodies(1), True)
        finally:
            store._end = end
        store.open = lambda path, mode: (Full if mode == "wb" else open)(path, mode)
        try:
            assert raises(OSError, records.replace, 9, 100, bodies(1), False)
        finally:
            del store.open
        assert content(folder + "/list") == before and files(folder) == ["list"]
        os.mkdir(folder + "/list.new")
        assert raises(OSError, records.replace, 9, 100, bodies(1), False)
        assert records.number() == 7

    in_a_folder(test)


def test_what_a_power_cut_left_half_written_is_no_record_and_in_nobodys_way():
    def test(folder):
        records = written(folder, 12)
        put(folder + "/list.new", b"half")
        assert records.number() == 7 and Documents(folder).names() == []
        assert records.replace(8, 100, bodies(1), False) == 1 and files(folder) == ["list"]

    in_a_folder(test)


def test_damage_hides_no_record_that_is_whole_and_is_told_where_it_may_hide_one():
    def test(folder):
        records = written(folder, 25)
        whole = content(folder + "/list")
        for at in range(25):
            for place in (0, 19, 30, 48):
                damaged = bytearray(whole)
                damaged[49 * at + place] ^= 4
                put(folder + "/list", damaged)
                for number in range(25):
                    if number != at:
                        assert records.find(key(2 * number)) == value_of(body(0)), (at, number)
                assert raises(ValueError, records.find, key(2 * at)), at
                assert raises(ValueError, records.number)
                assert not records.holds(7, bodies(*range(0, 50, 2)))
                assert raises(ValueError, records.replace, 8, 100, bodies(1), True)
        assert records.replace(8, 100, bodies(1), False) == 1 and records.number() == 8

    in_a_folder(test)


def test_a_file_without_its_end_is_damaged_as_a_whole():
    def test(folder):
        records = written(folder, 25)
        whole = content(folder + "/list")
        other = b"\xff setpoint records 2" + whole[-29:-4]
        other += (crc32(other) & 0xFFFFFFFF).to_bytes(4, "little")
        for length in (0, 1, 48, 49, 24 * 49, 25 * 49, 26 * 49 - 1):
            put(folder + "/list", whole[:length])
            check(records, length)
        for text in (
            whole + b"x",
            whole + whole[-49:],
            whole[49:],
            whole[:-49] + other,
            b"\xff" * 98,
        ):
            put(folder + "/list", text)
            check(records, text)
        assert records.replace(8, 100, bodies(1), False) == 1

    def check(records, what):
        assert raises(ValueError, records.find, key(0)), what
        assert raises(ValueError, records.number), what
        assert raises(ValueError, records.replace, 8, 100, bodies(1), True), what

    in_a_folder(test)
