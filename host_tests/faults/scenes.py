"""Kinds of work in whose midst power or flash fail, and what each must have come to afterwards.

`before` brings the station to where the work begins, `work` may be cut anywhere, `after` judges
what the next start finds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from faults.bench import GONE, Bench, local_list, profile

_AFTERWARDS_S = 0.5  # from the work to its last access of the chip


class Scene:
    charging = False  # does a vehicle charge while it happens?
    most_da = 320  # what it may be offered meanwhile

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.answer: str | None = None  # the status that the central system got; None: nothing

    def ask(self, action: str, payload: dict) -> None:
        self.answer = None
        with contextlib.suppress(*GONE):
            self.answer = self.bench.central.call(action, payload, timeout=1.5)["status"]

    def install(self, number: int, amps: float, periods: int = 3) -> None:
        self.ask(
            "SetChargingProfile",
            {"connectorId": 1, "csChargingProfiles": profile(number, amps, periods)},
        )

    def before(self) -> None: ...

    def work(self) -> None: ...

    def after(self) -> None: ...


class NewProfile(Scene):
    most_da = 200
    lasts = True  # is the second profile there once the work is Accepted?

    def before(self) -> None:
        self.install(1, 20)

    def work(self) -> None:
        self.install(2, 10)

    def after(self) -> None:
        there = set(self.bench.profiles())
        assert 1 in there and (self.answer != "Accepted" or (2 in there) == self.lasts), (
            "profiles %s are left" % sorted(there)
        )
        self.bench.check_limit({100} if 2 in there else {200})


class Replacement(NewProfile):
    def work(self) -> None:
        self.install(1, 10, periods=24)

    def after(self) -> None:
        there = set(self.bench.profiles())
        assert there == {1}, "profiles %s are left" % sorted(there)
        self.bench.check_limit({100} if self.answer == "Accepted" else {100, 200})


class Clearing(NewProfile):
    lasts = False

    def before(self) -> None:
        super().before()
        self.install(2, 10)

    def work(self) -> None:
        self.ask("ClearChargingProfile", {"id": 2})


class Configuration(Scene):
    def write(self, value: str) -> None:
        self.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": value})

    def before(self) -> None:
        self.write("1000")

    def work(self) -> None:
        self.write("2000")

    def after(self) -> None:
        value = self.bench.key("ConnectionTimeOut")
        assert value in (["2000"] if self.answer == "Accepted" else ["1000", "2000"]), (
            "ConnectionTimeOut is %s" % value
        )


class TransactionStart(Scene):
    charging = True
    least = 0  # transactions that the central system must have heard of

    def before(self) -> None:
        self.bench.station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")

    def begin(self, timeout: float) -> None:
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.wait_transaction(timeout)

    def work(self) -> None:
        self.begin(3)
        self.bench.station.cmd("state")

    def after(self) -> None:
        self.bench.end_sessions()
        self.bench.check_transactions(self.least, most=1)


class Charging(TransactionStart):
    """A charge that has begun is reported whole, whatever happens later."""

    least = 1

    def before(self) -> None:
        super().before()
        self.begin(10)

    def work(self) -> None:
        samples = len(self.bench.central.seen("MeterValues"))
        self.bench.central._wait(
            lambda: len(self.bench.central.seen("MeterValues")) > samples + 1, 5, "no MeterValues"
        )


class TransactionStop(Charging):
    def work(self) -> None:
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.central.wait_for("StopTransaction")
        self.bench.station.cmd("state")


class Offline(Charging):
    """The journal grows while there is no link."""

    def work(self) -> None:
        self.bench.station.cmd("link", up=False)
        self.bench.station.cmd("clock", advance_s=30)
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.wait_ended(3)
        self.bench.station.cmd("state")

    def after(self) -> None:
        self.bench.station.cmd("link", up=True)
        super().after()


class Replay(Offline):
    """The journal is told once the link is back."""

    def before(self) -> None:
        super().before()
        Offline.work(self)

    def work(self) -> None:
        self.bench.station.cmd("link", up=True)
        self.bench.central.wait_for("StopTransaction")
        self.bench.station.cmd("state")


class LocalList(Scene):
    """A card is added, and another one removed."""

    charging = True

    def before(self) -> None:
        self.ask("SendLocalList", local_list(1, range(30)))

    def work(self) -> None:
        self.ask("SendLocalList", local_list(2, [30], "LISTED7"))

    def after(self) -> None:
        version = self.bench.list_version()
        assert version in ({2} if self.answer == "Accepted" else {1, 2}), (
            "the local list has version %d" % version
        )
        station = self.bench.station
        station.cmd("link", up=False)
        station.wait_until(lambda state: not state["connected"])
        for tag in ("LISTED7", "LISTED30") if version == 2 else ("LISTED30", "LISTED7"):
            station.cmd("swipe", tag=tag)
        station.wait_until(lambda state: state["connectors"][0]["transaction"])
        begun = station.connector()["transaction"]["id_tag"]
        assert begun == tag, "%s charges by version %d of the list" % (begun, version)
        station.cmd("link", up=True)
        self.bench.end_sessions()


SCENES: dict[str, Callable[[Bench], Scene]] = {
    "a new profile": NewProfile,
    "a profile that replaces another": Replacement,
    "a profile that is cleared": Clearing,
    "a configuration key": Configuration,
    "a local list": LocalList,
    "a transaction's start": TransactionStart,
    "a transaction's samples": Charging,
    "a transaction's stop": TransactionStop,
    "an offline journal that grows": Offline,
    "an offline journal that is told": Replay,
}


@contextlib.contextmanager
def ready(folder: Path, interpreter: list[str], name: str) -> Iterator[Scene]:
    """A scene whose work can begin."""
    with contextlib.closing(Bench(folder, interpreter)) as bench:
        scene = SCENES[name](bench)
        bench.plugged(32 if scene.charging else None)
        bench.start()
        scene.before()
        yield scene


def accesses(folder: Path, interpreter: list[str], name: str, kind: str) -> int:
    """How often the scene's work "reads" or "writes" the flash chip when nothing is in its way."""
    with ready(folder, interpreter, name) as scene:
        before = scene.bench.station.state()["flash"][kind]
        scene.work()
        time.sleep(_AFTERWARDS_S)  # some of it follows the central system's answer
        return scene.bench.station.state()["flash"][kind] - before
