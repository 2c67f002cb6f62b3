"""The weekly plan of a station: set by DataTransfer, kept in flash, shown, and below everything that
a central system installs."""

import json

from station_bench import StationBench

from setpoint.protocol.iso8601 import instant_from

# The bench stands at Sunday, 2025-06-15T12:00:00Z
PLAN = "zone UTC0\nSun 11:00-13:00 10\notherwise 16"


def ask(bench, message_id, data=None):
    request = {"vendorId": "Setpoint", "messageId": message_id}
    if data is not None:
        request["data"] = data
    return bench.ask("DataTransfer", request)


def test_a_plan_limits_at_once_and_after_a_restart():
    bench = StationBench()
    bench.charge()
    assert ask(bench, "SetPlan", PLAN) == {"status": "Accepted"}
    assert bench.limits[1] == 100
    limit = json.loads(ask(bench, "Limits")["data"])[0]
    assert (limit["source"], limit["reason"]) == ("plan", "the weekly plan")
    assert limit["nextChange"] == "2025-06-15T13:00:00Z"
    bench.disconnect()  # or its clock would be set back
    bench.pass_time(3600)
    assert bench.limits[1] == 160

    again = StationBench(memory=bench.memory)
    assert again.limits[1] == 100
    assert json.loads(ask(again, "Plan")["data"])[0] == "zone UTC0"


def test_a_plan_shows_in_the_composite_schedule():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    answer = bench.ask("GetCompositeSchedule", {"connectorId": 1, "duration": 7200})
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    assert [(p["startPeriod"], p["limit"]) for p in periods] == [(0, 10), (3600, 16)]


def test_a_plan_that_is_cleared_limits_no_more_and_stays_cleared():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    assert ask(bench, "SetPlan") == {"status": "Accepted"}
    assert bench.limits[1] == 320 and json.loads(ask(bench, "Plan")["data"]) == []
    assert StationBench(memory=bench.memory).limits[1] == 320


def test_a_plan_that_cannot_be_read_changes_nothing_and_says_why():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    answer = ask(bench, "SetPlan", "zone UTC0\n25:00-26:00 10\notherwise 16")
    assert answer["status"] == "Rejected" and "25:00" in answer["data"]
    assert bench.limits[1] == 100


def test_what_is_loaded_anew_is_what_is_in_flash():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    for kept, da in (({"plan": bench.memory.kept["plan"]}, 100), ({}, 320)):
        bench.memory.kept = kept
        bench.station.charging.load()
        bench.wake()
        assert bench.limits[1] == da


def test_a_plan_that_flash_does_not_take_is_not_in_force():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    bench.memory.fails = True
    answer = ask(bench, "SetPlan", "zone UTC0\notherwise 32")
    assert answer["status"] == "Rejected" and bench.limits[1] == 100


def test_clear_charging_profile_leaves_the_plan_in_force():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    bench.set_profile(periods=((0, 25),))
    assert bench.limits[1] == 250
    assert bench.ask("ClearChargingProfile", {})["status"] == "Accepted"
    assert bench.limits[1] == 100


def test_until_the_clock_is_set_the_lowest_period_counts():
    bench = StationBench()
    ask(bench, "SetPlan", PLAN)
    again = StationBench(memory=bench.memory, now=None, register=False)
    assert again.limits[1] == 100
    again.now = instant_from("2025-06-16T12:00:00Z")
    again.clock_is_set()
    assert again.limits[1] == 160


def test_a_plan_in_flash_that_nobody_wrote_is_left_out_and_the_log_says_so():
    bench = StationBench()
    bench.memory.kept["plan"] = '{"zone":"nowhere","week":[[0,60]]}'
    again = StationBench(memory=bench.memory)
    assert again.limits[1] == 320
    assert [line for line in again.logs if "weekly plan cannot be read" in line]
