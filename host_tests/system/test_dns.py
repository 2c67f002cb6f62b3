"""A station that finds its central system by name, at a real DNS server: forged answers, and none
at all in a small memory.

What else a DNS server can do is in faults/name_server.py, which faults/test_names.py uses in full.
"""

import pytest
from certificates import Authority, server_context

from faults.name_server import BEHAVIOURS, HOST, NameServer, one, reply_to, truth
from tools.central_system import CentralSystem

ATTACKER = "127.0.0.66"


@pytest.fixture
def name_server():
    server = NameServer()
    yield server
    server.close()


def fields(central, name_server, **others):
    """Of the start file: the central system by its name."""
    url = "%s://%s:%d" % (central.url.split(":")[0], HOST, central.port)
    return {"csms_url": url, "network": {"dns": name_server.address}, **others}


@pytest.mark.parametrize("forger", ["another authority", "another name"])
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_forged_dns_answer_leads_to_nobody_that_tls_does_not_know(
    central, start_station, name_server, tmp_path, forger
):
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    ours, theirs = Authority(tmp_path / "ours", "ca"), Authority(tmp_path / "theirs", "ca")
    central.stop()
    central.tls = server_context(ours.sign("central", [HOST]))
    central.start()
    with CentralSystem() as attacker:
        attacker.stop()
        attacker.host, attacker.port = ATTACKER, central.port
        attacker.tls = server_context(
            theirs.sign("x", [HOST])
            if forger == "another authority"
            else ours.sign("x", ["other.test"])
        )
        attacker.start()
        name_server.behaviour = lambda query: one(reply_to(query, ATTACKER))
        tls = {"ca_file": str(ours.cert)}
        station = start_station(
            **fields(central, name_server, tls=tls, basic_auth="a long password")
        )
        why = (
            "is not signed by an authority"
            if forger == "another authority"
            else "is not for the name csms.test"
        )
        station.wait_until(lambda state: any(why in line for line in station.log))
        assert attacker.paths == central.paths == [], "no request, no password"
    name_server.behaviour = truth
    station.wait_until(lambda state: state["registered"], 20)
    assert attacker.paths == [] and len(central.paths) == 1


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_the_control_loop_steps_on_without_dns_in_100_kb(central, start_station, name_server):
    vehicles = [{"connector": 1}, {"connector": 2}]
    station = start_station(
        heap="100K",
        connectors=[{"id": 1}, {"id": 2}],
        vehicles=vehicles,
        **fields(central, name_server),
    )
    station.wait_until(lambda state: state["registered"])
    for connector in (1, 2):
        assert (
            central.call(
                "RemoteStartTransaction", {"connectorId": connector, "idTag": "TAG%d" % connector}
            )["status"]
            == "Accepted"
        )
    station.wait_until(
        lambda state: all(connector["contactor"]["closed"] for connector in state["connectors"])
    )
    name_server.behaviour, _ = BEHAVIOURS["garbage"]
    asked = name_server.asked
    central.drop(abrupt=True)
    station.wait_until(lambda state: not state["connected"])
    before = station.state()
    after = station.wait_until(lambda state: state["connected"], 20)
    assert name_server.asked == asked + 3
    assert any(
        "the DNS server 127.0.0.1 does not answer; csms.test was at 127.0.0.1" in line
        for line in station.log
    )
    assert after["loop"]["steps"] - before["loop"]["steps"] > 200, "of 6 s, at a loop every 20 ms"
    assert all(
        connector["contactor"]["closed"] and connector["pilot"]["offered_amps"] == 32
        for connector in after["connectors"]
    )
    assert central.call("TriggerMessage", {"requestedMessage": "Heartbeat"})["status"] == "Accepted"
    assert not [line for line in station.log if "out of memory" in line or "died" in line]
