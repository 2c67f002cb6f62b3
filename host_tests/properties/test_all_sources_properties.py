"""Every source of a limit at once, on a whole station: no second above any of them beyond the time that
each is given, and when all are gone every vehicle charges again."""

import importlib
import os
import sys

import pytest
from sources_world import FUSE_DA, evening, play
from test_station_properties import PLANS

from setpoint import late
from setpoint.charging.limits import Limits
from setpoint.evse import Evse

SEEDS = range(max(3, int(os.environ.get("SETPOINT_EXAMPLES", "60")) // 10))


def test_no_second_is_above_any_source_and_peace_brings_all_vehicles_back():
    drawn = {}
    for seed in SEEDS:
        seen = play(seed, PLANS)
        for source, seconds in seen.drawn.items():
            drawn[source] = drawn.get(source, 0) + seconds
        count = len(seen.app.control.evses)
        each_da = min(320, (FUSE_DA - 10) // count)
        for connector, outlet in enumerate(seen.outlets(), 1):
            assert outlet.contactor_closed(), (seed, connector)
            assert outlet.meter_da() >= min(each_da, 320) - 30, (seed, connector)
    for source in ("Profile", "the weekly plan", "dim", "surplus", "house"):
        assert any(source in each for each in drawn), (source, drawn)


@pytest.mark.parametrize("connectors", [1, 2, 3])
def test_the_evening_stops_one_vehicle_after_the_other(connectors):
    seen, sunny_da = evening(connectors)
    assert sunny_da > 180 and sum(seen.ours()) == 0


def test_a_surplus_that_never_ends_is_seen(monkeypatch):
    monkeypatch.setattr(late, "SELDOM", ())  # what is loaded stays
    for name in ("setpoint.surplus_limit", "setpoint.house.surplus"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    surplus = importlib.import_module("setpoint.house.surplus")
    monkeypatch.setattr(surplus.Surplus, "_stop", lambda self, up_ms, surplus_da: None)
    with pytest.raises(AssertionError, match="no sun for long"):
        evening(2)


def without(source):
    """limit_total that does not hear of one source."""
    limit_total = Limits.limit_total

    def deaf(self, name, da, words=None, phases=None):
        if name != source:
            limit_total(self, name, da, words, phases)

    return deaf


@pytest.mark.parametrize(
    "owner, name, wrong",
    [
        (Limits, "limit_total", without("house")),
        (Limits, "limit_total", without("surplus")),
        (Limits, "limit_total", without("dim")),
        (Evse, "_rest", lambda self, elapsed_ms: setattr(self, "rest_ms", 0)),
    ],
    ids=("no house", "no surplus", "no dim input", "no rest"),
)
def test_the_judges_see_a_mistake(monkeypatch, owner, name, wrong):
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(AssertionError):
        for seed in range(12):
            play(seed, PLANS)
