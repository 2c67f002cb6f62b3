"""A station with two connectors: at the first a vehicle charges all the while, and is watched; at
the second others come and go.

What the central system was told in the end is compared with what happened at the connectors.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from faults.bench import GONE, Bench, profile, wait_for
from faults.wire import Wire
from tools.central_system import Later
from tools.traffic import CALL, Message

STEADY = "STEADY"  # the card at connector 1
STEADY_A = 20
SAMPLE_S = 2  # so two samples never fall into one second, however late one comes
ANSWER_S = 30.0  # so long the station waits for an answer
_TOLD = ("StartTransaction", "MeterValues", "StopTransaction")
_PATIENCE_S = 25  # for the next message: less than the station waits for an answer that cannot come
_SLACK_S = 0.5
_MOST_GROWTH = 8 * 1024  # of the heap on 64 bit: what is not told yet must not pile up in RAM
_NEAR_WH = 5  # what flows between a look at the register and the reading that is told


class Charging(Bench):
    """From `begin` on the outputs of connector 1 are watched."""

    def __init__(self, folder: Path, interpreter: list[str], **start: Any) -> None:
        own = {
            "AllowOfflineTxForUnknownId": "true",
            "MeterValueSampleInterval": str(SAMPLE_S),
            "WebSocketPingInterval": "2",
        }
        start = {
            **start,
            "connectors": [{"id": 1}, {"id": 2}],
            "keys": {**own, **start.get("keys", {})},
        }
        super().__init__(folder, interpreter, **start)
        self.wire = Wire(self.central.port)
        self.station.start_fields["csms_url"] = self.wire.url
        # By tag: the register before and, once it is over, after
        self.sessions: dict[str, list[int]] = {}
        self.plugged(32)

    def close(self) -> None:
        self.unwatch()
        self.wire.close()
        super().close()

    def begin(self) -> None:
        self.start()
        self.install(profile(1, STEADY_A))
        self.sessions[STEADY] = [self._wh(1)]
        self.station.cmd("swipe", tag=STEADY, connectors=[1])
        self.wait_charging(STEADY_A)
        self.watch()

    def end(self) -> None:
        """The charge at connector 1 ends too, and has gone on all the while."""
        self.unwatch()
        self.station.cmd("plug_out", connector=1)
        self.wait_ended()
        self.sessions[STEADY].append(self._wh(1))
        self.check_told()
        self.check_traffic()

    def judge(self, looks: Callable[[int, int], None]) -> None:
        """After a trial; where that ended half-way, the next begins where it should."""
        try:
            looks(*self.check_unmoved())
            self.check_told()
        except BaseException:
            with suppress(*GONE):
                self.wire.mend()
                self.central.answers.clear()
                self.central.clock_offset_s = 0
                self.station.cmd("link", up=True)
                self.station.cmd("plug_out", connector=2)
            raise

    def _wh(self, connector: int) -> int:
        return self.station.connector(connector)["meter"]["wh"]

    # ---- visitors at connector 2 ----

    def arrive(self) -> None:
        self.station.cmd("plug_in", connector=2, amps=32, phases=3)
        # C already where a card waited for it.
        self.station.wait_until(lambda state: state["connectors"][1]["pilot"]["state"] != "A")

    def swipe(self, tag: str) -> None:
        self.sessions[tag] = [self._wh(2)]
        self.station.cmd("swipe", tag=tag, connectors=[2])

    def charges(self, tag: str, timeout: float = 20) -> None:
        """Waits until its vehicle has current."""

        def has_current(state: dict) -> bool:
            here = state["connectors"][1]
            return (
                here["contactor"]["closed"]
                and (here["transaction"] or {}).get("id_tag") == tag
                and here["meter"]["amps"] > 0
            )

        self.station.wait_until(has_current, timeout)

    def come(self, tag: str | None = None) -> str:
        """A visitor, who charges now; the card."""
        tag = tag or self.next_tag()
        self.arrive()
        self.swipe(tag)
        self.charges(tag)
        return tag

    def leave(self, tag: str) -> None:
        self.station.cmd("plug_out", connector=2)
        self.station.wait_until(
            lambda state: (
                state["connectors"][1]["transaction"] is None
                and state["connectors"][1]["status"] == "Available"
            )
        )
        self.sessions[tag].append(self._wh(2))

    def next_tag(self) -> str:
        return "VISIT%d" % len(self.sessions)

    def away(self) -> None:
        """A second without Wi-Fi."""
        self.station.cmd("link", up=False)
        time.sleep(1)
        self.station.cmd("link", up=True)
        self.connected()

    def visit(self, held: str, held_s: float, meanwhile: Callable[[], Any]) -> None:
        """A session in which something happens while a message of this kind waits so long for
        its answer."""
        tag = self.next_tag()
        self.arrive()
        since = len(self.central.messages)
        self.central.answers[held] = Later(held_s)
        try:
            self.swipe(tag)
            if held == "StopTransaction":
                self.charges(tag)
                self.leave(tag)
            self.central.wait_for(held, since=since)
        finally:
            del self.central.answers[held]
        meanwhile()
        if held != "StopTransaction":
            self.charges(tag)
            self.leave(tag)

    def offline_session(self, seconds: float) -> None:
        """A visitor charges, though nobody hears of it now; takes so long."""
        end = time.monotonic() + seconds
        tag = self.come()
        time.sleep(max(0, end - time.monotonic()))
        self.leave(tag)

    def tries_again(self, taken: int) -> None:
        """Waits for a connection beyond so many."""
        wait_for(lambda: self.wire.taken > taken, 20, "it does not try again")

    # ---- what must hold ----

    def used(self) -> int:
        """Bytes of heap in use, garbage as far as possible left out."""
        return min(self.station.state()["memory"]["used"] for _ in range(10))

    def check_heap(self, before: int) -> None:
        """A stale word in the interpreter's frame may keep garbage for a while; what piles up
        stays."""
        end = time.monotonic() + _PATIENCE_S
        now = self.used()
        while now - before > _MOST_GROWTH and time.monotonic() < end:
            time.sleep(0.2)
            now = min(now, self.used())
        assert now - before <= _MOST_GROWTH, "the heap grew from %d to %d bytes" % (before, now)

    def connected(self, timeout: float = _PATIENCE_S) -> None:
        self.station.wait_until(lambda state: state["connected"] and state["registered"], timeout)

    def check_told(self, in_order_of_time: bool = False) -> dict[str, Told]:
        """Waits for the stops of the sessions that are over; then what was told must be what
        happened. By tag."""
        over = {tag for tag, registers in self.sessions.items() if len(registers) == 2}
        found = self._told(in_order_of_time)
        messages, heard = len(self.central.messages), time.monotonic()
        while (
            not over <= {tag for tag, told in found.items() if told.stop}
            and time.monotonic() - heard < _PATIENCE_S
        ):
            time.sleep(0.1)
            if len(self.central.messages) != messages:
                messages, heard = len(self.central.messages), time.monotonic()
            found = self._told(in_order_of_time)
        for tag, registers in self.sessions.items():
            assert tag in found, "%s was never told" % tag
            found[tag].check(registers)
        strange = set(found) - set(self.sessions)
        assert not strange, "%s never charged" % strange
        return found

    def _told(self, in_order_of_time: bool) -> dict[str, Told]:
        """AssertionError where the order is wrong, or something comes again without a reason."""
        found: dict[str, Told] = {}
        tags: dict[int, str] = {}
        times = [""]
        for payload, action in once(list(self.central.messages)):
            times.append(
                payload["meterValue"][0]["timestamp"]
                if action == "MeterValues"
                else payload["timestamp"]
            )
            late = "%s of %s was told after what happened at %s" % (action, *times[:-3:-1])
            assert not in_order_of_time or times[-1] >= times[-2], late
            if action == "StartTransaction":
                tag = payload["idTag"]
                assert tag not in found, "%s began twice" % tag
                key = tuple(
                    str(payload.get(name))
                    for name in ("connectorId", "idTag", "meterStart", "timestamp")
                )
                found[tag] = Told(payload)
                tags[self.central.transactions[key]] = tag
                continue
            told = found.get(tags.get(payload.get("transactionId", 0), ""))
            what = (action, payload.get("transactionId"), "is over" if told else "never began")
            assert told is not None and told.stop is None, "%s of transaction %s, which %s" % what
            if action == "MeterValues":
                told.values.append(payload["meterValue"][0])
            else:
                told.stop = payload
        return found


class Told:
    """A transaction as the central system knows it."""

    def __init__(self, start: dict) -> None:
        self.start = start
        self.values: list[dict] = []
        self.stop: dict | None = None

    def registers(self) -> list[int]:
        inside = [int(float(moment["sampledValue"][0]["value"])) for moment in self.values]
        return [self.start["meterStart"], *inside, *([self.stop["meterStop"]] if self.stop else [])]

    def check(self, registers: list[int]) -> None:
        """registers: those of the connector before and, if it is over, after."""
        tag, told = self.start["idTag"], self.registers()
        assert told == sorted(told), "the register of %s went back: %s" % (tag, told)
        for what, meter, said in zip(("began", "ended"), registers, (told[0], told[-1])):
            assert what == "began" or self.stop is not None, "%s never ended" % tag
            near = abs(said - meter) <= _NEAR_WH
            assert near, "%s %s at %d Wh, and %d Wh were told" % (tag, what, meter, said)
        stamps = [moment["timestamp"] for moment in self.values]
        assert len(set(stamps)) == len(stamps), "the same meter values of %s were told twice" % tag


def once(messages: list[Message]) -> list[tuple[dict, str]]:
    """(payload, action) of each message of a transaction that the central system got, without those
    that came again as they may.

    Again may come what had no answer yet; and the last of a connection, whose answer may have been
    lost with it.
    """
    found: list[tuple[dict, str]] = []
    first: dict[str, Message] = {}
    last: dict[int, Message] = {}  # by connection
    answered: dict[tuple, float] = {}  # (connection, id): when
    for message in messages:
        if message.to_station:
            answered[message.connection, message.id] = message.at
        if message.kind != CALL or message.to_station or message.action not in _TOLD:
            continue
        key = message.action + json.dumps(message.payload, sort_keys=True)
        before = first.get(key)
        if before is None:
            found.append((message.payload, message.action))
        else:
            in_time = (
                answered.get((before.connection, before.id), before.at + ANSWER_S) - before.at
                < ANSWER_S - _SLACK_S
            )
            may = before.connection != message.connection and last[before.connection] is before
            assert may or not in_time, "told again, though it was answered: %s" % message.text
        first[key] = last[message.connection] = message
    return found
