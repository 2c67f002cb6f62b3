"""Runs under MicroPython: cuts the power of a flash chip at every one of its operations while the
page's list of sessions grows.

    micropython sessions_power_cut.py FIRMWARE TROUBLE

The chip is that of fakes/nor_flash.py. Exit code 0 and a closing line with figures, or a traceback
that says at which operation what was lost."""

import gc
import sys

import vfs

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 1)[0], __file__.rsplit("/", 2)[0] + "/fakes"]

from nor_flash import FAILS, WORN  # noqa: E402
from store_power_cut import file_system, formatted  # noqa: E402

from setpoint.page import sessions  # noqa: E402

FOLDER = "/flash/sessions"
IN_FILE = 97
SHOWN = 3  # of the newest


def session(number):
    return (number, 1, 1000 * number, 1000 * number + 500, 100 + number, "Local", "CARD%d" % number)


def prepared(count):
    """A chip with so many sessions."""
    flash = formatted()
    vfs.mount(file_system(flash), "/flash")
    for number in range(count):
        sessions.add(FOLDER, [session(number)])
    vfs.umount("/flash")
    return flash


def newest():
    """(number, Wh) of the newest."""
    found = []
    for record in sessions.newest(FOLDER):
        found.append((record[0], record[4]))
        if len(found) == SHOWN:
            break
    return found


def trouble_at_every_operation(count, trouble):
    """A session more, and its last reading. Returns how many operations of the chip that takes."""
    image = prepared(count)
    operation = 0
    while True:
        where = (trouble, count, operation)
        flash = image.copy()
        vfs.mount(file_system(flash), "/flash")
        before = newest()
        flash.power_up()
        flash.trouble, flash.left = trouble, operation
        written = 0
        try:
            sessions.add(FOLDER, [session(count)])
            written = 1
            sessions.add(FOLDER, [(1, 7)])
            written = 2
        except OSError:
            pass
        happened = flash.left < 0
        if trouble in (FAILS, WORN):  # the station goes on
            check(before, count, written, where)
        vfs.umount("/flash")
        flash.power_up()
        vfs.mount(file_system(flash), "/flash")
        check(before, count, written, where)
        sessions.add(FOLDER, [session(count + 1)])
        assert newest()[0] == (count + 1, 101 + count), where
        vfs.umount("/flash")
        gc.collect()
        if not happened:
            return operation
        operation += 1


def check(before, count, written, where):
    """What was written is there, and what was being written is there or not."""
    first, second = (count, 100 + count), (count, 107 + count)
    may = ([before, [first] + before, [second] + before])[written : written + 2]
    after = newest()
    assert after in [one[:SHOWN] for one in may], (where, before, after)


if __name__ == "__main__":
    operations = 0
    # The first, some, a file's last, the first of the next file, and a full list
    counts = (0, 6, IN_FILE - 2, IN_FILE - 1, IN_FILE, 4 * IN_FILE)
    for count in counts:
        operations += trouble_at_every_operation(count, sys.argv[2])
    print(
        "%s: %d additions, trouble at each of %d operations"
        % (sys.argv[2], 2 * len(counts), operations)
    )
