"""The longest gap between two control steps while the station does what it can be made to do. The
steps are those of the firmware, called as on a simulated board. Beside each gap stands that of an
idle station, since other programs on the host hold up both.

Flash is as slow as a chip's here, and as the chip's driver has no jump in its bytecode at which a
step could come."""

import asyncio
import gc
import json
import socket
import time

import vfs
from measuring import REPETITIONS, InRam, charge_point, frames, new_store, say

from setpoint.board import flash
from setpoint.board.simulated import board_from
from setpoint.clock import ticks_ms
from setpoint.control import Control
from setpoint.link.secure import Check
from setpoint.protocol.websocket import parts_of
from setpoint.store.documents import Documents
from setpoint.store.journal import Journal

_LONG_MS = 240  # of each kind of work, at least
_SHORT_MS = 60  # of each request
_MOST_RUNS = 10
_GIVEN_UP_MS = 10000
_RATING_DA = 320
_BLOCK = 4096
_BLOCKS = 208  # as in a flash of 4 MiB
_READ_US = 50  # the chip's share of one read; the host's sleep makes 0.1 ms of it
_CHIP = "/chip"
_SEGMENTS = 8


class Steps(Control):
    """Notes the longest time between two steps."""

    last_us = longest_us = 0

    def step(self, elapsed_ms: int) -> bool:
        now = time.ticks_us()
        self.longest_us = max(self.longest_us, time.ticks_diff(now, self.last_us))
        self.last_us = now
        return Control.step(self, elapsed_ms)


class SlowFlash:
    """A flash chip in RAM; none of its functions jumps. How long an erasure takes is not modelled:
    nothing can come between."""

    def __init__(self) -> None:
        self._never_erased = memoryview(bytearray(_BLOCK))
        self._blocks = [self._never_erased] * _BLOCKS
        self._sizes = {4: _BLOCKS, 5: _BLOCK}

    def readblocks(self, block: int, buffer, offset: int) -> None:
        time.sleep_us(_READ_US)
        buffer[:] = self._blocks[block][offset : offset + len(buffer)]

    def writeblocks(self, block: int, buffer, offset: int) -> None:
        time.sleep_us(_READ_US)
        self._blocks[block][offset : offset + len(buffer)] = buffer

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 6 and self._blocks[argument] is self._never_erased:
            self._blocks[argument] = memoryview(bytearray(_BLOCK))
        return self._sizes.get(operation, 0)


class Keeper:
    """The owner of a journal in which half of the lines are needed still."""

    def heading(self) -> str:
        return "heading"

    def full(self) -> None:
        pass

    def keeps(self, text: str) -> bool:
        return len(text) & 1 == 0


def gap_ms(steps: Steps, work, at_least_ms: int = _LONG_MS, idle_ms: float = 0) -> float:
    """The least of several runs' longest gaps: other programs only add. A run that looks long
    beside an idle one is repeated."""
    runs, least_us = 0, 1 << 29
    while runs < max(REPETITIONS // 3, 2) or (runs < _MOST_RUNS and least_us > 1500 * idle_ms > 0):
        runs += 1
        gc.collect()
        made = steps.steps
        steps.longest_us = 0
        steps.last_us = time.ticks_us()
        began = ticks_ms()
        while time.ticks_diff(ticks_ms(), began) < at_least_ms:
            work()
        time.sleep_ms(40)
        while steps.steps == made:  # the gap lasts until a step comes, if one does
            time.sleep_ms(5)
            assert time.ticks_diff(ticks_ms(), began) < _GIVEN_UP_MS, "no step comes any more"
        least_us = min(least_us, steps.longest_us)
    return least_us / 1000


def asked(station, text: str) -> None:
    station.on_text(text)
    for action in station.take_effects():
        if action[0] == "send" and type(action[1]) is not str:
            b"".join(parts_of(action[1]))


def measure(steps: Steps, clock) -> None:
    idle_ms = gap_ms(steps, lambda: time.sleep_ms(5))
    say("gap between steps, idle", idle_ms, "ms")

    def tell(what: str, work) -> None:
        say("gap between steps, " + what, gap_ms(steps, work, _LONG_MS, idle_ms), "ms", idle_ms)

    installed = frames("50")["install"]
    station = charge_point(installed)
    station.on_text(frames("daily")["install"][0])
    station.take_effects()
    for what, text_of in (("the largest of each request", 1), ("the nastiest of each request", 2)):
        worst = (0, "")
        for request in frames("requests"):
            view = memoryview(request[text_of].encode())
            worst = max(
                worst, (gap_ms(steps, lambda: asked(station, view), _SHORT_MS, idle_ms), request[0])
            )  # noqa: B023
        say("gap between steps, " + what, worst[0], "ms", idle_ms)
        print("worst of these: " + worst[1])
    tell("GetCompositeSchedule without end", lambda: asked(station, frames("endless")))
    clear = '[2,"clear","ClearChargingProfile",{}]'

    def set_and_clear() -> None:
        for one in installed[:9]:
            asked(station, one)
        asked(station, clear)

    tell("SetChargingProfile and ClearChargingProfile of all", set_and_clear)
    tell("a start with 50 profiles", lambda: charge_point(installed, InRam()))
    tell("collections", gc.collect)
    tell("TLS handshakes", lambda: shake_hands(frames("tls"), clock))
    measure_flash(tell)


def shake_hands(peer: dict, clock) -> None:
    """As the link and the simulated board do it: the handshake comes with the first write, and
    waits for the peer in between."""
    check = Check({"ca_file": peer["ca_file"]}, peer["host"], clock)
    connection = socket.socket()
    connection.connect(socket.getaddrinfo(peer["host"], peer["port"])[0][-1])
    connection.setblocking(False)
    secured = check.context.wrap_socket(
        connection, server_hostname=check.name, do_handshake_on_connect=False
    )
    while not secured.write(b"x"):
        time.sleep_ms(1)
    secured.close()


def measure_flash(tell) -> None:
    """Profiles and the journal in a file system as a board mounts it."""
    device = SlowFlash()
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(flash.file_system(device), _CHIP)
    # Too long for the folder's log, whose rewriting then takes longest
    versions = [frames("96-periods")["install"][:20], []]
    for text in versions[0]:  # the same with another limit, so that each is written
        call = json.loads(text)
        call[3]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = 7
        versions[1].append(json.dumps(call))
    station = charge_point(versions[0], Documents(_CHIP + "/state"))
    tell(
        "a start with 20 profiles in flash",
        lambda: charge_point([], Documents(_CHIP + "/state"), False),
    )

    def write_and_clear() -> None:
        for turn in range(4):  # so often that littlefs writes the folder's log anew
            for text in versions[turn & 1]:
                asked(station, text)
        asked(station, '[2,"clear","ClearChargingProfile",{}]')

    tell("20 profiles written to flash, and cleared", write_and_clear)
    journal, keeper = Journal(_CHIP + "/journal", _SEGMENTS), Keeper()

    def append() -> None:
        journal.append(["x" * 150, "x" * 151], keeper)

    while len(journal.segments) < _SEGMENTS:
        append()
    tell("a full journal, made thinner", append)


async def main() -> None:
    store = new_store()
    with open(store + "/start.json", "w") as file:
        json.dump({"store": store}, file)
    board = board_from(store + "/start.json")
    steps = Steps(board, _RATING_DA, lambda: None, {})
    stepping = asyncio.create_task(steps.run())
    await asyncio.sleep(0)
    try:
        measure(steps, board.clock)
        assert steps.error is None, steps.error
    finally:
        stepping.cancel()
        board.make_safe()


asyncio.run(main())
