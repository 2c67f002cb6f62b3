"""Runs under MicroPython: cuts the power of a flash chip at every one of its operations while the
journal grows.

    micropython journal_power_cut.py FIRMWARE TROUBLE

The chip is that of fakes/nor_flash.py. Exit code 0 and a closing line with figures, or a traceback
that says at which operation what was lost."""

import gc
import sys

import vfs

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 1)[0], __file__.rsplit("/", 2)[0] + "/fakes"]

from nor_flash import FAILS, WORN  # noqa: E402
from store_power_cut import file_system, formatted  # noqa: E402

from setpoint.store.journal import Journal  # noqa: E402

MOST = 4
LINE = "x" * 300


class Owner:
    def heading(self):
        return "0"

    def full(self):
        pass

    def keeps(self, text):
        return text[0] != "0" and int(text.split(" ")[0]) % 2 == 0


def numbers(journal):
    """Each once: after a cut in the middle of thinning lines stand twice."""
    found = []
    line = journal.read(0, 0)
    while line is not None:
        number = int(line[0].split(" ")[0])
        if number > (found[-1] if found else 0):
            found.append(number)
        line = journal.read(line[1], line[2])
    return found


def mounted(flash):
    vfs.mount(file_system(flash), "/flash")
    journal = Journal("/flash/journal", MOST)
    journal.marks()
    return journal, numbers(journal)


def grow(journal, first, count):
    journal.append(["%d %s" % (number, LINE) for number in range(first, first + count)], Owner())


def prepared(history):
    """A chip with a journal of so many lines, written in pairs."""
    flash = formatted()
    journal, _ = mounted(flash)
    for number in range(1, history + 1, 2):
        grow(journal, number, 2)
    journal.mark("1")
    vfs.umount("/flash")
    return flash


def trouble_at_every_operation(history, trouble):
    """Two more lines, and a mark. Returns how many operations of the chip that takes."""
    image = prepared(history)
    operation = 0
    while True:
        where = (trouble, history, operation)
        flash = image.copy()
        journal, before = mounted(flash)
        flash.power_up()
        flash.trouble, flash.left = trouble, operation
        written = marked = False
        try:
            grow(journal, history + 1, 2)
            written = True
            journal.mark("2")
            marked = True
        except OSError:
            pass
        happened = flash.left < 0
        if trouble in (FAILS, WORN):  # the station goes on
            _check(numbers(journal), before, history, written, where)
        vfs.umount("/flash")
        flash.power_up()
        journal, after = mounted(flash)
        _check(after, before, history, written, where)
        marks = journal.marks()
        assert "1" in marks and (not marked or "2" in marks), (where, marks)
        grow(journal, 1001, 2)
        assert numbers(journal)[-2:] == [1001, 1002], where
        vfs.umount("/flash")
        gc.collect()
        if not happened:
            return operation
        operation += 1


def _check(after, before, history, written, where):
    new = [number for number in after if number > history]
    assert new == [history + 1, history + 2] or (new == [] and not written), (where, new)
    assert [n for n in before if n % 2 == 0 and n not in after] == [], (where, before, after)


if __name__ == "__main__":
    operations = 0
    # In a segment, at its end, thinned for the first time, and again
    histories = (2, 12, 38, 48, 50, 62)
    for history in histories:
        operations += trouble_at_every_operation(history, sys.argv[2])
    print(
        "%s: %d additions, trouble at each of %d operations"
        % (sys.argv[2], len(histories), operations)
    )
