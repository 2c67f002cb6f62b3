"""The house limit (house/mains.py) in a house: kettle, heat pump, clouds and late vehicles, for
days of seconds."""

import os

import pytest
from house_world import play

from setpoint.house import mains
from setpoint.house.mains import Mains

SEEDS = range(int(os.environ.get("SETPOINT_EXAMPLES", "60")) // 12)
HOUR = 3600


@pytest.mark.parametrize("vehicles", [1, 2, 3])
@pytest.mark.parametrize("delay_ms", [0, 1000, 2000])
def test_the_fuse_holds_second_by_second(delay_ms, vehicles):
    changes = 0
    for seed in SEEDS:
        fuse_da = (250, 350, 400)[seed % 3]
        seen = play(
            seed, Mains(fuse_da), HOUR, fuse_da=fuse_da, delay_ms=delay_ms, vehicles=vehicles
        )
        changes += seen.rises + seen.falls
    assert changes > 10 * len(SEEDS), "nothing happened"


@pytest.mark.parametrize("vehicles", [1, 2])
def test_without_a_meter_of_our_own_an_overload_ends_as_soon(vehicles):
    changes = 0
    for seed in SEEDS:
        seen = play(seed, Mains(250), HOUR, fuse_da=250, assumed=True, vehicles=vehicles)
        changes += seen.rises + seen.falls
    assert changes > 10 * len(SEEDS), "nothing happened"


def test_a_meter_that_falls_silent_now_and_then_leaves_the_safe_current():
    for seed in SEEDS:

        def during(world):
            world.silent = 100 <= world.ms // 1000 % 700 < 100 + (5, 11, 300)[seed % 3]

        play(seed, Mains(350), HOUR, during)


@pytest.mark.parametrize("assumed", [False, True])
def test_in_a_quiet_house_the_limit_comes_to_rest_at_the_room(assumed):
    for seed in SEEDS:
        limit = Mains(350)
        seen = play(seed, limit, 900, busy=False, assumed=assumed, vehicles=2)
        room_da = min(seen.rooms[-1][1], 350)
        assert room_da - 25 <= limit.da <= room_da, (seed, room_da, limit.da)
        assert seen.falls == 0, "it overshot"
        assert seen.rises > 0 or room_da < 80


class Broken(Mains):
    """Each is a mistake that must show."""


class OwnCountedTwice(Broken):
    def reading(self, up_ms, mains_da, own_da, phases, vehicles, assumed):
        Mains.reading(self, up_ms, mains_da, [0, 0, 0], phases, vehicles, assumed)


class WrongSign(Broken):
    def reading(self, up_ms, mains_da, own_da, phases, vehicles, assumed):
        mains_da = [-da for da in mains_da]
        Mains.reading(self, up_ms, mains_da, own_da, phases, vehicles, assumed)


class OwnAddedInsteadOfTaken(Broken):
    def reading(self, up_ms, mains_da, own_da, phases, vehicles, assumed):
        Mains.reading(self, up_ms, mains_da, [-da for da in own_da], phases, vehicles, assumed)


class Stuck(Broken):
    def silence(self, up_ms, vehicles):
        pass


def mistakes(name):
    """(limit, what else is played)"""
    if name == "silence is not seen":
        return Stuck(350), {"during": lambda world: setattr(world, "silent", world.ms > 200000)}
    if name in ("a wrong sign", "own current counted twice", "own current added"):
        return {
            "a wrong sign": WrongSign,
            "own current counted twice": OwnCountedTwice,
            "own current added": OwnAddedInsteadOfTaken,
        }[name](350), {}
    return Mains(350, rise_after_s=0 if name == "up at once" else 30), {}


@pytest.mark.parametrize(
    "name, constant",
    [
        ("a wrong sign", None),
        ("silence is not seen", None),
        ("up at once", None),
        ("no rest after a pause", ("PAUSE_MS", 0)),
        ("no margin", ("_MARGIN_DA", -30)),
    ],
)
def test_the_judge_sees_a_mistake(monkeypatch, name, constant):
    if constant is not None:
        monkeypatch.setattr(mains, *constant)
    with pytest.raises(AssertionError):
        for seed in range(12):
            limit, more = mistakes(name)
            play(seed, limit, 2 * HOUR, vehicles=1 + seed % 2, **more)


@pytest.mark.parametrize("name", ["own current counted twice", "own current added"])
def test_a_mistake_with_our_own_current_does_not_come_to_rest(name):
    with pytest.raises(AssertionError):
        for seed in range(12):
            limit, _ = mistakes(name)
            seen = play(seed, limit, 900, busy=False, vehicles=2)
            room_da = min(seen.rooms[-1][1], 350)
            assert room_da - 25 <= limit.da <= room_da and seen.falls == 0
