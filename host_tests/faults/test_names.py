"""DNS that is silent, fails and lies while a vehicle charges, each time after the connection to the
central system was lost.

Where DNS is silent or fails, the station must be back by the last address; where it says no or
lies, once it tells the truth. All the while the control loop steps and the outputs stay. And the
power is cut: without DNS and without a last address the vehicle charges on.
"""

from __future__ import annotations

from contextlib import closing

import pytest

from faults.bench import Bench, in_short, wait_for
from faults.name_server import BEHAVIOURS, HOST, NameServer, truth

ROW = "DNS that is silent, fails or lies"
_PATIENCE_S = 30
_IN_SHORT = ("silence", "lies before the truth", "failures", "the address of nobody")


@pytest.fixture(scope="module")
def server():
    with closing(NameServer()) as server:
        yield server


@pytest.fixture(scope="module")
def bench(interpreter, server, tmp_path_factory):
    device = {"reconnect": {"minimum_s": 0.05, "random_s": 0}}
    folder = tmp_path_factory.mktemp("names")
    with closing(
        Bench(folder, interpreter, network={"dns": server.address}, device=device)
    ) as bench:
        bench.station.start_fields["csms_url"] = "ws://%s:%d" % (HOST, bench.central.port)
        bench.plugged(16)
        bench.start_charging()
        yield bench


def _asked(bench: Bench, server: NameServer, times: int) -> None:
    """Waits until the server was asked so many times more, in vain."""
    wanted = server.asked + times
    wait_for(lambda: server.asked >= wanted, _PATIENCE_S, "DNS is not asked")
    assert not bench.station.state()["connected"], "it is connected, to whomever"


@pytest.mark.row(ROW)
@pytest.mark.parametrize("name", in_short(BEHAVIOURS, *_IN_SHORT))
def test_dns_that_is_silent_fails_or_lies_stops_no_charge_and_no_step_of_the_control_loop(
    name, bench, server, scale, looks
):
    server.behaviour, is_back = BEHAVIOURS[name]
    bench.central.drop(abrupt=True)
    if is_back:
        bench.check_answers()
    else:
        _asked(bench, server, 3)
    server.behaviour = truth
    looks(*bench.check_unmoved())


@pytest.mark.row(ROW)
def test_dns_is_silent_after_a_power_cut(bench, server, scale, looks):
    server.behaviour = BEHAVIOURS["silence"][0]
    transaction = bench.station.connector()["transaction"]["id"]
    looks(*bench.unwatch())
    bench.station.kill()
    bench.station.start()
    bench.wait_charging(32)
    bench.watch()
    _asked(bench, server, 4)  # the second try to connect
    server.behaviour = truth
    looks(*bench.check_unmoved())
    bench.station.wait_until(lambda state: state["registered"])
    assert bench.station.connector()["transaction"]["id"] == transaction, (
        "the transaction is another one"
    )
