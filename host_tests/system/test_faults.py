"""A short form of `make faults`, and proof that its judges see a loss."""

import random
import re

import pytest

from tools import bench
from tools.faults import damage, exhaustion, hostile, isolation, killed_tasks, kills, power_cuts
from tools.faults.bench import Bench, Lost
from tools.faults.mutations import hostile_payloads

# The others cost half a minute of waiting for time-outs each: `make faults` runs them.
QUICK_ATTACKS = [name for name in hostile.names() if name not in ("a_clock_that_jumps", "a_hundred_requests_at_once", "ten_thousand_pings")]


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
    assert seen.count(hostile.ISOLATION) > 100


def test_damaged_blocks_of_the_flash(tmp_path):
    for kind, what, trouble in damage.trials(tmp_path, bench.micropython(), 4, seed=random.randrange(10**6)):
        assert trouble is None, "%s, %s: %s" % (kind, what, trouble)


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


def test_what_a_damaged_flash_still_says_is_read_without_the_station(judged):
    damage._prepare(judged)
    image = (judged.folder / "kept" / "flash.img").read_bytes()
    assert damage.surviving(image) == {1: 20, 2: 10}
    assert damage.surviving(re.sub(rb"(setpoint 1 [0-9a-f]{8} 2\n)\[", rb"\1{", image)) == {1: 25, 2: 16}
    assert damage.surviving(bytes(len(image))) is None
    judged.start()
    with pytest.raises(Lost, match="in force"):
        damage._check(judged, {1: 20})
    with pytest.raises(Lost, match="the limit is 10.0 A"):
        damage._check(judged, {1: 20, 2: 9})
