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
    assert records.replace(number, 1000, lambda old: bodies(*range(0, 2 * count, 2))) == count
    return records


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


def test_the_new_records_are_made_from_the_old_ones():
    def test(folder):
        records = written(folder, 30)

        def odd_ones(old):
            for one in old:
                yield body(int(one[:20]) + 1)

        assert records.replace(8, 30, odd_ones) == 30
        assert records.number() == 8 and records.holds(8, bodies(*range(1, 60, 2)))
        assert files(folder) == ["list"]
        for number, those in (
            (9, bodies(*range(1, 60, 2))),
            (8, bodies(*range(1, 58, 2))),
            (8, bodies(*range(1, 58, 2)) + [body(59, b"w")]),
        ):
            assert not records.holds(number, those)

    in_a_folder(test)


def test_what_cannot_be_written_leaves_the_old_records():
    def test(folder):
        records = written(folder, 12)
        before = content(folder + "/list")

        def breaks_off(kind):
            yield body(1)
            raise kind

        for kind in (ValueError, OSError, MemoryError):
            assert raises(kind, records.replace, 9, 100, lambda old: breaks_off(kind))
        assert raises(ValueError, records.replace, 9, 11, lambda old: old)
        assert raises(ValueError, records.replace, 9, 100, lambda old: [b"short"])
        store.open = lambda path, mode: (Full if mode == "wb" else open)(path, mode)
        try:
            assert raises(OSError, records.replace, 9, 100, lambda old: bodies(1))
        finally:
            del store.open
        assert content(folder + "/list") == before and files(folder) == ["list"]
        os.mkdir(folder + "/list.new")
        assert raises(OSError, records.replace, 9, 100, lambda old: bodies(1))
        assert records.number() == 7

    in_a_folder(test)


def test_what_a_power_cut_left_half_written_is_no_record_and_in_nobodys_way():
    def test(folder):
        records = written(folder, 12)
        put(folder + "/list.new", b"half")
        assert records.number() == 7 and Documents(folder).names() == []
        assert records.replace(8, 100, lambda old: bodies(1)) == 1 and files(folder) == ["list"]

    in_a_folder(test)


def test_damage_hides_no_record_that_is_whole_and_is_told_where_it_may_hide_one():
    def test(folder):
        records = written(folder, 25)
        whole = content(folder + "/list")
        for at in range(25):
            for place in (0, 19, 30, 47):
                damaged = bytearray(whole)
                damaged[48 * at + place] ^= 4
                put(folder + "/list", damaged)
                for number in range(25):
                    if number != at:
                        assert records.find(key(2 * number)) == value_of(body(0)), (at, number)
                assert raises(ValueError, records.find, key(2 * at)), at
                assert raises(ValueError, records.number)
                assert not records.holds(7, bodies(*range(0, 50, 2)))
                assert raises(ValueError, records.replace, 8, 100, keeps_whole)
        assert records.replace(8, 100, lambda old: bodies(1)) == 1 and records.number() == 8

    def keeps_whole(old):
        for one in old:
            if one is None:
                raise ValueError("damaged")
            yield one

    in_a_folder(test)


def test_a_file_without_its_end_is_damaged_as_a_whole():
    def test(folder):
        records = written(folder, 25)
        whole = content(folder + "/list")
        other = b"\xff setpoint records 2" + whole[-28:-3]
        other += (crc32(other) & 0xFFFFFF).to_bytes(3, "big")
        for length in (0, 1, 47, 48, 24 * 48, 25 * 48, 26 * 48 - 1):
            put(folder + "/list", whole[:length])
            check(records, length)
        for text in (
            whole + b"x",
            whole + whole[-48:],
            whole[48:],
            whole[:-48] + other,
            b"\xff" * 96,
        ):
            put(folder + "/list", text)
            check(records, text)
        assert records.replace(8, 100, lambda old: bodies(1)) == 1

    def check(records, what):
        assert raises(ValueError, records.find, key(0)), what
        assert raises(ValueError, records.number), what
        assert raises(ValueError, records.replace, 8, 100, lambda old: old), what

    in_a_folder(test)
