"""Runs under MicroPython: cuts the power of a flash chip at every one of its operations while the
local list changes, and counts what a change and a look-up cost the chip.

    micropython records_power_cut.py FIRMWARE SCENARIO

The chip is in RAM, with the sizes of an ESP32's flash and MicroPython's littlefs on it. Exit code 0
and a closing line with figures, or a traceback that says at which operation what was lost."""

import gc
import os
import sys

import vfs

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 2)[0] + "/fakes", __file__.rsplit("/", 1)[0]]

from nor_flash import BLOCK, FAILS, WORN, NorFlash  # noqa: E402
from store_power_cut import Mounted, file_system, fill, formatted  # noqa: E402

from setpoint.sessions import local_list  # noqa: E402
from setpoint.store.files import recover_by  # noqa: E402

LENGTHS = (0, 1, 9, 90, 180)  # cards: none, in the folder's log, in one block, in two, in three


class Recovering(Mounted):
    """Mounts the chip, and after an error of it anew, as the app does where there is power."""

    def __enter__(self):
        recover_by(self._remount, None)
        return Mounted.__enter__(self)

    def _remount(self):
        if not self.flash.dead:
            vfs.umount("/flash")
            vfs.mount(file_system(self.flash), "/flash")


class Facts:
    """What local_list asks of a station's facts."""

    now = 0
    settings = {
        "LocalAuthListEnabled": True,
        "LocalAuthListMaxLength": 500,
        "SendLocalListMaxLength": 500,
    }

    def __init__(self):
        self.failures = []
        self.charge_point = self

    def on_fault(self, *arguments):
        pass

    def log(self, level, sentence):
        pass

    def storage_failed(self, sentence):
        self.failures.append(sentence)


def tag(number):
    return "CARD%06d" % number


def full(version, numbers):
    infos = [{"status": "Accepted", "parentIdTag": "v%d" % version} for _ in numbers]
    cards = {"idTag": [tag(number) for number in numbers], "idTagInfo": infos}
    return {"updateType": "Full", "listVersion": version, "localAuthorizationList": cards}


def differential(version, added, removed):
    request = full(version, added)
    request["updateType"] = "Differential"
    cards = request["localAuthorizationList"]
    cards["idTag"] += [tag(number) for number in removed]
    cards["idTagInfo"] += [None] * len(removed)
    return request


def change(documents, request):
    return local_list.change(Facts(), documents, request)


def found(documents, most):
    """The whole list: its version, and {number: the version in which its card came}."""
    version = local_list.version(Facts(), documents)
    cards = {}
    for number in range(most):
        known = local_list.look_up(Facts(), documents, tag(number))
        if known is not None:
            assert known[0] == "Accepted", (number, known)
            cards[number] = int(known[1][1:])
    return version, cards


def changes(length):
    """(what is done, the list before and after) for each kind of change of so many cards."""
    before = (1, {number: 1 for number in range(0, 2 * length, 2)}) if length else (0, {})
    yield full(2, range(length + 3)), before, (2, {number: 2 for number in range(length + 3)})
    yield full(2, []), before, (0, {})
    after = {number: 1 for number in range(4, 2 * length, 2)}
    after[1] = after[2 * length + 1] = 2
    yield differential(2, [1, 2 * length + 1], [0, 2]), before, (2, after)


def prepared(length, history):
    """A chip with a list of so many cards that was written `history` times, and a neighbour."""
    flash = formatted()
    with Recovering(flash) as documents:
        documents.write("neighbour", ["x" * 300])
        for number in range(history + 1):
            cards = range(0, 2 * length, 2) if number == history else range(length + 1)
            assert change(documents, full(1 if number == history else 9 + number, cards)) == (
                "Accepted"
            )
    return flash


def trouble_at_every_operation(image, request, before, after, trouble):
    """Changes the list once for each of the chip's operations that the change needs. Returns how
    many these are."""
    most = max([0] + list(before[1]) + list(after[1])) + 2
    operation = 0
    while True:
        where = (trouble, operation, request["updateType"], len(before[1]))
        flash = image.copy()
        with Recovering(flash) as documents:
            flash.power_up()
            flash.trouble, flash.left = trouble, operation
            try:
                answer = change(documents, request)
            except OSError:  # of the cache, after the list
                answer = None
            happened = flash.left < 0
            if trouble in (FAILS, WORN):  # the station goes on
                now = found(documents, most)
                assert now == (after if answer == "Accepted" else before), (where, answer, now)
        flash.power_up()
        with Recovering(flash) as documents:
            now = found(documents, most)
            if answer == "Accepted":
                assert now == after, (where, "accepted, and not there", now)
            elif trouble in (FAILS, WORN):
                assert now == before, (where, "failed, and there", now)
            else:
                assert now in (before, after), (where, now)
            assert documents.read("neighbour") == ["x" * 300], where
            again = full(20, [1, 3])
            assert change(documents, again) == "Accepted", where
            assert found(documents, 5) == (20, {1: 20, 3: 20}), where
            names = os.listdir("/flash/state")
            assert [name for name in names if name.endswith(".new")] == [], where
        gc.collect()
        if not happened:
            return operation
        operation += 1


def run(trouble):
    operations = kinds = 0
    for length in LENGTHS:
        for history in (0, 1, 2, 20) if length < 10 else (0, 1):
            image = prepared(length, history)
            for request, before, after in changes(length):
                operations += trouble_at_every_operation(image, request, before, after, trouble)
                kinds += 1
    print("%s: %d changes, trouble at each of %d operations" % (trouble, kinds, operations))


def full_chip():
    """On a full chip a change fails, the list stays, and room makes the next one work."""
    flash = formatted()
    with Recovering(flash) as documents:
        assert change(documents, full(1, range(100))) == "Accepted"
        fillers = fill()
        for version in range(2, 12):
            assert change(documents, full(version, range(0, 200, 2))) == "Failed"
            assert change(documents, differential(version, range(100, 150), [0])) == "Failed"
            assert found(documents, 210) == (1, {number: 1 for number in range(100)})
            assert local_list.look_up(Facts(), documents, tag(99)) == ("Accepted", "v1")
        for filler in fillers:
            os.remove(filler)
        assert change(documents, differential(12, range(100, 150), [0])) == "Accepted"
        assert found(documents, 160)[0] == 12
    print("full: refused, and the old one stays")


class Counting(NorFlash):
    """Counts what is read of it."""

    def power_up(self):
        NorFlash.power_up(self)
        self.reads = self.bytes_read = 0

    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        self.bytes_read += len(buffer)
        return NorFlash.readblocks(self, block, buffer, offset)


def cost():
    """500 cards, sent 32 by 32; a change; look-ups."""
    flash = formatted(Counting(208))
    with Recovering(flash) as documents:
        for number in range(0, 500, 32):
            cards = range(2 * number, 2 * min(number + 32, 500), 2)
            request = differential(number + 1, cards, []) if number else full(1, cards)
            assert change(documents, request) == "Accepted"
        print(
            "500 cards in 16 messages: %d bytes programmed, %d blocks erased"
            % (flash.programmed, flash.erases)
        )
        flash.power_up()
        assert change(documents, differential(900, [1], [500])) == "Accepted"
        programmed, erases = flash.programmed, flash.erases
        print("one card of 500: %d bytes programmed, %d blocks erased" % (programmed, erases))
        assert programmed <= 500 * 48 * 11 // 10 and erases <= 500 * 48 // BLOCK + 3
        flash.power_up()
        most = most_bytes = 0
        for number in range(1000):
            reads, read = flash.reads, flash.bytes_read
            known = local_list.look_up(Facts(), documents, tag(number))
            assert (known is not None) == (number == 1 or number % 2 == 0 and number not in (500,))
            most = max(most, flash.reads - reads)
            most_bytes = max(most_bytes, flash.bytes_read - read)
        print(
            "a look-up among 500: %d reads of flash, %d bytes; at most %d and %d"
            % (flash.reads // 1000, flash.bytes_read // 1000, most, most_bytes)
        )
        assert most <= 64 and (flash.programmed, flash.erases) == (0, 0)


if __name__ == "__main__":
    scenario = sys.argv[2]
    if scenario == "full":
        full_chip()
    elif scenario == "cost":
        cost()
    else:
        run(scenario)
