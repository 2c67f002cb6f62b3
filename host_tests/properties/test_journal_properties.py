"""Power fails at any byte that goes to flash; what the journal and the transactions on it are
afterwards."""

from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from files_in_ram import FilesInRam, PowerCut
from hypothesis import given
from hypothesis import strategies as st
from station_bench import StationBench
from store_in_ram import DocumentsInRam

import setpoint.store.journal as journal_module
from setpoint.protocol.iso8601 import text_from
from setpoint.store import files
from setpoint.store.journal import Journal


@contextmanager
def on(flash):
    """The journal's modules on this flash."""
    calls = SimpleNamespace(
        statvfs=lambda folder: (4096, 4096, 112, 112),  # all blocks are free
        **{name: getattr(flash, name) for name in ("listdir", "stat", "mkdir", "rename", "remove")},
    )
    with (
        patch.multiple(journal_module, create=True, open=flash.open, os=calls),
        patch.multiple(files, create=True, open=flash.open, os=calls),
    ):
        yield


# The journal, beside a list
# -------------------------------------------------------------------------------------------


class Owner:
    """Numbers its lines, and can do without the odd ones."""

    def __init__(self):
        self.read = 0  # all up to this number are no longer needed

    def heading(self):
        return "0"

    def full(self):
        pass

    def keeps(self, text):
        return int(text.split()[0]) > self.read and text.split()[0][-1] in "02468"


def numbers(journal, owner):
    found, place, last = [], (0, 0), owner.read
    while True:
        line = journal.read(*place)
        if line is None:
            return found
        place = line[1:]
        number = int(line[0].split()[0])
        if number > last:
            found.append(number)
            last = number


journal_steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4), st.integers(0, 900)),
        st.tuples(st.just("read"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("cut after"), st.integers(0, 9000), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(whole=st.booleans(), steps=journal_steps)
def test_what_was_appended_is_there_after_a_power_cut_at_any_byte(whole, steps):
    flash, owner = FilesInRam(whole), Owner()
    last, maybe, was_full = 0, 0, False
    with on(flash):
        journal = Journal("/journal", 5)
        for step, count, length in steps:
            try:
                if step == "append":
                    maybe = last + count
                    was_full = was_full or len(journal.segments) >= 5
                    journal.append(
                        ["%d %s" % (last + 1 + i, "x" * length) for i in range(count)], owner
                    )
                    last = maybe
                elif step == "read":
                    for _ in range(count):
                        there = numbers(journal, owner)
                        if there:
                            owner.read = there[0]
                    place = (0, 0)
                    while True:
                        line = journal.read(*place)
                        if line is None or int(line[0].split()[0]) > owner.read:
                            break
                        place = line[1:]
                    journal.drop_before(place[0])
                elif step == "cut after":
                    flash.left = count
                else:
                    raise PowerCut
            except PowerCut:
                flash.left = None
                journal = Journal("/journal", 5)
                there = numbers(journal, owner)
                if there and there[-1] > last:
                    assert there[-1] <= maybe and (not whole or there[-1] == maybe)
                    last = there[-1]
                maybe = last
            there = numbers(journal, owner)
            assert there == sorted(there)
            wanted = [n for n in range(owner.read + 1, last + 1) if not was_full or n % 2 == 0]
            missing = [n for n in wanted if n not in there]
            assert not missing, (missing, there)
            assert len(journal.segments) <= 7


# A station on it
# ------------------------------------------------------------------------------------------------------


class Life:
    """A station with two connectors that charges, loses its link and its power, and is told on in
    the end."""

    def __init__(self, whole, resumes):
        self.flash = FilesInRam(whole)
        self.memory = DocumentsInRam()
        self.keys = {
            "AllowOfflineTxForUnknownId": "true",
            "AuthorizationCacheEnabled": "false",
            "TransactionMessageRetryInterval": "1",
            "TransactionMessageAttempts": "1000",
            "MeterValueSampleInterval": "60",
            "MeterValuesSampledData": "Energy.Active.Import.Register",
            "ResumeTransactionAfterPowerLoss": "true" if resumes else "false",
        }
        self.now, self.up, self.cuts, self.tags, self.refusals, self.silent = (
            171000000,
            True,
            0,
            0,
            0,
            False,
        )
        self.wh = {1: 1000, 2: 5000}
        self.plugged = {1: False, 2: False}
        self.heard = []  # (action, payload) that the central system has answered well
        self.ids = {}  # id: tag
        self.begun = set()
        self.sampled = []
        self.power_up()

    def power_up(self):
        while True:
            try:
                self.bench = bench = StationBench(
                    2,
                    self.keys,
                    self.now,
                    self.memory,
                    False,
                    journal=Journal("/journal", 6),
                    wh=self.wh,
                )
                bench.answers["BootNotification"] = self.boot
                outbox = bench.station.outbox
                bench.reply = self.reply
                bench.add = outbox.add_meter_values
                outbox.add_meter_values = self.add_meter_values
                self.observe()
                for connector in (1, 2):
                    if self.plugged[connector]:
                        bench.plug(connector)
                self.link(self.up)
                return
            except PowerCut:
                self.cut()

    def cut(self):
        self.cuts += 1
        self.flash.left = None

    def boot(self, payload):
        return {"status": "Accepted", "currentTime": text_from(self.now), "interval": 30000}

    def add_meter_values(self, transaction, when, *rest):
        self.sampled.append((transaction.id_tag, when))
        self.bench.add(transaction, when, *rest)

    def reply(self, message_id, payload):
        action, asked = self.bench.sent[-1]
        station = self.bench.station
        related = action in ("StartTransaction", "MeterValues", "StopTransaction")
        if related and self.silent:
            return
        if related and self.refusals > 0:
            self.refusals -= 1
            station.on_text('[4,"%s","InternalError","",{}]' % message_id)
            return
        if related:
            self.heard.append((action, asked))
        if action == "StartTransaction":
            self.ids[payload["transactionId"] + 1000 * self.cuts] = asked["idTag"]
            payload = {**payload, "transactionId": payload["transactionId"] + 1000 * self.cuts}
        StationBench.reply(self.bench, message_id, payload)

    def observe(self):
        for connector in self.bench.station.facts.connectors:
            if connector.transaction is not None:
                self.begun.add(connector.transaction.id_tag)

    def tell(self, event, *arguments):
        try:
            event(*arguments)
            self.observe()
        except PowerCut:
            self.cut()
            self.power_up()

    def begin(self, connector):
        if not self.plugged[connector]:
            self.plugged[connector] = True
            self.tell(self.bench.plug, connector)
            self.tags += 1
            self.tell(lambda: self.bench.dispatch(self.grant, connector))

    def grant(self, connector):
        station = self.bench.station
        station.authorisation.grant("T%d" % self.tags, [connector], None)
        station.settle()

    def end(self, connector):
        if self.plugged[connector]:
            self.plugged[connector] = False
            self.tell(self.bench.unplug, connector)
            # Power failed before
            if self.bench.station.facts.connector(connector).transaction is not None:
                self.tell(self.bench.unplug, connector)

    def link(self, up):
        self.up = up
        self.tell(self.bench.connect if up else self.bench.disconnect)

    def pass_time(self, seconds):
        for _ in range(seconds // 10):
            self.now += 10
            for connector in (1, 2):
                self.wh[connector] += 20 if self.plugged[connector] else 0
            self.tell(self.bench.pass_time, 10)
            self.bench.now = self.now

    def finish(self):
        """All ends, and the central system is there."""
        self.flash.left, self.silent, self.refusals = None, False, 0
        for connector in (1, 2):
            self.end(connector)
        self.link(False)
        self.link(True)
        self.pass_time(200)


life_steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["begin", "end"]), st.integers(1, 2)),
        st.tuples(st.just("pass"), st.sampled_from([10, 60, 300, 1200])),
        st.tuples(st.just("link"), st.integers(0, 1)),
        st.tuples(st.just("silent"), st.integers(0, 1)),
        st.tuples(st.just("refuse"), st.integers(1, 2)),
        st.tuples(st.just("cut after"), st.one_of(st.integers(0, 300), st.integers(0, 5000))),
        st.tuples(st.just("outage"), st.integers(0, 1500)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)


@given(whole=st.booleans(), resumes=st.booleans(), steps=life_steps)
def test_every_transaction_arrives_whole_and_in_order_whenever_power_and_link_fail(
    whole, resumes, steps
):
    flash = None
    life = Life.__new__(Life)
    flash = FilesInRam(whole)
    with on(flash):
        with patch(__name__ + ".FilesInRam", lambda whole: flash):
            life.__init__(whole, resumes)
        for step, value in steps:
            if step == "begin":
                life.begin(value)
            elif step == "end":
                life.end(value)
            elif step == "pass":
                life.pass_time(value)
            elif step == "link":
                life.link(bool(value))
            elif step == "silent":
                life.silent = bool(value)
            elif step == "refuse":
                life.refusals = value
            elif step == "cut after":
                flash.left = value
            elif step == "outage":  # and power fails while it is told of
                life.link(False)
                life.pass_time(1800)
                life.end(2)
                flash.left = value
                life.link(True)
            else:
                life.cut()
                life.power_up()
        life.finish()
        assert len(life.bench.station.outbox) == 0
    judge(life)


def judge(life):
    seen, order, again = set(), [], 0
    for action, payload in life.heard:
        if action == "StartTransaction":
            tag, at = payload["idTag"], payload["timestamp"]
        else:
            tag = life.ids[payload["transactionId"]]
            at = (
                payload["timestamp"]
                if action == "StopTransaction"
                else payload["meterValue"][0]["timestamp"]
            )
        if (action, tag, at) in seen:
            again += 1
            continue
        seen.add((action, tag, at))
        order.append((at, action, tag, payload))
    assert again <= life.cuts, "twice without a power cut"
    assert [entry[0] for entry in order] == sorted([entry[0] for entry in order]), "out of order"
    starts = {tag: payload for _, action, tag, payload in order if action == "StartTransaction"}
    stops = {tag: payload for _, action, tag, payload in order if action == "StopTransaction"}
    assert len([e for e in order if e[1] == "StartTransaction"]) == len(starts)
    assert len([e for e in order if e[1] == "StopTransaction"]) == len(stops)
    assert life.begun <= set(starts) and set(starts) == set(stops), (
        life.begun,
        set(starts),
        set(stops),
    )
    for tag in starts:
        values = [
            int(p["meterValue"][0]["sampledValue"][0]["value"])
            for _, a, t, p in order
            if a == "MeterValues" and t == tag
        ]
        register = [starts[tag]["meterStart"], *values, stops[tag]["meterStop"]]
        assert register == sorted(register), "the register goes back"
    arrived = {(tag, at) for at, action, tag, _ in order if action == "MeterValues"}
    assert len(set(life.sampled)) - len(arrived) <= 11 * life.cuts, "meter values are missing"
