"""Runs under MicroPython: cuts the power of a flash chip at every one of its operations while a
document changes.

    micropython store_power_cut.py FIRMWARE SCENARIO

The chip is in RAM, with the sizes of an ESP32's flash and MicroPython's littlefs on it. Exit code 0
and a closing line with figures, or a traceback that says at which operation what was lost."""

import gc
import os
import sys

import vfs

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 2)[0] + "/fakes"]

from nor_flash import BLOCK, FAILS, WORN, NorFlash  # noqa: E402

from setpoint.store.documents import Documents  # noqa: E402

READ, PROG = 128, 32  # as board/flash.py has them
IN_LOG = 4 * READ  # bytes of a file that lies in the folder's log
FOLDER = "/flash/state"
ENOSPC = 28  # no name for it in MicroPython's errno
NEIGHBOURS = ("configuration", "profile-2")


def file_system(flash):
    return vfs.VfsLfs2(flash, readsize=READ, progsize=PROG, lookahead=32)


def formatted(flash=None):
    flash = flash or NorFlash()
    vfs.VfsLfs2.mkfs(flash, readsize=READ, progsize=PROG, lookahead=32)
    return flash


class Mounted:
    def __init__(self, flash):
        self.flash = flash

    def __enter__(self):
        vfs.mount(file_system(self.flash), "/flash")
        return Documents(FOLDER)

    def __exit__(self, *_):
        vfs.umount("/flash")


def value(number, length):
    return {"number": number, "text": "x" * length}


def prepared(history, length):
    """A chip on which profile-1 was written `history` times, with neighbours."""
    flash = formatted()
    with Mounted(flash) as documents:
        for name in NEIGHBOURS:
            documents.write(name, value(name, 400))
        for number in range(history):
            documents.write("profile-1", value(number, length))
    return flash, value(history - 1, length) if history else None


def check_neighbours(documents, where):
    for name in NEIGHBOURS:
        assert documents.read(name) == value(name, 400), (where, name)


def change(documents, new):
    if new is None:
        documents.remove("profile-1")
    else:
        documents.write("profile-1", new)


def trouble_at_every_operation(image, old, new, trouble):
    """Changes profile-1 from `old` to `new` once for each of the chip's operations that the change
    needs.

    Returns how many these are, and how many of them erase.
    """
    operation = 0
    while True:
        where = (trouble, operation, old and old["number"])
        flash = image.copy()
        failed = False
        with Mounted(flash) as documents:
            # In half of the changes it was written in this life already
            if old is not None and old["number"] & 1:
                documents.write("profile-1", value("before", len(old["text"])))
                documents.write("profile-1", old)
            flash.power_up()
            flash.trouble, flash.left = trouble, operation
            try:
                change(documents, new)
            except OSError:
                failed = True
            happened = flash.left < 0
            erases = flash.erases
            if trouble in (FAILS, WORN):  # the station goes on
                now = documents.read("profile-1")
                assert now == (old if failed and new is not None else now if failed else new), (
                    where,
                    failed,
                    now,
                )
                check_neighbours(documents, where)
        flash.power_up()
        with Mounted(flash) as documents:
            found = documents.read("profile-1")
            if not failed:
                assert found == new, (where, "answered, and not there", found)
            elif trouble in (FAILS, WORN) and new is not None:
                assert found == old, (where, "refused, and there", found)
            else:
                assert found == old or found == new, (where, found)
            check_neighbours(documents, where)
            assert documents.problems == [], (where, documents.problems)
            assert documents.names() == sorted(
                NEIGHBOURS + (("profile-1",) if found is not None else ())
            ), where
            documents.write("profile-1", value("after", 400))
            assert documents.read("profile-1") == value("after", 400), where
            documents.remove("profile-1")
        flash.power_up()
        with Mounted(flash) as documents:
            assert documents.read("profile-1") is None, where
            check_neighbours(documents, where)
        gc.collect()
        if not happened:
            return operation, erases
        operation += 1


def run(trouble, histories, lengths, removing=False):
    operations = changes = compacted = 0
    for length in lengths:
        erases_of_data = 0 if removing or length < IN_LOG else 1 + length // BLOCK
        for history in histories:
            image, old = prepared(history, length)
            new = None if removing else value(history, length)
            some, erases = trouble_at_every_operation(image, old, new, trouble)
            operations += some
            changes += 1
            compacted += erases > erases_of_data
    print(
        "%s: %d changes, trouble at each of %d operations; the folder's log compacted in %d"
        % (trouble, changes, operations, compacted)
    )
    return compacted


def create(trouble):
    run(trouble, (0,), (0, 100, 700, 5000))


def replace(trouble):
    # The lengths: in the folder's log, one block, two blocks. So many histories that the log of the
    # folder is compacted in the middle of some of the changes.
    run(trouble, (1, 2, 3), (0, 100, 700, 5000))
    assert run(trouble, range(4, 24), (400,)) > 0
    assert run(trouble, range(4, 64), (700,)) > 0


def remove(trouble):
    run(trouble, (1, 2, 3), (0, 400, 700, 5000), True)
    assert run(trouble, range(40, 64), (700,), True) > 0


def fill():
    """Files of one block each, until no block is left. Returns their names."""
    fillers = []
    while True:
        fillers.append("/flash/filler-%d" % len(fillers))
        try:
            with open(fillers[-1], "wb") as filler:
                filler.write(b"x" * 3000)
        except OSError as error:
            assert error.errno == ENOSPC, error
            return fillers


def full():
    """A full chip is an OSError, the old document stays, and room makes the next write work."""
    for history in (0, 1, 2, 5):
        image, old = prepared(history, 400)
        with Mounted(image) as documents:
            fillers = fill()
            refused = 0
            for number in range(20):
                try:
                    documents.write("profile-1", value("new %d" % number, 3000))
                except OSError as error:
                    assert error.errno == ENOSPC, error
                    refused += 1
                else:
                    old = value("new %d" % number, 3000)
                assert documents.read("profile-1") == old, (history, number)
                check_neighbours(documents, history)
            assert refused >= 15, refused
            before = sorted(os.listdir(FOLDER))
            for number in range(20):
                try:
                    documents.write("another-%d" % number, value(number, 3000))
                except OSError as error:
                    assert error.errno == ENOSPC, error
                else:
                    documents.remove("another-%d" % number)
            assert sorted(os.listdir(FOLDER)) == before, "a refused document leaves nothing behind"
        with Mounted(image) as documents:
            assert documents.read("profile-1") == old, history
            check_neighbours(documents, history)
            assert documents.problems == [], documents.problems
            for filler in fillers:
                os.remove(filler)
            documents.write("profile-1", value("room", 3000))
            assert documents.read("profile-1") == value("room", 3000)
    print("full: refused, and the old one stays")


def cost():
    """What a rewrite costs the chip: the goal is at most one erased block, and at most 2 KiB
    programmed."""
    flash = formatted(NorFlash(64))
    names = ["profile-%d" % number for number in range(10)]
    with Mounted(flash) as documents:
        for number in range(30):
            documents.write(names[number % 10], value(number, 368))
        length = len(bytes(str(value(100, 368)), "utf-8"))
        most = compacted = 0
        flash.power_up()
        for number in range(100, 300):
            erases, programmed = flash.erases, flash.programmed
            documents.write(names[number * 7 % 10], value(number, 368))
            compacted += flash.erases > erases
            most = max(most, flash.programmed - programmed)
        erased = "%d.%03d" % (flash.erases // 200, flash.erases % 200 * 5)
        print(
            "rewrite of about %d bytes: %d bytes programmed, at most %d; %s blocks erased"
            % (length, flash.programmed // 200, most, erased)
        )
        print("the folder's log compacted in %d of 200" % compacted)
        assert flash.programmed <= 200 * 750 and most <= 2048
        assert flash.erases <= 200 * 0.2
        flash.power_up()
        for number in range(293, 300):
            assert documents.write(names[number * 7 % 10], value(number, 368)) is False
        assert (flash.writes, flash.erases) == (0, 0)


CHANGES = {"create": create, "replace": replace, "remove": remove}

if __name__ == "__main__":
    scenario = sys.argv[2]
    if scenario == "full":
        full()
    elif scenario == "cost":
        cost()
    else:
        change_name, trouble_name = scenario.split("-")
        CHANGES[change_name](trouble_name)
