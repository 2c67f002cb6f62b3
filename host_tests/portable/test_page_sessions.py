"""The last sessions in flash: added, amended, damaged, and more than there is room for."""

import os

from folders import content, in_a_tree, put, while_flash_is_full

from setpoint.page import sessions

RECORD = 42


def ended(number, connector=1, start=1000, stop=2000, wh=500, reason="Local", tag="CARD"):
    return (number, connector, start, stop, wh, reason, tag)


def kept(folder):
    """(number, connector, Wh) of each, the newest first."""
    return [(record[0], record[1], record[4]) for record in sessions.newest(folder)]


def test_the_newest_comes_first_with_all_that_was_told():
    def check(folder):
        folder += "/sessions"
        assert kept(folder) == []
        sessions.add(folder, [ended(1)])
        sessions.add(folder, [ended(7, 2, None, 3000, 12345, "PowerLoss", "x" * 20)])
        newest, first = sessions.newest(folder)
        assert newest == (7, 2, 0xFFFFFFFF, 3000, 12345, 6, b"x" * 20)
        assert first[:5] == (1, 1, 1000, 2000, 500) and first[6] == b"CARD" + bytes(16)

    in_a_tree(check)


def test_the_last_reading_takes_the_place_of_the_first():
    def check(folder):
        folder += "/sessions"
        sessions.add(folder, [ended(1), ended(2, 2), (1, 30), (2, 0), (2, -5)])
        assert kept(folder) == [(1, 1, 530), (2, 2, 500)]
        sessions.add(folder, [ended(3), (3, 7), (2, 4)])
        assert kept(folder) == [(2, 2, 504), (3, 1, 500), (1, 1, 530)]

    in_a_tree(check)


def test_the_oldest_go_and_a_hundred_stay_whatever_each_has_been_amended():
    def check(folder):
        folder += "/sessions"
        for number in range(500):
            sessions.add(folder, [ended(number), (1, 1)])
        found = kept(folder)
        assert found[:3] == [(499, 1, 501), (498, 1, 501), (497, 1, 501)]
        assert [number for number, _, _ in found] == list(range(499, 499 - len(found), -1))
        assert 145 <= len(found) <= 200
        files = os.listdir(folder)
        assert len(files) == 4
        assert all([os.stat(folder + "/" + name)[6] <= 4096 for name in files])

    in_a_tree(check)


def test_a_damaged_record_is_left_out_and_others_are_not_affected():
    def check(folder):
        folder += "/sessions"
        sessions.add(folder, [ended(number) for number in range(4)])
        data = bytearray(content(folder + "/0"))
        data[RECORD + 14] ^= 1
        put(folder + "/0", data)
        assert [one[0] for one in kept(folder)] == [3, 2, 0]
        put(folder + "/0", data[:-10])  # cut in the middle: what comes next begins a new file
        assert [one[0] for one in kept(folder)] == [2, 0]
        sessions.add(folder, [ended(9)])
        assert [one[0] for one in kept(folder)] == [9, 2, 0] and len(os.listdir(folder)) == 2
        put(folder + "/1", b"")
        assert [one[0] for one in kept(folder)] == [2, 0]

    in_a_tree(check)


def test_each_bit_of_a_record_counts():
    def check(folder):
        folder += "/sessions"
        sessions.add(folder, [ended(5)])
        data = content(folder + "/0")
        assert len(data) == RECORD
        for at in range(RECORD * 8):
            spoilt = bytearray(data)
            spoilt[at // 8] ^= 1 << at % 8
            put(folder + "/0", spoilt)
            assert kept(folder) == [], at

    in_a_tree(check)


def test_odd_values_have_their_place():
    def check(folder):
        folder += "/sessions"
        sessions.add(
            folder, [ended(1 << 40, wh=-3, start=-50, reason="Nonsense", tag="\u00e4" * 20)]
        )
        (record,) = sessions.newest(folder)
        assert record[0] == 0 and record[2] == 0 and record[4] == 0 and record[5] == 5

    in_a_tree(check)


def test_a_full_flash_is_told_and_keeps_what_is_there():
    def check(folder):
        folder += "/sessions"
        sessions.add(folder, [ended(1)])
        assert while_flash_is_full(sessions.add, folder, [ended(2)])
        assert kept(folder) == [(1, 1, 500)]
        sessions.add(folder, [ended(3)])
        assert [one[0] for one in kept(folder)] == [3, 1]

    in_a_tree(check)
