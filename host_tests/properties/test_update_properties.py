"""Updates of the firmware with chance at work: bytes of files, connections that break anywhere,
power cuts, charges and central systems that come and go.

Held against a slow and obvious model of a chip with two slots: what runs is always a whole program;
each update that ends is reported once, as what it came to; no current is withheld for one."""

import asyncio

from firmware_files import Entries
from hypothesis import given, settings
from hypothesis import strategies as st
from partitions import Slots
from station_bench import StationBench
from test_update_download import FILE, IMAGE, Client

from setpoint.protocol.firmware_file import FirmwareFile
from setpoint.protocol.iso8601 import text_from
from setpoint.update.download import Download
from setpoint.update.slot import Slot
from tools import update

names = st.text("abcXYZ019_-.", min_size=1, max_size=12).filter(lambda name: name[0] != ".")
entries = st.lists(st.tuples(names, st.binary(max_size=2000)), max_size=8)


def read(content, sizes):
    """(reader, entries) of a file in pieces of these sizes, in turn."""
    into = Entries()
    reader = FirmwareFile(into)
    at = turn = 0
    while at < len(content):
        view = memoryview(content[at : at + sizes[turn % len(sizes)]])
        at += len(view)
        turn += 1
        while len(view):
            view = view[reader.take(view) :]
    return reader, into.found


@given(entries, st.lists(st.integers(1, 900), min_size=1, max_size=5))
def test_what_the_tool_packs_the_station_reads(entries, sizes):
    head = {"kind": "files", "for": "x", "version": "1", "build": "2", "mpy": 6, "room": 0}
    if not any(len(content) for _, content in entries):
        entries = [*entries, ("one", b"1")]
    reader, found = read(update.packed(entries, **head), sizes)
    assert reader.complete() and reader.check()
    assert [(name, bytes(content)) for name, _, content in found] == entries


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 10**6), st.lists(st.integers(1, 900), min_size=1))
def test_any_other_bytes_are_refused_with_a_valueerror_or_stay_incomplete(junk, at, sizes):
    at %= len(FILE)
    content = FILE[:at] + junk + FILE[at + len(junk) :]
    try:
        reader, _ = read(content, sizes)
        if reader.complete():
            reader.check()
            assert content == FILE
    except ValueError:
        assert content != FILE


@given(st.lists(st.integers(0, 4000), max_size=8), st.integers(1, 1024), st.booleans())
def test_however_it_breaks_off_the_image_is_whole_in_the_end(breaks, piece, ranges):
    slots = Slots()
    download = Download(Slot(slots.running, "simulated"), lambda: False)
    client = Client(FILE, *breaks, ranges=ranges, piece=piece)
    for _ in range(len(breaks) + 1):
        case, _ = asyncio.run(download.run("http://files/x", client))
        assert case in ("broken", "done")
        if case == "done":
            break
    assert case == "done" and slots.slots[1][: len(IMAGE)] == IMAGE
    assert slots.slots[0] == Slots().slots[0] and slots.boot == 0
    if ranges:
        assert sorted(set(slots.erased)) == slots.erased, "no block twice"


class World:
    """A station, a chip with two slots, and what the central system was told of each update."""

    def __init__(self):
        self.runs, self.boots, self.on_probation = 0, 0, False
        self.memory = None
        self.bench = None
        self.updates = 0
        self.good = {0: True, 1: False}  # is there a whole program in the slot?
        self.power(True)

    def power(self, clean):
        """A start. The boot loader gives a new slot one start until it is confirmed."""
        if self.on_probation and self.runs == self.boots:
            self.boots, self.on_probation = 1 - self.boots, False
        self.runs = self.boots
        assert self.good[self.runs], "half a program is started"
        told = self.bench.sent if self.bench else []
        self.bench = bench = StationBench(
            identity={"program": "ota_%d" % self.runs},
            memory=self.memory,
            register=False,
            after_reset=clean,
            now=self.bench.now if self.bench else 1750000000 - 946684800,
        )
        bench.sent = told
        self.memory = bench.memory
        self.seen = 0
        bench.answers["FirmwareStatusNotification"] = lambda payload: {}
        bench.answers["BootNotification"] = lambda payload: {
            "status": "Accepted",
            "currentTime": text_from(bench.now),
            "interval": 300,
        }
        bench.answers["Heartbeat"] = bench.answers["BootNotification"]
        self.places = 0

    def ends(self):
        words = ("Installed", "InstallationFailed", "DownloadFailed")
        told = self.bench.actions("FirmwareStatusNotification")
        return [payload["status"] for payload in told if payload["status"] in words]

    def carry_out(self):
        """What the station asked of the place for new firmware."""
        bench = self.bench
        while self.places < len(bench.places):
            verb = bench.places[self.places]
            self.places += 1
            if verb == "confirm":
                self.on_probation = False
            else:
                assert not any(c.live() for c in bench.station.facts.connectors)
                self.boots = 1 - self.runs
                self.on_probation = True
                self.power(True)
                return

    def fetching(self):
        return self.bench.station.download is not None and self.bench.station.download._fetching

    def result(self, case):
        if self.fetching():
            other = 1 - self.runs
            self.good[other] = case == "done"
            what = ("ota_%d" % other, bytes(32)) if case == "done" else "chance"
            self.bench.transfer_ends("download", (what, case))


STEPS = ("request", "done", "broken", "refused", "paused", "cut", "cut", "plug", "card", "draw",
         "stop", "unplug", "link", "link", "time", "time", "time")  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_updates_among_charges_and_power_cuts(steps):
    world = World()
    world.bench.connect()
    for step in steps:
        bench = world.bench
        if step == "request":
            world.updates += 1
            if bench.station.facts.link_up:
                request = {
                    "location": "http://files/%d" % world.updates,
                    "retrieveDate": text_from(bench.now),
                    "retries": 1,
                }
                assert bench.ask("UpdateFirmware", request) == {}
        elif step in ("done", "broken", "refused", "paused"):
            world.result(step)
        elif step == "cut":
            world.power(False)
        elif step == "link":
            (bench.disconnect if bench.station.facts.link_up else bench.connect)()
        elif step == "time":
            bench.pass_time(70)
        elif step == "plug":
            if not bench.station.facts.connectors[0].plugged():
                bench.plug()
        elif step == "card":
            bench.card("TAG")
        elif step == "draw":
            connector = bench.station.facts.connectors[0]
            if connector.plugged() and connector.permitted():
                bench.draw()
        elif step == "stop":
            if bench.station.facts.connectors[0].live():
                bench.end()
        elif not bench.station.facts.connectors[0].live():
            bench.unplug()
        world.carry_out()
        connector = world.bench.station.facts.connectors[0]
        assert world.bench.limits[1] == 320 and (
            connector.transaction is None or connector.permitted()
        )
    # In the end everything is calm: no update stays half done
    for _ in range(6):
        bench = world.bench
        if not bench.station.facts.link_up:
            bench.connect()
        connector = bench.station.facts.connectors[0]
        if connector.live():
            bench.end()
        if connector.transaction is not None:
            bench.ask("RemoteStopTransaction", {"transactionId": connector.transaction.id})
        bench.unplug()
        world.result("done")
        bench.pass_time(130)
        world.carry_out()
    assert world.bench.station.download is None
    assert len(world.ends()) <= world.updates
    assert world.bench.station.facts.connectors[0].free()
    if world.runs:
        assert "Installed" in world.ends() or world.updates > 1
