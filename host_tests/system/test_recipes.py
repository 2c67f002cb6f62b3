"""The exchanges on docs/home-assistant.md, docs/evcc.md and docs/steve.md, replayed at a station.

An exchange is the block of its page that is marked `ocpp`. Indented lines go on with the one above.
A line is one of

    you      what somebody does at the station: a command of the control channel, and its fields
    system   what the central system asks: the action and the payload
    station  its answer to the line before, or its next call of this action. The payload holds at
             least these fields
"""

import json
import re

import pytest

from tools.central_system import SILENCE
from tools.station_process import ROOT


def exchange_of(page: str) -> "list[tuple[str, str, dict]]":
    """(who, action or command or "", fields) of each line."""
    (block,) = re.findall(
        r"^```ocpp\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL
    )
    texts = re.sub(r"\n +", " ", block).splitlines()
    lines = [re.fullmatch(r"(you|system|station) +(\w*) *(\{.*\})", text) for text in texts]
    assert all(lines), block
    return [(line[1], line[2], json.loads(line[3])) for line in lines]


def holds(said: object, wanted: object) -> bool:
    """Are all wanted fields among those that were said? A list has as many elements as wanted."""
    if isinstance(wanted, dict):
        return isinstance(said, dict) and all(
            name in said and holds(said[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(said, list) and len(said) == len(wanted) and all(map(holds, said, wanted))
    return said == wanted


def replay(page: str, station, central) -> int:
    """Plays an exchange; how many lines it has."""
    answer = None
    seen = 0
    exchange = exchange_of(page)
    for who, what, fields in exchange:
        if who == "you":
            station.cmd(what, **fields)
        elif who == "system":
            answer = central.call(what, fields)
        elif what:
            call = central.wait_for(
                what, lambda payload, wanted=fields: holds(payload, wanted), since=seen, timeout=30
            )
            seen = central.messages.index(call, seen) + 1
        else:
            assert holds(answer, fields), (page, answer, fields)
    return len(exchange)


@pytest.mark.parametrize("page", ["home-assistant.md", "evcc.md"])
def test_the_exchange_of_the_page_is_what_happens(page, station, central):
    assert replay(page, station, central) > 10


def as_steve(central) -> None:
    """It answers with milliseconds, a heartbeat every four hours and cards that expire. A stop
    without a card it answers with an empty object."""
    central.tells_ms = True
    central.heartbeat_s = 14400
    card = {"status": "Accepted", "expiryDate": "2099-01-01T00:00:00.000Z"}
    central.answers["Authorize"] = {"idTagInfo": card}
    central.answers["StartTransaction"] = {"idTagInfo": card, "transactionId": 1}
    central.answers["StopTransaction"] = lambda payload: (
        {"idTagInfo": card} if payload.get("idTag") else {}
    )


def test_the_exchange_of_steve_s_page_is_what_happens(start_station, central):
    as_steve(central)
    station = start_station(
        csms_url=central.url + "/steve/websocket/CentralSystemService", charge_point_id="CP01"
    )
    station.wait_until(lambda state: state["registered"])
    assert central.paths == ["/steve/websocket/CentralSystemService/CP01"]
    assert replay("steve.md", station, central) > 10
    assert any(
        "HeartbeatInterval" in str(known) and known["value"] == "14400"
        for known in central.call("GetConfiguration", {})["configurationKey"]
    )


def test_a_station_that_steve_does_not_know_yet_connects_once_it_is_registered(
    start_station, central
):
    as_steve(central)
    central.refuse = 404
    station = start_station()
    station.wait_until(lambda state: any("404" in line for line in station.log))
    assert not central.connected
    central.refuse = None
    station.wait_until(lambda state: state["registered"], timeout=30)


def test_a_card_that_steve_does_not_know_charges_nothing(start_station, central):
    as_steve(central)
    central.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    central.answers["StartTransaction"] = SILENCE
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="UNKNOWN")
    central.wait_for("Authorize")
    station.wait_until(lambda state: any("Invalid" in line for line in station.log))
    assert (
        central.seen("StartTransaction") == []
        and not station.state()["connectors"][0]["contactor"]["closed"]
    )
