"""The time of a station that no central system tells: a time server over real UDP."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from datetime import datetime, timezone

import pytest

_1900 = 2208988800  # seconds from 1900 to 1970
WEDNESDAY_18 = datetime(2026, 6, 3, 16, 0, tzinfo=timezone.utc)  # 18:00 in the plan's zone
PLAN = "zone CET-1CEST,M3.5.0,M10.5.0/3\nMon-Fri 17:00-21:00 11\n22:00-06:00 32\notherwise 8"


class TimeServer:
    """Stands in for an NTP server whose time stands still."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.stratum = 2
        self.asked: list[bytes] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                asked, peer = self.socket.recvfrom(1024)
            except OSError:
                return
            self.asked.append(asked)
            seconds = (int(self.at.timestamp()) + _1900).to_bytes(4, "big") + bytes(4)
            head = bytes((0x24, self.stratum, 6, 0xEC)) + bytes(20)
            self.socket.sendto(head + asked[40:48] + seconds + seconds, peer)

    def close(self) -> None:

        self.socket.close()


@pytest.fixture
def time_server():
    server = TimeServer(WEDNESDAY_18)
    yield server
    server.socket.close()


def limit(state):
    return state["connectors"][0]["limit"]


def test_without_a_central_system_the_plan_follows_a_time_server(
    start_station, central, time_server
):
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    set_plan = {"vendorId": "Setpoint", "messageId": "SetPlan", "data": PLAN}
    assert central.call("DataTransfer", set_plan) == {"status": "Accepted"}
    station.terminate()
    station.start_fields.update(csms_url="", clock={"unset": True}, time=[time_server.address])
    station.start()
    state = station.wait_until(lambda state: state["now"] is not None, 30)
    assert state["now"].startswith("2026-06-03T16:00:")
    station.wait_until(lambda state: limit(state)["amps"] == 11, 10)
    assert limit(station.state())["source"] == "plan" and len(time_server.asked) == 1
    assert any("clock set by the time server " + time_server.address in s for s in station.log)


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_central_system_wins_over_every_time_server(start_station, central, time_server):
    station = start_station(clock={"unset": True}, time=[time_server.address])
    station.wait_until(lambda state: state["registered"] and state["now"] is not None)
    station.cmd("clock", advance_s=90000)
    central.stop()
    station.wait_until(lambda state: not state["connected"], 30)
    assert not station.state()["now"].startswith("2026-06-03") and not time_server.asked


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_after_a_day_in_which_no_central_system_was_reached_a_time_server_is_asked(
    start_station, time_server
):
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        station = start_station(
            csms_url="ws://127.0.0.1:%d" % nobody.getsockname()[1],
            clock={"unset": True},
            time=[time_server.address],
        )
        station.wait_until(lambda state: not state["connected"])
        assert station.state()["now"] is None and not time_server.asked
        station.cmd("clock", advance_s=86400)
        # The station looks once a minute
        station.wait_until(lambda state: state["now"] is not None, 90)
    assert json.dumps(station.state()["now"]).startswith('"2026-06-03T16:0')


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_server_that_refuses_is_asked_once_and_the_next_one_is_believed(
    start_station, time_server
):
    with closing(TimeServer(WEDNESDAY_18)) as rude:
        rude.stratum = 0
        station = start_station(
            csms_url="", clock={"unset": True}, time=[rude.address, time_server.address]
        )
        station.wait_until(lambda state: state["now"] is not None, 30)
        assert len(rude.asked) == 1
    station.wait_until(lambda _: any("%s: it refuses" % rude.address in s for s in station.log))
