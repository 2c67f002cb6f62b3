"""A module that is seldom needed holds nothing once it has been used."""

import sys

from station_bench import Bench

from setpoint.late import load


def test_a_module_is_dropped_with_its_packages_after_its_use():
    bench = Bench()
    assert bench.ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    assert [name for name in sys.modules if name.startswith("setpoint.station.answers")] == []
    assert not hasattr(sys.modules["setpoint.station"], "answers")


def test_a_module_that_others_hold_stays_where_it_is():
    assert load("setpoint.late") is sys.modules["setpoint.late"]
    name = "setpoint.station.answers.remotestoptransaction"
    assert load(name) is not load(name)
