"""Runs under MicroPython: cuts the power of a flash chip at every one of its operations while the
dim log grows.

    micropython dim_power_cut.py FIRMWARE TROUBLE

The chip is that of fakes/nor_flash.py. Exit code 0 and a closing line with figures, or a traceback
that says at which operation what was lost."""

import gc
import sys

import vfs

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 1)[0], __file__.rsplit("/", 2)[0] + "/fakes"]

from nor_flash import FAILS, WORN  # noqa: E402
from store_power_cut import file_system, formatted  # noqa: E402

from setpoint import dim_log  # noqa: E402

FOLDER = "/flash/dim"


def prepared(count):
    """A chip with so many records."""
    flash = formatted()
    vfs.mount(file_system(flash), "/flash")
    for first in range(0, count, 32):
        dim_log.keep(FOLDER, [record(i) for i in range(first, min(first + 32, count))])
    vfs.umount("/flash")
    return flash


def record(number):
    return ("BE"[number % 2], 218203200 + number * 3600, 0)


def last_line():
    count, last = 0, None
    for line in dim_log.lines(FOLDER):
        count += 1
        last = line
        assert "damaged" not in line, line
    return count, last


def trouble_at_every_operation(count, trouble):
    """Two more records. Returns how many operations of the chip that takes."""
    image = prepared(count)
    operation = 0
    while True:
        where = (trouble, count, operation)
        flash = image.copy()
        vfs.mount(file_system(flash), "/flash")
        before = last_line()
        flash.power_up()
        flash.trouble, flash.left = trouble, operation
        written = False
        try:
            dim_log.keep(FOLDER, [record(count), record(count + 1)])
            written = True
        except OSError:
            pass
        happened = flash.left < 0
        if trouble in (FAILS, WORN):  # the station goes on
            _check(last_line(), before, written, where)
        vfs.umount("/flash")
        flash.power_up()
        vfs.mount(file_system(flash), "/flash")
        _check(last_line(), before, written, where)
        dim_log.keep(FOLDER, [record(count + 2)])
        assert last_line()[1].endswith((" begin", " end")[count % 2]), where
        vfs.umount("/flash")
        gc.collect()
        if not happened:
            return operation
        operation += 1


def _check(after, before, written, where):
    """Both or none are there; the oldest file may have gone."""
    if after[1] == before[1]:
        assert not written, where
    else:
        assert after[0] == before[0] + 2 or before[0] == 13 * 256, (where, before, after)
        assert after[1] is not None


if __name__ == "__main__":
    operations = 0
    # The first ones, some, a file's last ones, the first of the next file, and a full log
    counts = (0, 6, 100, 254, 256, 13 * 256)
    for count in counts:
        operations += trouble_at_every_operation(count, sys.argv[2])
    print(
        "%s: %d additions, trouble at each of %d operations"
        % (sys.argv[2], len(counts), operations)
    )
