"""What the measuring scripts share: time, memory, and a charge point with as many profiles as one
likes.

A script is started as `micropython -m NAME FOLDER REPETITIONS`, and prints a JSON object a line:

    {"name": ..., "value": ..., "unit": ..., "floor": ...}
    {"grows": what, "with": "profiles", "x": 10, "y": 1234.5, "floor": ...}
"""

import gc
import json
import os
import sys
import time

FOLDER, REPETITIONS = sys.argv[-2], int(sys.argv[-1])
# Long beside the first steps after a collection, short beside the turn that the host gives a
# program
_BATCH_US = 1500
# Of what takes a few microseconds: short, so that no collection falls into it
_SHORT_BATCH_US = 300
_LONGEST_US = 600000  # spent on one figure where the host is busy
_TIMES = 20


def frames(name: str):
    """Messages by the names of tools/benchmark_frames.all_frames."""
    with open("%s/frames/%s.json" % (FOLDER, name)) as file:
        return json.load(file)


def new_store() -> str:
    """An empty folder for a flash chip."""
    path = "%s/stores/%s" % (FOLDER, os.urandom(6).hex())
    os.mkdir(path)
    return path


def say(name: str, value, unit: str, floor=None) -> None:
    print(json.dumps({"name": name, "value": value, "unit": unit, "floor": floor}))


def grows(what: str, with_what: str, x: int, y, floor=None) -> None:
    print(json.dumps({"grows": what, "with": with_what, "x": x, "y": y, "floor": floor}))


def xorshift(steps: int) -> int:
    """The calibration loop, within 30 bits so that no step needs the heap on any chip."""
    x = 123456789
    for _ in range(steps):
        x ^= (x & 0x1FFFF) << 13
        x ^= x >> 17
        x ^= (x & 0x1FFFFFF) << 5
    return x


def us_for(work, batch: int = 0) -> float:
    """Microseconds that work() takes, without the collection that happens between batches.

    The median of many batches. Whoever starts the script does so several times and takes the lowest
    of the medians, because other programs on the host only ever add, and do so for seconds."""
    if not batch:
        work()
        start = time.ticks_us()
        work()
        batch = max(1, min(40, _BATCH_US // max(1, time.ticks_diff(time.ticks_us(), start))))
    taken = []
    began = time.ticks_us()
    while len(taken) < REPETITIONS and (
        len(taken) < 3 or time.ticks_diff(time.ticks_us(), began) < _LONGEST_US
    ):
        gc.collect()
        start = time.ticks_us()
        for _ in range(batch):
            work()
        taken.append(time.ticks_diff(time.ticks_us(), start) / batch)
    taken.sort()
    return taken[len(taken) // 2]


def ns_for(function, *arguments) -> int:
    """Nanoseconds that function(*arguments) takes, for at most three arguments; the loop around it
    is part of it."""
    few = us_for(_loop(5, function, *arguments), 1)
    times = max(min(int(_SHORT_BATCH_US * 5 / max(few, 1)), 1000), 5)
    return round(us_for(_loop(times, function, *arguments), 1) * 1000 / times)


def _loop(count: int, function, a=None, b=None, c=None):
    # Written out for each number of arguments, because a call with *arguments takes longer than
    # what it calls.
    times = range(count)

    def without():
        for _ in times:
            function()

    def with_one():
        for _ in times:
            function(a)

    def with_two():
        for _ in times:
            function(a, b)

    def with_three():
        for _ in times:
            function(a, b, c)

    if c is not None:
        return with_three
    if b is not None:
        return with_two
    return without if a is None else with_one


def bytes_for(function, *arguments) -> int:
    """Bytes of heap that function(*arguments) takes from the heap, garbage or not."""
    loop = _loop(_TIMES, function, *arguments)
    loop()
    gc.collect()
    before = gc.mem_alloc()
    loop()
    return (gc.mem_alloc() - before) // _TIMES


def runs_without_heap(function, *arguments) -> int:
    """Does it run while the heap is locked? 1 or 0."""
    import micropython

    loop = _loop(_TIMES, function, *arguments)
    micropython.heap_lock()
    try:
        loop()
        return 1
    except MemoryError:
        return 0
    finally:
        micropython.heap_unlock()


class InRam:
    """Stands for the documents in flash: keeps what it is given."""

    def __init__(self) -> None:
        self.kept = {}

    def read(self, name: str, like=None, understand=None):
        value = self.kept.get(name, like)
        return value if understand is None or name not in self.kept else understand(value)

    def names(self) -> list:
        return sorted(self.kept)

    def write(self, name: str, value) -> bool:
        self.kept[name] = value
        return True

    def has_room(self) -> bool:
        return True

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)

    def records(self, name: str):
        return NoRecords()


class NoRecords:
    """Stands for records in flash of which there are none."""

    def find(self, key: bytes) -> None:
        return None

    def number(self) -> int:
        return 0


class Nobody:
    """Takes what is not to be kept."""

    def append(self, what) -> None:
        pass


def charge_point(
    install: list, documents=None, transactions: bool = True, keys: "dict | None" = None
):
    """A registered Station with two connectors, both charging if `transactions`, and these
    profiles."""
    from station_bench import StationBench

    from setpoint.protocol.iso8601 import instant_from

    midnight = instant_from("2025-06-15T00:00:00Z")
    bench = StationBench(2, keys, midnight, documents or InRam(), False)
    bench.boot_answer = {
        "status": "Accepted",
        "currentTime": "2025-06-15T00:00:00Z",
        "interval": 300,
    }
    bench.transaction_ids = 1000
    bench.dispatch(bench.station.on_link, True)
    if transactions:
        bench.charge(1)
        bench.charge(2)
    for text in install:
        status = json.loads(answer_to(bench.station, text))[2]["status"]
        assert status == "Accepted", (status, bench.logs, text)
    bench.logs = Nobody()  # work that goes on for long would fill the heap with lines
    return bench.station


def answer_to(station, text: str) -> str:
    """Text to text: what the station sends back for a text from the central system."""
    from setpoint.protocol.websocket import parts_of

    station.on_text(text)
    for action in station.take_effects():
        if action[0] == "send":
            return action[1] if type(action[1]) is str else b"".join(parts_of(action[1])).decode()
    raise AssertionError("no answer to " + text)
