"""The network and the central system fail in every way we can think of, while a vehicle charges.

After each trial: the charge at connector 1 has gone on with the same outputs, every session at
connector 2 and its meter values were told once and in order with the registers of the meter, and a
valid request is answered.
"""

from __future__ import annotations

import contextlib
import json
import random
import time

import pytest

from faults.bench import in_short, wait_for
from faults.charging import ANSWER_S
from tools.central_system import Later

_LATE_S = ANSWER_S + 1


@pytest.mark.row("the network away while a vehicle charges")
class TestTheNetworkAway:
    @pytest.mark.slow
    def test_wifi_away_while_the_other_connector_is_idle(self, bench):
        bench.away()

    @pytest.mark.parametrize(
        "action",
        in_short(("Authorize", "StartTransaction", "StopTransaction"), "StopTransaction"),
    )
    def test_wifi_away_while_a_call_is_in_flight(self, action, bench):
        bench.visit(action, 0.5, bench.away)

    @pytest.mark.slow
    def test_wifi_away_while_two_charge(self, bench):
        tag = bench.come()
        bench.away()
        bench.leave(tag)

    @pytest.mark.slow
    def test_wifi_away_for_a_whole_session(self, bench):
        bench.station.cmd("link", up=False)
        bench.leave(bench.come())
        bench.station.cmd("link", up=True)

    @pytest.mark.slow
    def test_wifi_that_comes_and_goes_fifty_times(self, bench, scale):
        tag, used, chance = bench.next_tag(), bench.used(), random.Random(scale.seed)
        bench.arrive()
        bench.swipe(tag)
        for _ in range(50):
            bench.station.cmd("link", up=False)
            time.sleep(chance.uniform(0, 0.1))
            bench.station.cmd("link", up=True)
            time.sleep(chance.uniform(0, 0.2))
        bench.charges(tag)
        bench.leave(tag)
        bench.check_heap(used)

    def test_a_start_and_a_stop_lost_on_their_way(self, bench):
        """They are sent into a connection whose other end is gone."""
        tag = bench.next_tag()
        bench.swipe(tag)
        bench.station.wait_until(lambda state: state["connectors"][1]["status"] == "Preparing")
        bench.wire.vanish()
        bench.arrive()
        bench.charges(tag)
        bench.away()
        bench.wire.vanish()
        bench.leave(tag)
        bench.away()

    def test_resets_in_the_handshake(self, bench):
        """After each of so many bytes of the central system's answer."""
        wire = bench.wire
        for count in (0, 1, 40, 120):
            wire.reset_after = count
            wire.reset()
            taken = wire.taken
            bench.tries_again(taken + 1)
        wire.reset_after = None

    def test_resets_in_mid_message(self, bench):
        """Behind the handshake, in a frame's head, in its text and at its end."""
        for count in (0, 1, 30, 80):
            bench.connected()
            taken = bench.wire.taken
            bench.wire.reset_after = count
            with contextlib.suppress(ConnectionError):
                keys = ["HeartbeatInterval", "MeterValueSampleInterval"]
                bench.central.inject(json.dumps([2, "torn", "GetConfiguration", {"key": keys}]))
            bench.tries_again(taken)
            bench.wire.reset_after = None


@pytest.mark.slow
@pytest.mark.row("a central system that stalls or vanishes while a vehicle charges")
class TestSlowServers:
    def test_a_handshake_that_is_never_answered(self, bench):
        wire = bench.wire
        wire.silent = True
        wire.reset()
        taken = wire.taken
        bench.tries_again(taken)
        bench.offline_session(35)
        assert wire.taken <= taken + 2, "%d connections in 35 s" % (wire.taken - taken)
        wire.silent = False
        wire.reset()

    def test_a_handshake_of_one_byte_a_second(self, bench):
        wire = bench.wire
        wire.byte_s = 1
        wire.reset()
        bench.offline_session(35)
        wire.byte_s = 0

    def test_frames_of_one_byte_a_second(self, bench):
        since = len(bench.central.messages)
        bench.wire.byte_s = 1
        bench.central.inject('[2,"slow","ClearCache",{}]')

        def answered():
            return any(m.id == "slow" and not m.to_station for m in bench.central.messages[since:])

        wait_for(answered, 90, "what came byte by byte is not answered")
        bench.wire.byte_s = 0

    def test_a_server_that_vanishes_without_a_word(self, bench):
        """A card is shown before the station knows; it charges as soon as it does."""
        tag = bench.next_tag()
        bench.arrive()
        taken = bench.wire.taken
        bench.wire.vanish()
        bench.swipe(tag)
        bench.charges(tag, 35)
        bench.leave(tag)
        bench.tries_again(taken)

    def test_a_card_answered_too_late(self, bench):
        """It gives no current any more; the next time it does."""
        tag = bench.next_tag()
        bench.arrive()
        bench.central.answers["Authorize"] = Later(_LATE_S)
        bench.swipe(tag)
        time.sleep(_LATE_S + 1)
        del bench.central.answers["Authorize"]
        assert not bench.station.connector(2)["transaction"], "it charges"
        bench.swipe(tag)
        bench.charges(tag)
        bench.leave(tag)

    @pytest.mark.parametrize("action", ["StartTransaction", "MeterValues", "StopTransaction"])
    def test_an_answer_too_late(self, action, bench):
        """The station has asked again when the first answer comes."""
        bench.visit(action, _LATE_S, lambda: time.sleep(_LATE_S + 1))
