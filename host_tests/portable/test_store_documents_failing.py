"""Documents on flash that fails: full, unreadable, or out of memory in the middle."""

import errno
import os

from folders import files, in_a_folder, raises, understood, while_flash_is_full

from setpoint.store import documents as store
from setpoint.store import files as changes
from setpoint.store.documents import Documents


def test_a_failed_write_leaves_the_old_document_in_force():
    # A folder in the place of the file: a write that fails on every file system.
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        os.mkdir(folder + "/a.b")
        os.mkdir(folder + "/a.bad")  # so that the other cannot be set aside
        for again in (documents, documents, Documents(folder)):
            assert raises(OSError, again.write, "a", ["new"])
            assert again.read("a") == ["old"]
        os.rmdir(folder + "/a.b")
        assert documents.write("a", ["new"]) and documents.write("a", ["newer"])
        assert Documents(folder).read("a") == ["newer"]

    in_a_folder(test)


def no_memory(*arguments):
    raise MemoryError


def test_a_document_that_flash_took_in_part_is_not_said_to_be_written_and_leaves_nothing():
    def test(folder):
        documents = Documents(folder)
        for number in range(3):
            assert while_flash_is_full(documents.write, "a%d" % number, ["new"])
        assert files(folder) == [] and documents.read("a0") is None
        for last in (["first"], ["second"], ["third"]):
            assert documents.write("a", last)
            assert while_flash_is_full(documents.write, "a", ["new"])
            assert documents.read("a") == Documents(folder).read("a") == last

    in_a_folder(test)


def test_what_is_written_and_removed_without_a_fault_mounts_nothing_anew():
    def test(folder):
        seen = []
        changes.recover_by(lambda: seen.append("mounted"), None)
        try:
            documents = Documents(folder)
            documents.write("a", 1)
            documents.write("a", 2)
            documents.remove("a")
            documents.remove("a")
            assert seen == []
            os.mkdir(folder + "/b")
            assert raises(OSError, changes.remove_file, folder + "/b") and seen == ["mounted"]
        finally:
            changes.recover_by(None, None)

    in_a_folder(test)


def dead_chip(*arguments):
    raise OSError(errno.EIO, "never")


def test_a_chip_that_cannot_be_read_at_all_is_no_absent_document():
    def test(folder):
        assert raises(OSError, changes.patiently, dead_chip)
        documents = Documents(folder)
        documents.write("a", 1)
        store.open = dead_chip
        try:
            assert documents.read("a") is None
        finally:
            del store.open
        assert "cannot be read" in documents.problems[0]

    in_a_folder(test)


def test_a_document_that_is_not_understood_and_cannot_be_set_aside_is_not_asked_for_ever():
    def test(folder):
        documents = Documents(folder)
        documents.write("x", [1])
        os.mkdir(folder + "/x.bad")
        assert documents.read("x", None, understood) is None

    in_a_folder(test)


def test_a_removal_that_is_cut_off_does_not_bring_back_the_document_before():
    def test(folder):
        gone = []

        def only_once(path):
            if gone:
                raise OSError(errno.EIO)
            gone.append(path)
            os.remove(path)

        remove_file = store.remove_file
        for writes in (2, 3):
            documents = Documents(folder)
            for value in range(writes):
                documents.write("a", value)
            gone.clear()
            store.remove_file = only_once
            try:
                assert raises(OSError, documents.remove, "a")
            finally:
                store.remove_file = remove_file
            assert Documents(folder).read("a") == writes - 1
            documents.remove("a")
            assert files(folder) == []

    in_a_folder(test)


def no_file_system(*arguments):
    raise OSError(19)


def test_a_file_system_that_cannot_be_mounted_again_resets_the_board():
    seen = []
    changes.recover_by(no_file_system, lambda: seen.append("reset"))
    try:
        assert raises(OSError, changes.write_file, "no-such-folder/x", "wb", b"x")
        assert seen == ["reset"]
    finally:
        changes.recover_by(None, None)


def test_where_memory_ends_while_a_file_is_written_the_file_system_is_mounted_anew_or_the_board_reset():
    seen = []
    changes.recover_by(lambda: seen.append("mounted"), lambda: seen.append("reset"))
    changes.open = no_memory
    try:
        assert raises(MemoryError, changes.write_file, "x", "wb", b"x")
        assert seen == ["mounted"]
        changes.recover_by(no_memory, lambda: seen.append("reset"))
        assert raises(MemoryError, changes.write_file, "x", "wb", b"x")
        assert seen == ["mounted", "reset"]
    finally:
        changes.recover_by(None, None)
        del changes.open


def test_a_chip_that_cannot_be_read_for_a_moment_is_asked_again_on_a_file_system_mounted_anew():
    seen = []

    def read(path):
        seen.append(path)
        if seen.count(path) < 3:
            raise OSError(errno.EIO, "not now")
        return "there"

    changes.recover_by(lambda: seen.append("mounted"), None)
    try:
        assert changes.patiently(read, "x") == "there"
        assert seen == ["x", "mounted", "x", "mounted", "x"]
        assert raises(OSError, changes.patiently, no_file_system)
    finally:
        changes.recover_by(None, None)


def test_what_is_damaged_or_not_there_is_not_asked_for_again():
    seen = []

    def absent():
        seen.append("read")
        raise OSError(errno.ENOENT, "none")

    assert raises(OSError, changes.patiently, absent) and seen == ["read"]


class Crowded(Documents):
    """On a flash of which the rest is the journal's."""

    def has_room(self):
        return False


def test_on_a_crowded_flash_a_rewrite_takes_no_room_and_last_good_copies_stay():
    def test(folder):
        Documents(folder).write("old", 1)
        Documents(folder).write("old", 2)
        documents = Crowded(folder)
        documents.write("new", 1)
        for value in (2, 3, 4):
            assert documents.write("new", value) and documents.write("old", value + 1)
            assert len(files(folder)) == 3, "two of old, one of new"
            assert Documents(folder).read("new") == value
            assert Documents(folder).read("old") == value + 1
        assert Documents(folder).has_room(), "of this host"

    in_a_folder(test)
