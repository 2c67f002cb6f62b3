"""What is known of transactions after a restart: from the journal's lines, from a segment's
heading, and from its marks."""

import json

from station_bench import NOON

from setpoint.messaging.ledger import Ledger
from setpoint.messaging.transaction import Transaction
from setpoint.protocol.iso8601 import text_from


class Segments:
    """A journal in RAM: of each segment its lines."""

    def __init__(self, *segments, marks=()):
        self.parts = [
            [
                line if type(line) is str else json.dumps(line, separators=(",", ":"))
                for line in lines
            ]
            for lines in segments
        ]
        self.segments = [number + 1 for number in range(len(segments))]
        self.marked = list(marks)
        self.problems = []

    def read(self, segment, offset):
        for number in self.segments:
            if number > segment:
                offset = 0
            if number >= segment and offset < len(self.parts[number - 1]):
                return self.parts[number - 1][offset], number, offset + 1
        return None

    def marks(self):
        return self.marked

    def mark(self, text):
        self.marked.append(text)


def loaded(journal):
    ledger = Ledger(journal)
    ledger.load()
    return ledger


EMPTY = [0, "H", 0, 0, 0, [], [], []]
LINES = [
    [1, "S", 1, "A", 1000, NOON, None],
    [2, "S", 2, "B", 2000, [1, 5000], "GROUP"],
    [0, "T", 1, NOON + 60, 9000],
    [0, "I", 1, 77],
    [3, "M", 1, 1, [3, 8000], 1, ""],
    [4, "E", 1, NOON + 90, 2500, "Local", "A", []],
    [5, "S", 1, "C", 1400, [2, 100], None],
    [0, "R", 2, NOON + 56, "GROUP", 50000],
]


def known(ledger):
    running = [
        (
            t.handle,
            t.connector,
            t.id_tag,
            t.meter_start_wh,
            t.started,
            t.id,
            t.data,
            t.parent,
            t.most_wh,
        )
        for t in ledger.running
    ]
    text_of = ledger.timestamps(NOON + 3600)
    moments = [text_of(when) for when in (NOON, [1, 5000], [2, 100])]
    return ledger.last_order, ledger.stored, ledger.delivered, ledger.ids, running, moments


def test_a_restart_knows_what_the_lines_told_and_a_heading_tells_the_same():
    ledger = loaded(Segments([EMPTY] + LINES))
    want = (
        5, 5, 1, {1: 77},
        [(2, 2, "B", 2000, NOON + 56, None, [], "GROUP", 50000), (5, 1, "C", 1400, None, None, [], None, None)],
        [text_from(NOON), text_from(NOON + 56), text_from(NOON + 3600)],
    )  # fmt: skip
    assert known(ledger) == want
    assert ledger.boot == 4 and ledger.wh == {1: 2500, 2: 2000}
    ledger.running[0].id = 99
    ledger.running[0].data = [[NOON, 0, "x"]]
    want = known(ledger)
    again = loaded(Segments([[6, "E", 2, NOON, 99999, "Local", "B", []]], [ledger.heading()]))
    assert known(again) == want
    assert again.boot == 5 and again.wh == {1: 1400, 2: 2000}, (
        "what is delivered before, the mark tells"
    )


def test_a_restart_reads_from_the_newest_segment_that_has_its_heading():
    old, new = [EMPTY] + LINES, [[0, "H", 9, 8, 7, [], [], []], [10, "S", 1, "D", 3000, NOON, None]]
    for segments, order, boot, tags, wh in (
        ((old, new), 10, 8, ["D"], {1: 3000}),
        ((new, old), 5, 4, ["B", "C"], {1: 2500, 2: 2000}),
        ((old, new[1:]), 10, 4, ["B", "C", "D"], {1: 3000, 2: 2000}),  # its heading is damaged
        ((old[1:], new[1:]), 10, 4, ["B", "C", "D"], {1: 3000, 2: 2000}),
        ((old, new, []), 10, 8, ["D"], {1: 3000}),
        ((), 0, 1, [], {}),
    ):
        ledger = loaded(Segments(*segments))
        assert (ledger.last_order, ledger.boot, [t.id_tag for t in ledger.running]) == (
            order,
            boot,
            tags,
        ), tags
        assert ledger.wh == wh, wh


def test_marks_tell_what_is_delivered_and_the_registers():
    for marks in (
        ("[4,1,2400]", "[6,1,2300,2,2600]"),
        ("[6,1,2300,2,2600]", "[4,1,2400]"),
        ("[6,1,2300,2,2600]", "[7,1]", '[9,1,"a"]', "{}", "[]", "x"),
    ):
        ledger = loaded(Segments([EMPTY] + LINES, marks=marks))
        assert (ledger.delivered, ledger.last_order, ledger.stored, ledger.wh) == (
            6,
            6,
            5,
            {1: 2500, 2: 2600},
        ), marks
    ledger.mark()
    ledger.mark()
    assert ledger._journal.marked[6:] == ["[6,1,2500,2,2600]"], "written once"


def test_one_transaction_is_one_however_often_its_start_is_told():
    ledger = loaded(Segments([EMPTY] + LINES + LINES[1:2]))
    assert [(t.handle, t.most_wh) for t in ledger.running] == [(2, 50000), (5, None)]
    ledger.knows(2, [1, 2, 3])
    assert ledger.ids[2] == [1, 2, 3] and ledger.running[0].id is None, "its start was given up"
    ledger.knows(5, 88)
    ledger.knows(2, 99)
    assert [t.id for t in ledger.running] == [99, 88] and ledger.delivered == 5


def test_a_heading_holds_neither_what_has_not_begun_in_flash_nor_what_has_ended_there():
    ledger = loaded(Segments())
    ledger.running = [Transaction(1, 1, "A", 1000), Transaction(3, 2, "B", 2000)]
    ledger.running[0].stop_order = 4
    for stored, want in ((0, []), (1, [1]), (2, [1]), (3, [1, 3]), (4, [3])):
        ledger.has_stored(stored)
        assert [t[0] for t in json.loads(ledger.heading())[6]] == want, stored


def test_a_heading_is_never_longer_than_what_is_read_back():
    """As far as four connectors can lead: cards and groups of 20 characters, starts given up, times
    unknown."""
    values = "E123456789 P11040 Q11040 a160 b160 c160 O160 u2300 v2300 w2300 T-20"
    for tag, kept in (("T" * 20, True), ("\U0001f600" * 8, False)):
        ledger = loaded(Segments())
        ledger.stored = ledger.last_order = 99999999
        ledger.boot = 9999
        for connector in (1, 2, 3, 4):
            transaction = Transaction(99999990 + connector, connector, tag, 123456789)
            transaction.started_up_ms = 4000000000
            transaction.id, transaction.parent, transaction.most_wh = -2147483648, tag, 123456789
            for _ in range(80):
                transaction.add_data([9999, 4000000000], 1, values)
            ledger.running.append(transaction)
            ledger.ids[99999980 + connector] = [tag, 123456789, [9999, 4000000000]]
        heading = ledger.heading()
        assert len(heading.encode()) <= 2000, tag
        if kept:
            assert values in heading
        again = loaded(Segments([heading]))
        assert [(t.id_tag, t.parent) for t in again.running] == [
            (tag, tag)
        ] * 4 and again.ids == ledger.ids


def test_a_transaction_that_began_without_the_time_learns_it():
    ledger = loaded(Segments())
    assert ledger.when(NOON, 5) == NOON and ledger.clock_is_known(NOON, 10) == []
    transaction = Transaction(1, 1, "A", 1000)
    transaction.started_up_ms = 2000
    resumed = Transaction(2, 2, "B", 1000)  # before the restart: nobody knows how long that took
    dated = Transaction(3, 3, "C", 1000)
    dated.started = NOON - 1
    ledger.running = [transaction, resumed, dated]
    ledger.has_stored(3)
    assert json.loads(ledger.heading())[6][0][4] == [1, 2000]
    lines = [json.loads(line) for line in ledger.clock_is_known(NOON, 10000)]
    assert lines == [
        [0, "T", 1, NOON, 10000],
        [0, "R", 1, NOON - 8, None, None],
        [0, "R", 2, NOON, None, None],
    ]
    assert ledger.clock_is_known(NOON + 5, 15000) == [] and dated.started == NOON - 1
    assert ledger.timestamps(NOON + 99)([1, 7000]) == text_from(NOON - 3)


def test_the_times_of_the_last_four_starts_without_the_time_are_kept_until_all_is_delivered():
    ledger = loaded(Segments())
    ledger.stored = 1
    for ledger.boot in range(1, 7):
        ledger.when(None, 0)
        ledger.clock_is_known(NOON + ledger.boot, 0)
    assert [boot for boot, _, _ in json.loads(ledger.heading())[5]] == [3, 4, 5, 6]
    ledger.delivered = 1
    ledger.when(None, 0)
    ledger.clock_is_known(NOON, 0)
    assert [boot for boot, _, _ in json.loads(ledger.heading())[5]] == [6]
