"""The contactor and the phase relays switch at most so often, whoever asks; no opening waits."""

from control_bench import charging, loop, run
from memory import bytes_taken
from outlet import Outlet
from store_in_ram import DocumentsInRam

from setpoint import wear


def stop(control, evse, how=None):
    """The station ends the offer, and the vehicle stops."""
    evse.limit_da = 0
    run(control, 100)
    evse.outlet.show("B")
    run(control, 200)
    assert not evse.outlet.closed


def asks_until_closed(control, evse, most_ms=400000):
    """-> after how many ms the contactor closes. The vehicle asks whenever it is offered current."""
    ms = 0
    while not evse.outlet.closed and ms < most_ms:
        evse.outlet.show("B" if evse.outlet.duty_u16 == 65535 else "C")
        control.step(20)
        ms += 20
    return ms if evse.outlet.closed else None


def test_a_pause_by_0_a_lasts_at_least_as_long_as_open_ms():
    control, (evse,) = charging()
    run(control, 60000)
    stop(control, evse)
    evse.limit_da = 160
    assert 59000 <= asks_until_closed(control, evse) <= 62000


def test_what_is_missing_of_the_time_closed_is_added_to_the_time_open():
    control, (evse,) = charging()  # for 1 s
    stop(control, evse)
    evse.limit_da = 160
    assert 117000 <= asks_until_closed(control, evse) <= 121000


def test_no_opening_waits_for_the_time_closed():
    control, (evse,) = charging()
    evse.limit_da = 0
    run(control, 40)
    assert evse.outlet.duty_u16 == 65535
    run(control, 6100)
    assert not evse.outlet.closed


def test_the_times_can_be_set():
    control, (evse,) = charging()
    evse.least_closed_ms, evse.least_open_ms = 0, 10000
    stop(control, evse)
    evse.limit_da = 160
    assert 9000 <= asks_until_closed(control, evse) <= 12000


def test_a_rest_that_is_under_way_ends_with_a_lower_key():
    control, (evse,) = charging()
    stop(control, evse)
    evse.limit_da = 160
    evse.least_closed_ms, evse.least_open_ms = 0, 5000
    assert asks_until_closed(control, evse) <= 7000


def test_the_end_of_a_permission_counts_as_0_a_does():
    control, (evse,) = charging()
    run(control, 60000)
    evse.permitted = False
    run(control, 7000)
    evse.permitted = True
    assert 52000 <= asks_until_closed(control, evse) <= 62000


def test_a_vehicle_that_pauses_by_itself_waits_for_nothing():
    control, (evse,) = charging()
    evse.outlet.show("B")
    run(control, 5200)
    assert not evse.outlet.closed and evse.rest_ms == 0
    assert asks_until_closed(control, evse) < 1000


def test_the_next_vehicle_waits_for_nothing():
    control, (evse,) = charging()
    stop(control, evse)
    assert evse.rest_ms > 100000
    evse.outlet.show("A")
    run(control, 200)
    assert evse.rest_ms == 0
    evse.limit_da = 160
    assert asks_until_closed(control, evse) < 7000


def test_after_a_fault_it_is_state_f_that_spaces():
    control, (evse,) = charging()
    evse.fault = 1
    run(control, 100)
    assert not evse.outlet.closed and evse.rest_ms == 0
    evse.fault = 0
    assert 30000 <= asks_until_closed(control, evse) <= 36000


def test_more_phases_wait_until_the_contactor_was_closed_for_its_time_at_6_a():
    outlet = Outlet()
    outlet.phases = 1
    control, (evse,) = charging(outlets=[outlet])
    evse.phases = 3
    run(control, 50000)
    assert outlet.closed and outlet.phases == 1 and evse.offered_da() == 60
    run(control, 16000)
    assert not outlet.closed and outlet.phases == 3
    assert 50000 <= asks_until_closed(control, evse) <= 62000 and evse.offered_da() == 160


def test_more_phases_wait_for_nothing_where_somebody_forbids_current():
    outlet = Outlet()
    outlet.phases = 1
    control, (evse,) = charging(outlets=[outlet])
    evse.phases = 3
    run(control, 1000)
    evse.limit_da = 0
    run(control, 6100)
    assert not outlet.closed


def test_more_phases_with_an_open_contactor_wait_for_their_relays_without_an_offer():
    outlet = Outlet()
    outlet.phases = 1
    control, (evse,) = charging(outlets=[outlet])
    outlet.show("B")
    run(control, 6000)
    for phases, switched in ((3, 3), (1, 3)):  # the first switch need not wait
        evse.phases = phases
        run(control, 20000)
        assert not outlet.closed and outlet.phases == switched
        assert evse.offered_da() == (160 if phases == switched else 0)


def test_fewer_phases_wait_for_nothing():
    control, (evse,) = charging()
    evse.phases = 1
    run(control, 6200)
    assert not evse.outlet.closed and evse.outlet.phases == 1


def test_phase_relays_rest_between_two_switches_without_a_vehicle_too():
    control, (evse,) = loop()
    switches = []
    for second in range(1200):
        evse.phases = 1 if second // 5 % 2 else 3
        before = evse.outlet.phases
        run(control, 1000)
        if evse.outlet.phases != before:
            switches.append(second)
    gaps = [b - a for a, b in zip(switches, switches[1:])]
    assert min(gaps) >= 119 and evse.phase_switches == len(switches) >= 9


def kept_and_taken_up(control, documents, reset_cause):
    """The control loop after a restart that somebody asked for. -> it, its evse"""
    app = AppAround(control, documents, "power")
    wear.keep(app, True)
    again, (evse,) = loop()
    wear.take_up(AppAround(again, documents, reset_cause))
    evse.outlet.show("C")
    evse.limit_da, evse.permitted = 160, True
    return again, evse


class AppAround:
    """Stands in for the app, as far as wear.py looks at it."""

    def __init__(self, control, documents, reset_cause):
        self.control = control
        self.documents = documents
        self.board = self
        self.reset_cause = reset_cause

    def log(self, level, area, sentence):
        raise AssertionError(sentence)


def test_a_contactor_that_was_closed_for_its_time_need_not_rest_after_a_restart():
    control, (evse,) = charging()
    run(control, 60000)
    documents = DocumentsInRam()
    again, evse = kept_and_taken_up(control, documents, "software")
    assert evse.closings == 1 and asks_until_closed(again, evse) < 7000
    assert documents.read("wear") == {"1": 1}


def test_one_that_was_closed_for_less_makes_up_for_that_and_only_after_a_restart_on_purpose():
    control, (evse,) = charging()
    run(control, 20000)
    documents = DocumentsInRam()
    again, evse = kept_and_taken_up(control, documents, "software")
    assert 37000 <= asks_until_closed(again, evse) <= 42000
    for cause in ("power", "watchdog", "panic"):
        again, evse = kept_and_taken_up(control, DocumentsInRam(), cause)
        assert asks_until_closed(again, evse) < 7000, cause


def test_a_restart_ends_the_time_open_alone_and_the_next_start_knows_nothing_of_it():
    control, (evse,) = charging()
    stop(control, evse)
    run(control, 20000)
    documents = DocumentsInRam()
    again, evse = kept_and_taken_up(control, documents, "software")
    assert documents.read("wear") == {"1": 1}
    assert 36000 <= asks_until_closed(again, evse) <= 41000


def test_closings_are_counted_on_from_what_was_stored():
    control, (evse,) = charging()
    assert evse.closings == 1
    evse.outlet.show("B")
    run(control, 6000)
    evse.outlet.show("C")
    run(control, 1000)
    assert (evse.closings, evse.phase_switches) == (2, 0)


def test_the_agent_learns_that_the_wait_begins_and_ends():
    control, (evse,) = charging()
    stop(control, evse)
    evse.seen = evse.changes
    run(control, evse.rest_ms - 40)
    assert evse.changes == evse.seen
    run(control, 80)
    assert evse.changes == evse.seen + 1 and evse.rest_ms == 0


def test_a_step_allocates_nothing_while_it_waits_and_when_it_switches():
    control, (evse,) = charging()
    stop(control, evse)
    evse.limit_da = 160
    assert bytes_taken(lambda: run(control, 121000)) == 0 and evse.rest_ms == 0
    evse.outlet.show("C")
    assert bytes_taken(lambda: run(control, 1500)) == 0 and evse.outlet.closed
    evse.phases = 1
    assert bytes_taken(lambda: run(control, 5000)) == 0
