"""Surplus in a closed loop, second by second: days of sun, clouds, kettles and a heat pump. The grid
gives no more than its bound, nothing flutters, and what is fed in goes into the vehicle."""

import os

import pytest
from surplus_world import Day, Judge, Weather, play

from setpoint.house import surplus
from setpoint.house.surplus import Surplus

SEEDS = range(max(2, int(os.environ.get("SETPOINT_EXAMPLES", "60")) // 20))
HOUR = 3600
ALL = (0, 1, 2)

# day, switch, phases of the vehicles; kWh at least charged, at most from the grid; most starts
RECORDED = [
    ("kettle", False, (ALL,), 50, 0.6, 2),
    ("kettle", True, (ALL,), 53, 0.6, 4),
    ("kettle", False, ((0,),), 33, 0.1, 1),
    ("kettle", True, (ALL, ALL), 50, 1.2, 7),
    ("clouds", False, (ALL,), 28, 4.2, 13),
    ("clouds", True, (ALL,), 28, 4.2, 16),
    ("heat_pump", False, (ALL,), 4, 0.6, 3),
    ("heat_pump", True, (ALL,), 17, 1.2, 11),
]


@pytest.mark.parametrize("name, switch, uses, charged, imported, starts", RECORDED)
def test_a_day(name, switch, uses, charged, imported, starts):
    day = Day(name)
    seen = play(Surplus(3, switch), day, day.seconds, uses=uses)
    assert seen.kwh(seen.drawn) >= charged
    assert seen.kwh(seen.imported) <= imported
    assert seen.world.starts <= starts
    assert switch or not seen.world.switches


@pytest.mark.parametrize("uses", [(ALL,), ((1,),), (ALL, (0,)), (ALL, ALL, ALL)])
@pytest.mark.parametrize("switch", [False, True])
def test_whatever_the_weather_the_grid_gives_no_more_than_its_bound(switch, uses):
    charged = 0
    for seed in SEEDS:
        seen = play(
            Surplus(3, switch), Weather(seed, 11000), HOUR, seed=seed, uses=uses, delay_ms=2000
        )
        charged += seen.kwh(seen.drawn)
    assert charged > len(SEEDS), "nothing happened"


def test_a_steady_sun_is_used_up_to_an_ampere_and_nothing_moves():
    for seed in SEEDS:
        for uses in ((ALL,), ((2,),)):
            seen = play(Surplus(3, True), Weather(seed, 11000, True), 1800, seed=seed, uses=uses)
            surplus_da = -sum(seen.world.past[-1][0])
            drawn_da = sum(seen.world.past[-1][1])
            if surplus_da < 60:
                assert drawn_da == 0
            elif uses == (ALL,) and surplus_da > 60:
                most_da = min(surplus_da, 480 if surplus_da >= 180 else 160)
                assert most_da - 30 <= drawn_da <= most_da, (seed, surplus_da, drawn_da)
            assert seen.falls <= 1 and len(seen.world.switches) <= 2, seed


def test_a_meter_that_falls_silent_counts_as_no_sun():
    def during(world, judge):
        world.silent = world.ms > 900000

    seen = play(Surplus(3, False), Noon(), 1800, during=during)
    assert seen.drawn > 0 and seen.world.past[-1][1] == [0, 0, 0]


class Noon:
    def watts(self, second):
        return [-2500] * 3


class OwnCountedTwice(Surplus):
    def reading(self, up_ms, surplus_da, vehicles, drawn_da, lag):
        Surplus.reading(self, up_ms, surplus_da + sum(drawn_da), vehicles, drawn_da, lag)


class NeverStops(Surplus):
    def _stop(self, up_ms, surplus_da):
        pass


class ForgetsAtOnce(Surplus):
    def _pay(self, ms, surplus_da):
        Surplus._pay(self, ms, surplus_da)
        if surplus_da >= 180:
            self._debt = 0


class OnePhaseTooMany(Surplus):
    def _each(self):
        return 1


@pytest.mark.parametrize("wrong", [OwnCountedTwice, NeverStops, ForgetsAtOnce, OnePhaseTooMany])
def test_the_judge_sees_a_mistake(wrong):
    with pytest.raises(AssertionError):
        for seed in range(6):
            play(wrong(3, False), Weather(seed, 9000), 2 * HOUR, seed=seed)
            play(wrong(3, False), Flicker(), 2 * HOUR, seed=seed)


class Flicker:
    """Three minutes of shade, half a minute of sun, and so on."""

    def watts(self, second):
        return [-3000 if second < 300 or second % 205 < 35 else 0] * 3


def test_a_flicker_stops_the_charge():
    seen = play(Surplus(3, False), Flicker(), HOUR)
    assert seen.world.starts <= 2 and seen.world.past[-1][1] == [0, 0, 0]


def test_switches_without_their_distance_are_seen(monkeypatch):
    monkeypatch.setattr(surplus, "SWITCH_MS", 0)
    with pytest.raises(AssertionError, match="switches"):
        for seed in range(6):
            play(Surplus(3, True), Weather(seed, 9000), 2 * HOUR, judge=Judge, seed=seed)
