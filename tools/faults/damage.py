"""Blocks of the flash chip that are torn or have flipped bits when the station starts.

The file system mounts or is set aside. The station starts and reports; in force is what another program still reads from the same
image, neither more nor less, and the limit follows from that; a new profile is kept, and a vehicle charges.
"""

from __future__ import annotations

import random
import re
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path

import littlefs

from tools.bench import CommandFailed, StationDied
from tools.central_system import CallRefused
from tools.faults.bench import INSTALLED_DA, Bench, Lost
from tools.faults.power_cuts import profile

_BLOCK = 4096
_PAGE = 32  # what littlefs programs at once
_ERASED = b"\xff" * _PAGE
_SENT = {1: (25, 20), 2: (16, 10)}  # profile: the amperes of its versions, the newer last
KINDS = ("flipped bits", "torn blocks")
_GONE = (StationDied, CommandFailed, TimeoutError, ConnectionError, CallRefused)


def _prepare(bench: Bench) -> None:
    """A flash with something of everything: profiles with a copy before them, keys, cards, a transaction, a journal not told yet."""
    bench.plugged(32)
    bench.start()
    for version in (0, 1):
        for number, amps in _SENT.items():
            bench.central.call("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(number, amps[version], periods=24)})
    bench.central.call("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "1000"})
    bench.station.cmd("swipe", tag="CARD")
    bench.station.wait_until(lambda state: (state["connectors"][0]["transaction"] or {}).get("id"))
    bench.station.cmd("link", up=False)
    bench.station.cmd("clock", advance_s=900)
    bench.station.wait_until(lambda state: state["flash"]["writes"] > 100)
    bench.station.kill()
    bench.keep_flash()


def damage(image: bytearray, kind: str, chance: random.Random) -> str:
    """Damages one to three blocks of those in use; a sentence on what was done."""
    pages = [at for at in range(0, len(image), _PAGE) if image[at : at + _PAGE] != _ERASED]
    blocks = sorted({at // _BLOCK for at in pages})
    telling = [block for block in blocks if b"setpoint 1 " in image[block * _BLOCK : (block + 1) * _BLOCK]]
    if chance.random() < 0.6:
        blocks = telling  # documents, or what they were; the journal leaves many more behind
    done = []
    for block in chance.sample(blocks, min(len(blocks), chance.choice((1, 1, 2, 3)))):
        at = chance.choice([page for page in pages if page // _BLOCK == block]) + chance.randrange(_PAGE)
        if kind == "torn blocks":
            end = (block + 1) * _BLOCK
            image[at:end] = chance.choice((b"\xff", b"\0")) * (end - at)
            done.append("block %d torn at %d" % (block, at % _BLOCK))
        else:
            for _ in range(chance.choice((1, 2, 8))):
                image[at] ^= 1 << chance.randrange(8)
            done.append("block %d, byte %d" % (block, at % _BLOCK))
    return ", ".join(done)


def surviving(image: bytes) -> dict[int, float] | None:
    """What can still be read, by another program than the station: {profile: its amperes}, None where nothing mounts."""
    context = littlefs.UserContext(len(image))
    context.buffer[:] = image
    files = littlefs.LittleFS(context=context, mount=False, block_size=_BLOCK, block_count=len(image) // _BLOCK, read_size=_PAGE, prog_size=_PAGE)
    found: dict[int, float] = {}
    try:
        files.mount()
    except littlefs.LittleFSError:
        return None
    for number, amps in _SENT.items():
        newest = max((_version(files, "/state/profile-%d.%s" % (number, slot)) for slot in "ab"), default=0)
        if newest:
            found[number] = amps[newest - 1]
    return found


def _version(files: littlefs.LittleFS, path: str) -> int:
    """The number of the write that a document's file holds whole (firmware/setpoint/store/documents.py); 0: none."""
    try:
        with files.open(path, "rb") as file:
            content = file.read()
    except (littlefs.LittleFSError, OSError):
        return 0
    found = re.fullmatch(rb"setpoint 1 ([0-9a-f]{8}) ((\d+)\n.*)", content, re.DOTALL)
    if found is None or crc32(found.group(2)) != int(found.group(1), 16):
        return 0
    return int(found.group(3))


def _check(bench: Bench, left: dict[int, float] | None) -> None:
    there = set(bench.profiles())
    if there != set(left or ()):
        raise Lost("profiles %s are in force, and the flash still has %s" % (sorted(there), left))
    bench.check_limit({round(10 * left[max(left)])} if left else {INSTALLED_DA})
    if left is None and not [line for line in bench.station.log if "cannot be mounted" in line]:
        raise Lost("the flash cannot be mounted, and the log says nothing")
    new = {"connectorId": 1, "csChargingProfiles": profile(3, 7)}
    status = bench.central.call("SetChargingProfile", new)["status"]
    if status != "Accepted":
        raise Lost("a new profile is %s" % status)
    bench.check_limit({70})
    if bench.station.connector()["transaction"] is None:
        bench.station.cmd("swipe", tag="OTHER")
    bench.station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"] and state["connectors"][0]["meter"]["amps"] == 7)
    bench.check_traffic()


def trials(folder: Path, interpreter: list[str], count: int, seed: int) -> Iterator[tuple[str, str, str | None]]:
    """(kind, what was damaged, what went wrong or None)."""
    chance = random.Random(seed)
    bench = Bench(folder, interpreter)
    try:
        _prepare(bench)
        for number in range(count):
            bench.restore_flash()
            kind = KINDS[number % len(KINDS)]
            image = bytearray((folder / "flash" / "flash.img").read_bytes())
            done = damage(image, kind, chance)
            (folder / "flash" / "flash.img").write_bytes(image)
            bench.station.log.clear()
            bench.central.messages.clear()
            trouble = None
            try:
                bench.start()
                _check(bench, surviving(bytes(image)))
            except (Lost, *_GONE) as found:
                trouble = str(found)
            bench.station.kill()
            yield kind, done, trouble
    finally:
        bench.close()
