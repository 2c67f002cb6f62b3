"""Power is cut in the middle of the nth write to the flash chip, for every n, in the middle of each kind of work.

After each cut the station starts again from what the chip holds. Then everything that was answered Accepted is there,
the rest is old or new but whole, no transaction is lost or doubled, and the limit is none that a surviving reading forbids.
The same scenes with writes that fail, and with a chip that is full: there the station must go on without a restart.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.bench import StationDied
from tools.central_system import CallRefused
from tools.faults.bench import INSTALLED_DA, Bench, Lost

_DEATH_S = 0.5  # from the work to its last write, and from the cut to the end of the process
MODES = {"cut": "a power cut in the middle of a write", "error": "a write that fails", "full": "a flash that is full"}


def profile(number: int, amps: float, periods: int = 3) -> dict:
    return {
        "chargingProfileId": number,
        "stackLevel": number,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 3600 * i, "limit": amps} for i in range(periods)],
        },
    }


class Scene(ABC):
    """`before` brings the station to where the work begins, `work` may be cut anywhere, `after` judges what the next start finds."""

    charging = False  # does a vehicle charge while it happens?
    most_da = 320  # what it may be offered meanwhile

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.answer: str | None = None  # the status that the central system got; None: nothing

    def ask(self, action: str, payload: dict) -> None:
        self.answer = None
        with contextlib.suppress(StationDied, TimeoutError, ConnectionError, CallRefused):
            self.answer = self.bench.central.call(action, payload, timeout=1.5)["status"]

    @abstractmethod
    def before(self) -> None: ...

    @abstractmethod
    def work(self) -> None: ...

    @abstractmethod
    def after(self) -> None: ...


class NewProfile(Scene):
    most_da = 200

    def before(self) -> None:
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(1, 20)})

    def work(self) -> None:
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(2, 10)})

    def after(self) -> None:
        there = set(self.bench.profiles())
        if 1 not in there or (self.answer == "Accepted" and 2 not in there):
            raise Lost("profiles %s are left" % sorted(there))
        self.bench.check_limit({100} if 2 in there else {200})


class Replacement(Scene):
    most_da = 200

    def before(self) -> None:
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(1, 20)})

    def work(self) -> None:
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(1, 10, periods=24)})

    def after(self) -> None:
        if set(self.bench.profiles()) != {1}:
            raise Lost("profiles %s are left" % sorted(self.bench.profiles()))
        self.bench.check_limit({100} if self.answer == "Accepted" else {100, 200})


class Clearing(Scene):
    most_da = 200

    def before(self) -> None:
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(1, 20)})
        self.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(2, 10)})

    def work(self) -> None:
        self.ask("ClearChargingProfile", {"id": 2})

    def after(self) -> None:
        there = set(self.bench.profiles())
        if 1 not in there or (self.answer == "Accepted" and 2 in there):
            raise Lost("profiles %s are left" % sorted(there))
        self.bench.check_limit({100} if 2 in there else {200})


class Configuration(Scene):
    def before(self) -> None:
        self.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "1000"})

    def work(self) -> None:
        self.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "2000"})

    def after(self) -> None:
        answer = self.bench.central.call("GetConfiguration", {"key": ["ConnectionTimeOut"]})
        value = answer["configurationKey"][0]["value"]
        if value not in (["2000"] if self.answer == "Accepted" else ["1000", "2000"]):
            raise Lost("ConnectionTimeOut is %s" % value)


class TransactionStart(Scene):
    charging = True

    def before(self) -> None:
        self.bench.station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")

    def work(self) -> None:
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.station.wait_until(lambda state: (state["connectors"][0]["transaction"] or {}).get("id"), timeout=3)
        self.bench.station.cmd("state")

    def after(self) -> None:
        self.bench.end_sessions()
        self.bench.check_transactions(most=1)


class Charging(TransactionStart):
    """A charge that has begun is told whole, whatever happens later."""

    def before(self) -> None:
        super().before()
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.station.wait_until(lambda state: (state["connectors"][0]["transaction"] or {}).get("id"))

    def work(self) -> None:
        samples = len(self.bench.central.seen("MeterValues"))
        self.bench.central._wait(lambda: len(self.bench.central.seen("MeterValues")) > samples + 1, 5, "no MeterValues")

    def after(self) -> None:
        self.bench.end_sessions()
        self.bench.check_transactions(least=1, most=1)


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
        self.bench.station.wait_until(lambda state: state["connectors"][0]["transaction"] is None, timeout=3)
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


SCENES: dict[str, Callable[[Bench], Scene]] = {
    "a new profile": NewProfile,
    "a profile that replaces another": Replacement,
    "a profile that is cleared": Clearing,
    "a configuration key": Configuration,
    "a transaction's start": TransactionStart,
    "a transaction's samples": Charging,
    "a transaction's stop": TransactionStop,
    "an offline journal that grows": Offline,
    "an offline journal that is told": Replay,
}


@contextlib.contextmanager
def ready(folder: Path, interpreter: list[str], name: str) -> Iterator[Scene]:
    """A scene whose work can begin."""
    bench = Bench(folder, interpreter)
    try:
        scene = SCENES[name](bench)
        bench.plugged(32 if scene.charging else None)
        bench.start()
        scene.before()
        yield scene
    finally:
        bench.close()


def writes_of(folder: Path, interpreter: list[str], name: str) -> int:
    """How often the scene's work writes to the flash chip when nothing is in its way."""
    with ready(folder, interpreter, name) as scene:
        before = scene.bench.station.state()["flash"]["writes"]
        scene.work()
        time.sleep(_DEATH_S)  # some of it follows the central system's answer
        return scene.bench.station.state()["flash"]["writes"] - before


def once(folder: Path, interpreter: list[str], name: str, mode: str, number: int) -> bool:
    """One trial with the trouble at the nth write. False: the work wrote less than that this time. Raises Lost."""
    with ready(folder, interpreter, name) as scene:
        station = scene.bench.station
        station.cmd("flash", after_writes=number, mode=mode)
        with contextlib.suppress(StationDied, TimeoutError):
            scene.work()
        died = station.ends_within(_DEATH_S if mode == "cut" else 0)
        if mode == "cut":
            station.kill()
            scene.bench.start()
        elif died:
            raise Lost("the station ended")
        else:
            station.cmd("flash", after_writes=1, mode=None)
        scene.after()
        if scene.bench.limit_da() > INSTALLED_DA:
            raise Lost("the limit is above what the connector bears")
        scene.bench.check_traffic()
        return died or mode != "cut"


def trials(folder: Path, interpreter: list[str], scenes: list[str], modes: list[str], step: int = 1) -> Iterator[tuple[str, str, int, str | None]]:
    """(scene, mode, n, what was lost or None) for every nth write of each scene's work."""
    for name in scenes:
        place = folder / name.replace("'", "").replace(" ", "-")
        writes = writes_of(place / "whole", interpreter, name)
        for mode in modes:
            for number in range(1, writes + 1, step):
                try:
                    if once(place / ("%s-%d" % (mode, number)), interpreter, name, mode, number):
                        yield name, mode, number, None
                except (Lost, StationDied, TimeoutError) as trouble:
                    yield name, mode, number, str(trouble)
