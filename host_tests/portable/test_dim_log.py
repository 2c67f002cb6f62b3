"""When the grid operator dimmed: records in flash, for two years of two events a day."""

import os

from folders import in_a_folder, while_flash_is_full

from setpoint import dim_log
from setpoint.protocol.iso8601 import instant_from

NOON = instant_from("2026-12-01T12:00:00Z")


def test_records_are_read_back_in_their_order():
    def check(folder):
        assert list(dim_log.lines(folder)) == list(dim_log.lines(folder + "/none")) == []
        dim_log.keep(folder, [("B", NOON, 5)])
        dim_log.keep(folder, [("E", NOON + 60, 65), ("S", NOON + 120, 0)])
        assert list(dim_log.lines(folder)) == [
            "2026-12-01T12:00:00Z begin",
            "2026-12-01T12:01:00Z end",
            "2026-12-01T12:02:00Z begin, or going on: dimmed when the station started",
        ]

    in_a_folder(check)


def test_an_end_at_a_start_is_kept_only_where_there_was_a_begin():
    def check(folder):
        dim_log.keep(folder, [("F", NOON, 0)])
        assert list(dim_log.lines(folder)) == []
        dim_log.keep(folder, [("B", NOON, 0)])
        dim_log.keep(folder, [("F", NOON + 60, 0)])
        dim_log.keep(folder, [("F", NOON + 120, 0)])
        assert [line[20:26] for line in dim_log.lines(folder)] == [" begin", " end: "]

    in_a_folder(check)


def test_without_the_time_the_seconds_since_the_start_are_kept_and_later_when_that_was():
    def check(folder):
        dim_log.keep(folder, [("F", None, 0), ("C", NOON, 0)])
        assert list(dim_log.lines(folder)) == [], "nothing happened"
        dim_log.keep(folder, [("R", None, 0), ("B", None, 100)])
        dim_log.keep(folder, [("E", None, 300), ("C", NOON, 0)])
        assert list(dim_log.lines(folder)) == [
            "+0 s the station started, without the time",
            "+100 s begin",
            "+300 s end",
            "2026-12-01T12:00:00Z that start was at this time: the clock was set",
        ]

    in_a_folder(check)


def test_two_years_of_two_events_a_day_are_kept_and_no_more_than_thirteen_files():
    def check(folder):
        for i in range(0, 4000, 40):
            dim_log.keep(folder, [("BE"[j % 2], NOON + j * 21600, 0) for j in range(i, i + 40)])
            assert len(os.listdir(folder)) <= 13
        count = 0
        for line in dim_log.lines(folder):
            count += 1
            assert line.endswith((" begin", " end")[(count - 1) % 2])
        assert count >= 2920
        for name in os.listdir(folder):
            assert os.stat(folder + "/" + name)[6] <= 4096

    in_a_folder(check)


def test_a_damaged_record_is_left_out_and_others_are_not_affected():
    def check(folder):
        dim_log.keep(folder, [("B", NOON, 0), ("E", NOON + 1, 0), ("B", NOON + 2, 0)])
        with open(folder + "/0", "rb") as file:
            content = file.read()
        for spoilt in (
            content[:16] + b"x" + content[17:],
            content[:24] + b"B" + content[25:],
            content[:16] + b"\xff" * 16 + content[32:],
        ):
            with open(folder + "/0", "wb") as file:
                file.write(spoilt)
            lines = list(dim_log.lines(folder))
            assert lines[1] == "a damaged record" and len(lines) == 3
        with open(folder + "/0", "wb") as file:
            file.write(content[:40])
        assert len(list(dim_log.lines(folder))) == 2
        dim_log.keep(folder, [("E", NOON + 3, 0)])
        assert list(dim_log.lines(folder))[-1] == "2026-12-01T12:00:03Z end", "in a file of its own"

    in_a_folder(check)


def test_a_write_that_fails_leaves_no_record():
    def check(folder):
        dim_log.keep(folder, [("B", NOON, 0)])
        assert while_flash_is_full(dim_log.keep, folder, [("E", NOON + 1, 0)])
        dim_log.keep(folder, [("E", NOON + 1, 0)])
        assert list(dim_log.lines(folder))[-1] == "2026-12-01T12:00:01Z end"

    in_a_folder(check)
