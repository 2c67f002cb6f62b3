"""The log's ring in a real folder: what is kept, what it costs, and that nothing of it reaches the
station."""

import gc
import json
import os
import sys

from folders import content, files, in_a_folder

from setpoint.log import Log
from setpoint.log_ring import sentence_of


class AClock:
    def __init__(self, at=None):
        self.at = at
        self.up_s = 0

    def now(self):
        return None if self.at is None else self.at + self.up_s

    def uptime_ms(self):
        return self.up_s * 1000


def lines(folder, name="log"):
    return content(folder + "/" + name).decode().split("\n")[:-1]


def test_warnings_errors_and_notes_are_kept_and_information_is_not():
    def test(folder):
        log = Log(AClock(), folder)
        for level in ("note", "info", "warn", "error"):
            log(level, "app", "a thing of level " + level)
        assert lines(folder) == [
            "+0.000s note  app      a thing of level note",
            "+0.000s warn  app      a thing of level warn",
            "+0.000s error app      a thing of level error",
        ]
        assert Log(AClock(0), folder)("error", "app", "later") is None
        assert lines(folder)[-1] == "2020-01-01T00:00:00Z error app      later", (
            "the next start goes on"
        )

    in_a_folder(test)


def test_no_control_character_gets_into_it():
    def test(folder):
        Log(AClock(), folder)(
            "warn", "link", "it said \x1b[2J\r\nerror app      forged\x7f\x9b1m, and gr\xfc\xdfe"
        )
        assert lines(folder) == [
            "+0.000s warn  link     it said ?[2J??error app      forged??1m, and gr\xfc\xdfe"
        ]

    in_a_folder(test)


def test_a_line_of_any_characters_leaves_nothing_in_the_heap():
    log = Log(AClock())

    def in_use_after(first):
        for start in range(first, first + 2000, 100):
            codes = "".join(["\\u%04x" % code for code in range(start, start + 100)])
            log("info", "link", json.loads('"%s"' % codes))  # chr() would keep each of them
        gc.collect()
        return getattr(gc, "mem_alloc", lambda: 0)()  # CPython does not say

    before = in_use_after(0x4E00)
    assert in_use_after(0x5E00) < before + 4000


def test_two_blocks_hold_it_and_the_newest_lines_are_there():
    def test(folder):
        clock = AClock()
        log = Log(clock, folder)
        for number in range(300):
            clock.up_s += 3600
            log(
                "warn",
                "link",
                "event number %d of many that are told in a line like this one" % number,
            )
        assert files(folder) == ["log", "log.old"]
        for name in files(folder):
            assert os.stat(folder + "/" + name)[6] <= 4096
        both = lines(folder, "log.old") + lines(folder)
        assert len(both) > 60
        for i in range(len(both)):
            assert "event number %d " % (300 - len(both) + i) in both[i], (
                "in order, without a gap, up to the last"
            )

    in_a_folder(test)


def test_what_comes_again_and_again_is_kept_the_first_second_fourth_eighth_time():
    def test(folder):
        clock = AClock()
        log = Log(clock, folder)
        for number in range(20):
            clock.up_s += 300
            log("warn", "link", "nobody answers; next try in %d s" % (290 + number))
        ends = [line.split("next try in ")[1] for line in lines(folder)]
        assert ends == [
            "290 s",
            "291 s (2 times)",
            "293 s (4 times)",
            "297 s (8 times)",
            "305 s (16 times)",
        ]
        log("warn", "link", "another sentence")
        log("warn", "link", "nobody answers; next try in 5 s")
        assert lines(folder)[-1].endswith("in 5 s"), "another one came between"
        clock.up_s += 3 * 3600
        log("warn", "link", "nobody answers; next try in 5 s")
        assert lines(folder)[-1].endswith("in 5 s") and len(lines(folder)) == 8, "long ago"

    in_a_folder(test)


def test_a_flood_costs_twenty_lines_and_a_day_of_it_260_and_errors_come_through():
    def test(folder):
        clock = AClock()
        log = Log(clock, folder)
        for number in range(1000):
            log("warn", "station", "unreadable message number %d" % number)
        assert len(lines(folder)) == 15
        assert lines(folder)[-1].endswith("14 (some that follow are left out)")
        for number in range(1000):
            log("error", "store", "broken thing number %d" % number)
        assert len(lines(folder)) == 20
        assert lines(folder)[-1].endswith("4 (some that follow are left out)")
        past = log._past
        kept = 20
        for number in range(24 * 60):
            clock.up_s += 60
            log("warn", "station", "unreadable message number %d" % number)
            kept += log._past[2] < past[2] or log._past[2] == past[2] and log._past[3] > past[3]
            past = log._past
        assert 200 < kept <= 260, kept

    in_a_folder(test)


def test_a_line_of_any_length_is_cut():
    def test(folder):
        Log(AClock(), folder)("error", "app", "x" * 5000)
        Log(AClock(), folder)("error", "app", "the next one")
        assert [len(line) for line in lines(folder)] == [240, 35]

    in_a_folder(test)


def test_a_ring_that_cannot_be_written_stops_nobody():
    Log(AClock(), "/a folder that is not there")("error", "app", "the flash is gone")
    Log(AClock())("error", "app", "there is no ring at all")


def test_the_sentence_of_an_exception_says_where():
    if not hasattr(sys, "print_exception"):
        return  # CPython has no such thing

    def inner():
        raise ValueError("too \x1b much")

    try:
        inner()
    except ValueError as error:
        sentence = sentence_of(error)
    assert (
        sentence.startswith("ValueError: too ? much, in ")
        and "test_log" in sentence
        and ":" in sentence.split("in ")[1]
    ), sentence


def test_a_security_event_stands_in_a_log_of_its_own_that_no_other_line_drives_out():
    def test(folder):
        clock = AClock()
        log = Log(clock, folder)
        log("security", "station", "security event InvalidCentralSystemCertificate: expired")
        for number in range(200):
            clock.up_s += 3600
            log("warn", "link", "thing %d of many" % number)
        kept = "+0.000s warn  station  security event InvalidCentralSystemCertificate: expired"
        assert lines(folder, "security") == [kept]
        assert kept not in lines(folder) + lines(folder, "log.old")

    in_a_folder(test)


def test_of_a_security_event_that_comes_again_and_again_little_is_written():
    def test(folder):
        clock = AClock()
        log = Log(clock, folder)
        for _ in range(1000):
            clock.up_s += 1
            log("security", "station", "security event InvalidMessages: again")
        assert len(lines(folder, "security")) == len(lines(folder)) == 10

    in_a_folder(test)
