"""The chip's flash between the port and littlefs: what fails there costs nobody a document
(board/flash.py)."""

import errno
import os

import micropython
from esp32_bench import CHIP, boot
from flashbdev import bdev
from memory import bytes_taken
from vfs import VfsLfs2, mount, umount

from setpoint.board import flash
from setpoint.store import files
from setpoint.store.documents import Documents
from setpoint.store.journal import Journal

HAS_LITTLEFS = hasattr(VfsLfs2, "mkfs")  # CPython has none

# More than littlefs keeps in the folder's own log
OLD, NEW = {"amps": 32}, {"amps": 6, "text": "x" * 700}


class Chip:
    """A file system on the chip at /chip, as a board mounts it, with two documents and a line in
    the journal."""

    def __enter__(self):
        CHIP.start()
        self.board, _ = boot()
        self.board.root = "/chip"
        self.resets = 0
        VfsLfs2.mkfs(bdev)
        mount(bdev, "/chip")
        self.board.remount()
        files.recover_by(self.board.remount, self.reset)
        documents = Documents("/chip/state")
        documents.write("settings", {"a": "1"})
        for value in (OLD, NEW):
            documents.write("profile-1", value)
        Journal("/chip/journal").append(["started"], self)
        return self

    def __exit__(self, *error):
        bdev.fail(1, 0)
        files.recover_by(None, None)
        mounted_again(self)
        umount("/chip")

    def heading(self):
        return "heading"

    def reset(self):
        self.resets += 1
        raise Reset

    def look(self):
        """What a start makes of it."""
        self.board.remount()
        documents, journal = Documents("/chip/state"), Journal("/chip/journal")
        found = [documents.names(), documents.read("profile-1"), documents.read("settings", {})]
        found += [
            journal.read(0, 0)[0],
            journal.read(1, 0)[0],
            documents.problems + journal.problems,
        ]
        return found


class Reset(Exception):
    pass


WHOLE = [["profile-1", "settings"], NEW, {"a": "1"}, "heading", "heading", []]


def test_a_read_that_fails_brings_no_older_profile_back():
    if not HAS_LITTLEFS:
        return
    with Chip() as chip:
        before = bdev.operations
        assert chip.look() == WHOLE
        reads = bdev.operations - before
        assert reads >= 38
        for times in (1, 2, 3):
            for at in range(1, reads + 1):
                bdev.fail(at, times)
                if times < 3:  # littlefs does not hear of it
                    assert chip.look() == WHOLE, (times, at)
                else:
                    try:
                        chip.look()
                    # What littlefs makes of a read that failed cannot be told
                    except (OSError, IndexError, TypeError, Reset):
                        pass
                bdev.fail(1, 0)
                mounted_again(chip)
                assert chip.look() == WHOLE, (times, at, "afterwards")
                assert not [name for name in os.listdir("/chip/state") if name.endswith(".bad")], (
                    times,
                    at,
                )


def test_a_chip_that_cannot_be_read_at_all_loses_nothing():
    if not HAS_LITTLEFS:
        return
    with Chip() as chip:
        before = bdev.operations
        chip.look()
        for at in range(1, bdev.operations - before + 1):
            bdev.fail(at, 1 << 20)
            try:
                assert chip.look() != WHOLE, "nothing was noticed"
            except (Reset, OSError):
                pass
            bdev.fail(1, 0)
            mounted_again(chip)
            assert chip.look() == WHOLE, at


def mounted_again(chip):
    """As after a restart."""
    try:
        chip.board.remount()
    except OSError:  # a mount that failed left nothing mounted
        mount(flash.before(bdev), "/chip")


def test_a_write_that_fails_is_an_error_that_has_a_name_and_leaves_the_document_before():
    if not HAS_LITTLEFS:
        return
    with Chip() as chip:
        failed = 0
        for at in range(1, 60):
            documents = Documents("/chip/state")
            assert documents.read("profile-1") == NEW
            bdev.fail(at, 3)
            try:
                documents.write("profile-1", OLD)
                bdev.fail(1, 0)
                documents.write("profile-1", NEW)
            except OSError as error:
                assert error.errno == errno.EIO, (at, error)
                failed += 1
            bdev.fail(1, 0)
            assert chip.look() == WHOLE, at
        assert failed


def test_whatever_the_port_raises_littlefs_gets_a_number():
    class Port:
        left = 0

        def fails(self, *arguments):
            self.left -= 1
            if self.left >= 0:
                raise self.error
            return None

        readblocks = writeblocks = ioctl = fails

    port = Port()
    assert flash.before(port) is flash
    for error in (
        OSError(-0x6001),
        OSError(-0x102, "ESP_ERR_INVALID_ARG"),
        OSError(errno.EIO),
        MemoryError(),
        KeyboardInterrupt(),
    ):
        port.error = error
        for function, arguments, tries in (
            (flash.readblocks, (1, bytearray(4), 0), 3),
            (flash.writeblocks, (1, bytearray(4), 0), 1),
            (flash.ioctl, (6, 1), 1),
        ):
            for fails in range(5):
                port.left = fails
                assert (function(*arguments) or 0) == (0 if fails < tries else -errno.EIO), (
                    error,
                    function,
                    fails,
                )


class Quick:
    """A device as quick as the chip's, which is C: it has no jump in its bytecode at which anything
    else could run."""

    def __init__(self):
        self.seen = []

    def readblocks(self, block, buffer, offset):
        self.seen.append(block)
        micropython.schedule(self.seen.append, "step")

    writeblocks = readblocks

    def ioctl(self, operation, argument):
        self.readblocks(argument, None, 0)
        return 0


def test_the_control_step_gets_its_turn_after_each_read_write_and_erasure_of_one_call_of_littlefs():
    if not HAS_LITTLEFS:
        return
    buffers = [bytearray(4)] * 3
    for function, arguments in (
        (flash.readblocks, ((1, 2, 3), buffers, (0, 0, 0))),
        (flash.writeblocks, ((1, 2, 3), buffers, (0, 0, 0))),
        (flash.ioctl, ((6, 6, 6), (1, 2, 3))),
    ):
        quick = Quick()
        flash.before(quick)
        list(map(function, *arguments))  # C calls it, as littlefs does
        assert quick.seen == [1, "step", 2, "step", 3, "step"], (function, quick.seen)


def test_reads_writes_and_erasures_take_no_memory():
    class Still:
        def readblocks(self, block, buffer, offset):
            pass

        writeblocks = readblocks

        def ioctl(self, operation, argument):
            return 0

    flash.before(Still())
    buffer = bytearray(4)

    def work():
        for _ in range(100):
            flash.readblocks(1, buffer, 0)
            flash.writeblocks(1, buffer, 0)
            flash.ioctl(6, 1)

    assert bytes_taken(work) == 0


def test_a_document_that_the_chip_does_not_give_for_now_is_neither_set_aside_nor_written_over():
    from setpoint.store import documents as store

    not_now = OSError(errno.EIO, "not now")
    folder = "%s/setpoint-unread" % (os.getenv("TMPDIR") or "/tmp")
    documents = Documents(folder)
    try:
        documents.write("profile-1", OLD)
        documents.write("profile-1", NEW)
        for gone in ("profile-1.b", "profile-1.a"):

            def opens(path, mode):
                if path.endswith(gone):
                    raise not_now
                return open(path, mode)

            store.open = opens
            again = Documents(folder)
            try:
                assert again.read("profile-1") == (OLD if gone.endswith("b") else NEW)
                assert again.problems == [
                    "%s/%s cannot be read for now (%s)." % (folder, gone, not_now)
                ]
                for change in (
                    lambda: again.write("profile-1", {"amps": 10}),
                    lambda: again.remove("profile-1"),
                ):
                    assert refused(change), "it would come back"
            finally:
                del store.open
            assert Documents(folder).read("profile-1") == NEW
            assert sorted(os.listdir(folder)) == ["profile-1.a", "profile-1.b"]
    finally:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
        os.rmdir(folder)


def refused(change):
    try:
        change()
    except OSError as error:
        return error.errno == errno.EIO
    return False
