"""A short form of `make faults`, and proof that its judges see a loss."""

import json
import random
import re

import pytest

from tools import bench
from tools.faults import charging, clock_jumps, exhaustion, fuzz, hostile, isolation, killed_tasks, kills, names, outages, power_cuts, refused_day
from tools.faults.bench import Bench, Lost
from tools.faults.mutations import hostile_payloads
from tools.traffic import Message

# The others cost half a minute of waiting for time-outs each: `make faults` runs them.
QUICK_ATTACKS = [name for name in hostile.names() if name not in ("a_clock_that_jumps", "a_hundred_requests_at_once", "ten_thousand_pings")]
# One of each kind, and those at once: the others wait for minutes together.
QUICK_OUTAGES = [
    "Wi_Fi_away_while_a_stop_is_in_flight",
    "a_start_and_a_stop_lost_on_their_way",
    "resets_in_the_handshake",
    "resets_in_mid_message",
    "Accepted_with_interval_0_and_a_clock_years_behind",
    "recurring_profiles",
    "a_day",
]


@pytest.mark.parametrize("scene", power_cuts.SCENES)
def test_power_cuts_and_flash_faults_at_some_writes(tmp_path, scene):
    for _, mode, number, trouble in power_cuts.trials(tmp_path, bench.micropython(), [scene], list(power_cuts.MODES), step=3):
        assert trouble is None, "%s at write %d: %s" % (mode, number, trouble)


def test_kills_at_random_moments(micropython, tmp_path):
    for number, trouble in kills.trials(tmp_path, micropython, 5, seed=random.randrange(10**6)):
        assert trouble is None, "kill %d: %s" % (number, trouble)


def test_a_misbehaving_central_system_changes_nothing(tmp_path):
    seen = []
    for row, attack, trouble in hostile.trials(tmp_path, bench.micropython(), seed=3, chosen=QUICK_ATTACKS):
        assert trouble is None, "%s: %s" % (attack, trouble)
        seen.append(row)
    assert seen.count(hostile.ROW) == len(QUICK_ATTACKS)
    assert seen.count(isolation.ISOLATION) > 100


def test_outages_while_a_vehicle_charges_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(refused_day, "HOURS", 4)
    monkeypatch.setattr(clock_jumps, "JUMPS", (5 * 3600, -3 * 3600, -400 * 86400, 20 * 365 * 86400, 0))
    tried = []
    looks = 0
    for row, what, trouble in outages.trials(tmp_path, bench.micropython(), random.randrange(10**6), QUICK_OUTAGES):
        assert trouble is None, "%s, %s: %s" % (row, what, trouble)
        looks += row == isolation.ISOLATION
        tried += [what] * (row != isolation.ISOLATION)
    assert len(tried) == len(QUICK_OUTAGES) + 4, tried  # and the charge beside them, at each of four stations
    assert looks > 200


def test_messages_nearly_right_change_nothing_and_take_no_memory(tmp_path):
    seed, kinds = random.randrange(10**6), set()
    for row, what, trouble in fuzz.trials(tmp_path, bench.micropython(), seed, 160):
        assert trouble is None, "%s, %s of seed %d: %s" % (row, what, seed, trouble)
        kinds.add(row)
    assert hostile.ISOLATION in kinds and len(kinds) > 1


def test_dns_that_is_silent_fails_or_lies_stops_no_charge_and_no_step_of_the_control_loop(tmp_path):
    chosen = ["silence", "lies before the truth", "failures", "the address of nobody", names.POWER_CUT]
    seen = []
    for row, what, trouble in names.trials(tmp_path, bench.micropython(), chosen):
        assert trouble is None, "%s: %s" % (what, trouble)
        seen.append(row)
    assert seen.count(names.ROW) == len(chosen)
    assert seen.count(isolation.ISOLATION) >= names.LOOKS * len(chosen)


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_where_the_heap_ends_in_mid_message_nothing_is_lost_and_the_next_message_is_answered(micropython, tmp_path):
    outcomes = set()
    for message, room, outcome, trouble in exhaustion.trials(tmp_path, micropython, step=1171, last=9000):
        assert trouble is None, "%s with %d bytes of heap: %s" % (message, room, trouble)
        outcomes.add(outcome)
    assert outcomes >= {"answered", "refused", "hung up", "restarted"}


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_every_task_that_dies_leaves_safe_outputs_a_line_in_the_log_and_a_restart_that_charges_on(micropython, tmp_path):
    died = dict(killed_tasks.trials(tmp_path, micropython))
    assert died == dict.fromkeys(killed_tasks.TASKS)


def test_mutated_payloads_are_many_and_the_same_for_a_seed():
    first = list(hostile_payloads(random.Random(5), 60))
    assert first == list(hostile_payloads(random.Random(5), 60))
    assert len({action for action, _ in first}) > 8


@pytest.fixture
def judged(tmp_path):
    judged = Bench(tmp_path, bench.micropython())
    judged.plugged(16)
    yield judged
    judged.close()


def test_a_lost_stop_a_doubled_stop_and_a_limit_too_high_are_seen(judged):
    judged.start()
    judged.station.cmd("swipe", tag="CARD")
    judged.central.wait_for("StartTransaction")
    with pytest.raises(Lost, match="never ended"):
        judged.check_transactions()
    judged.end_sessions()
    judged.check_transactions(least=1, most=1)
    with pytest.raises(Lost, match="instead of 2"):
        judged.check_transactions(least=2)
    with pytest.raises(Lost, match="the limit is 32.0 A"):
        judged.check_limit({160})
    stop = judged.central.seen("StopTransaction")[0]
    judged.central.messages.add(type(stop)(re.sub(r'"meterStop": *', '"meterStop":9', stop.text), False, stop.connection))
    with pytest.raises(Lost, match="ended twice"):
        judged.check_transactions()


def test_a_profile_that_vanishes_is_seen(judged):
    judged.start()
    life = kills.Life(judged, random.Random(1))
    life.installed = {2: {10}}
    with pytest.raises(Lost, match="profile 2 was Accepted and is gone"):
        life.check()


def test_a_contactor_that_opens_during_an_attack_is_seen(judged):
    judged.start()
    judged.station.cmd("swipe", tag="CARD")
    judged.station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    watch = isolation.Watch(judged)
    judged.station.wait_until(lambda state: watch.steps > 0)
    judged.station.cmd("contactor", connector=1, stuck="open")
    judged.station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
    steps = watch.steps
    judged.station.wait_until(lambda state: watch.steps > steps + 20)
    looks = list(watch.stop())
    assert looks[0] is None and "contactor" in (looks[-1] or "")


NOON = "2026-01-05T12:00:00Z"


def told(number, action, connection=1, **payload):
    return Message(json.dumps([2, str(number), action, payload]), False, connection)


def answer(number, connection=1, after_s=0.0):
    message = Message(json.dumps([3, str(number), {}]), True, connection)
    message.at += after_s
    return message


def test_what_is_told_again_is_seen_but_for_what_a_lost_answer_explains():
    values = {"transactionId": 1, "connectorId": 1, "meterValue": []}
    stop = {"transactionId": 1, "meterStop": 9}
    record = [told(1, "MeterValues", **values), answer(1), told(2, "StopTransaction", **stop), answer(2)]
    assert [action for _, action in charging.once(record)] == ["MeterValues", "StopTransaction"]
    assert len(charging.once([*record, told(3, "StopTransaction", 2, **stop)])) == 2, "the last of a connection"
    assert len(charging.once([*record[:3], told(3, "StopTransaction", **stop)])) == 2, "not answered yet"
    assert len(charging.once([*record[:3], answer(2, after_s=31), told(3, "StopTransaction", **stop)])) == 2, "answered too late"
    for again in (told(3, "StopTransaction", **stop), told(3, "MeterValues", 2, **values)):
        with pytest.raises(Lost, match="told again, though it was answered"):
            charging.once([*record, again])


def test_a_register_that_differs_and_a_stop_that_is_missing_are_seen():
    visit = charging.Told({"idTag": "A", "meterStart": 100, "timestamp": NOON})
    visit.values = [{"timestamp": "2026-01-05T12:05:00Z", "sampledValue": [{"value": "150"}]}]
    visit.check([100])
    with pytest.raises(Lost, match="A never ended"):
        visit.check([100, 200])
    visit.stop = {"meterStop": 200}
    visit.check([100, 201])
    with pytest.raises(Lost, match="A ended at 290 Wh, and 200 Wh were told"):
        visit.check([100, 290])
    with pytest.raises(Lost, match="A began at 60 Wh"):
        visit.check([60, 200])
    visit.values += visit.values
    with pytest.raises(Lost, match="the same meter values of A were told twice"):
        visit.check([100, 200])
    visit.values[0] = {"timestamp": NOON, "sampledValue": [{"value": "250"}]}
    with pytest.raises(Lost, match="the register of A went back"):
        visit.check([100, 200])


@pytest.fixture
def unstarted(tmp_path):
    unstarted = charging.Charging(tmp_path, bench.micropython())
    yield unstarted
    unstarted.close()


def test_a_session_that_is_told_never_doubled_or_out_of_order_is_seen(unstarted, monkeypatch):
    monkeypatch.setattr(charging, "_PATIENCE_S", 0)
    unstarted.sessions = {"A": [0, 9]}
    with pytest.raises(Lost, match="A was never told"):
        unstarted.check_told()
    start = {"connectorId": 2, "idTag": "A", "meterStart": 0, "timestamp": NOON}
    stop = {"transactionId": 1, "meterStop": 9, "timestamp": NOON}
    unstarted.central._transaction_id(start)
    unstarted.central.messages += [told(1, "StartTransaction", **start), told(2, "StopTransaction", **stop)]
    unstarted.check_told(in_order_of_time=True)
    late = {"transactionId": 1, "connectorId": 2, "meterValue": [{"timestamp": NOON}]}
    unstarted.central.messages.append(told(3, "MeterValues", **late))
    with pytest.raises(Lost, match="MeterValues of transaction 1, which is over"):
        unstarted.check_told()
    unstarted.central.messages[1:] = [told(2, "StopTransaction", **{**stop, "timestamp": "2026-01-05T11:59:59Z"})]
    with pytest.raises(Lost, match="after what happened at"):
        unstarted.check_told(in_order_of_time=True)
    unstarted.sessions = {}
    with pytest.raises(Lost, match="'A'} never charged"):
        unstarted.check_told()


def test_tries_without_patience_and_meter_values_that_are_missing_are_seen(unstarted):
    day = refused_day.RefusedDay(unstarted, random.Random(1))
    day._tries = [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 9.5]
    day._check_tries()
    day._tries[4:] = [0.9, 1.1]
    with pytest.raises(Lost, match="try 5 came after 0.90 s, and not after 1.50 s"):
        day._check_tries()
    visit = charging.Told({"idTag": "A", "timestamp": "2026-01-05T00:00:00Z"})
    visit.values = [{"timestamp": "2026-01-05T00:%02d:%02dZ" % moment} for moment in ((5, 0), (9, 59), (14, 58))]
    day._check_times(visit, 0, 1000)
    for missing in range(3):
        visit.values, kept = visit.values[:missing] + visit.values[missing + 1 :], visit.values
        with pytest.raises(Lost, match="values of A are missing or too many"):
            day._check_times(visit, 0, 1000)
        visit.values = kept


def test_a_limit_that_the_oracle_does_not_know_is_seen(judged):
    judged.station.start_fields["connectors"] = [{"id": 1}, {"id": 2}]
    judged.start()
    schedules = clock_jumps.Schedules(judged)
    schedules.install(clock_jumps.schedule(2, "Relative", [(0, 10)]))
    assert schedules.check("now") == 10
    schedules._placed = []
    with pytest.raises(Lost, match="the limit is 10.0 A, and should be 32.0 A"):
        schedules.check("now")
