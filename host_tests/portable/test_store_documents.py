"""Documents in a real folder: the file system of the machine that runs the tests."""

import errno
import os
from binascii import crc32

from setpoint.store import documents as store
from setpoint.store import files as changes
from setpoint.store.documents import Documents


def new_folder():
    number = 0
    while True:
        folder = "%s/setpoint-documents-%d" % (os.getenv("TMPDIR") or "/tmp", number)
        try:
            os.mkdir(folder)
            return folder
        except OSError:
            number += 1


def in_a_folder(test):
    """Calls `test(folder)`, and leaves nothing behind."""
    folder = new_folder()
    try:
        test(folder)
    finally:
        for file_name in os.listdir(folder):
            try:
                os.remove(folder + "/" + file_name)
            except OSError:
                os.rmdir(folder + "/" + file_name)
        os.rmdir(folder)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def files(folder):
    return sorted(os.listdir(folder))


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


def test_what_was_written_is_read_after_a_restart():
    def test(folder):
        value = {"id": 1, "limits": [[0, 160], [3600, 81]], "text": 'a "quoted" \u20ac line\n', "none": None, "yes": True}
        assert Documents(folder).write("profile-1", value) is True
        again = Documents(folder)
        assert again.read("profile-1") == value
        assert again.names() == ["profile-1"]
        assert again.problems == []

    in_a_folder(test)


def test_a_document_that_is_not_there_reads_as_none():
    def test(folder):
        documents = Documents(folder)
        assert documents.read("nothing") is None
        assert documents.names() == []
        documents.remove("nothing")
        assert documents.problems == []

    in_a_folder(test)


def test_the_folder_is_made_when_it_is_missing():
    def test(folder):
        os.rmdir(folder)
        documents = Documents(folder)
        assert documents.write("a", [1])
        assert Documents(folder).read("a") == [1]

    in_a_folder(test)


def test_a_folder_that_cannot_be_made_is_a_problem_and_not_the_end():
    def test(folder):
        documents = Documents(folder + "/missing/folder")
        assert len(documents.problems) == 1
        assert documents.read("a") is None
        assert raises(OSError, documents.write, "a", 1)

    in_a_folder(test)


def test_the_same_document_is_not_written_again():
    def test(folder):
        documents = Documents(folder)
        assert documents.write("a", [1, 2]) is True
        before = [(name, content(folder + "/" + name)) for name in files(folder)]
        assert documents.write("a", [1, 2]) is False
        assert Documents(folder).write("a", [1, 2]) is False
        assert [(name, content(folder + "/" + name)) for name in files(folder)] == before
        assert documents.write("a", [1, 3]) is True

    in_a_folder(test)


def test_an_equal_checksum_is_no_proof_of_an_equal_document():
    def test(folder):
        assert crc32(b"plumless") == crc32(b"buckeroo")
        documents = Documents(folder)
        for value in ("plumless", "buckeroo", "plumless"):
            assert documents.write("a", value) is True
            assert documents.write("a", value) is False
            assert Documents(folder).read("a") == value

    in_a_folder(test)


def test_documents_that_are_written_in_turn_keep_their_places():
    def test(folder):
        documents = Documents(folder)
        for number in range(5):
            assert documents.write("a", ["a", number]) and documents.write("b", ["b", number])
            assert documents.write("b", ["b", -number - 1]) and not documents.write("a", ["a", number])
            documents.remove("b")
            assert documents.read("b") is None and documents.write("b", 7)
            assert Documents(folder).read("a") == ["a", number] and Documents(folder).read("b") == 7

    in_a_folder(test)


def test_the_newest_of_many_writes_counts():
    def test(folder):
        documents = Documents(folder)
        for number in range(25):
            assert documents.write("a", {"number": number})
            assert documents.read("a") == {"number": number}
            assert Documents(folder).read("a") == {"number": number}
        assert files(folder) == ["a.a", "a.b"]

    in_a_folder(test)


def test_names_are_sorted_and_do_not_mix():
    def test(folder):
        documents = Documents(folder)
        for name in ("b", "profile-10", "a", "profile-1", "A"):
            documents.write(name, [name])
        put(folder + "/stranger.txt", b"x")
        put(folder + "/a.bad", b"x")
        put(folder + "/empty.a", b"")
        assert documents.names() == ["A", "a", "b", "profile-1", "profile-10"]
        for name in documents.names():
            assert documents.read(name) == [name]

    in_a_folder(test)


def test_a_removed_document_does_not_come_back():
    def test(folder):
        documents = Documents(folder)
        for number in range(3):
            documents.write("a", number)
            documents.write("b", number)
        documents.remove("a")
        assert documents.read("a") is None
        assert Documents(folder).names() == ["b"]
        assert documents.read("b") == 2
        documents.remove("a")
        assert documents.write("a", 7) is True
        assert documents.read("a") == 7

    in_a_folder(test)


def test_a_document_that_cannot_be_read_gives_way_to_the_last_good_copy():
    def test(folder):
        documents = Documents(folder)
        documents.write("neighbour", ["fine"])
        documents.write("a", ["old"])
        documents.write("a", ["new"])
        path = folder + "/a.b"
        whole = content(path)
        for damaged in (b"garbage", b"setpoint 2 00000000 9\n[]", b"setpoint 1 ", whole[:5], whole[:15], whole[:25], whole[:-1], whole + b" "):
            put(path, damaged)
            again = Documents(folder)
            assert again.read("a") == ["old"], damaged
            assert len(again.problems) == 1, damaged
            assert content(folder + "/a.bad") == damaged
            assert again.read("neighbour") == ["fine"], damaged
            assert again.write("a", ["newer"]) is True
            assert Documents(folder).read("a") == ["newer"], damaged

    in_a_folder(test)


def test_the_last_good_copy_that_took_its_place_is_not_written_over():
    def test(folder):
        documents = Documents(folder)
        for number in range(4):
            documents.write("a", number)
        put(folder + "/a.b", b"rubbish")  # the document
        assert documents.read("a") == 2
        copy = content(folder + "/a.a")
        assert documents.write("a", "new") is True
        assert content(folder + "/a.a") == copy and Documents(folder).read("a") == "new"

    in_a_folder(test)


def test_a_write_that_never_began_to_fill_its_file_is_no_problem():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        put(folder + "/a.b", b"")
        assert documents.read("a") == ["old"]
        assert documents.problems == []

    in_a_folder(test)


def test_every_flipped_bit_is_noticed():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        documents.write("a", ["new"])
        whole = content(folder + "/a.b")
        for i in range(len(whole)):
            put(folder + "/a.b", whole[:i] + bytes([whole[i] ^ (1 << (i % 8))]) + whole[i + 1 :])
            again = Documents(folder)
            assert again.read("a") == ["old"], i
            assert len(again.problems) == 1, i
            put(folder + "/a.b", whole)
        assert Documents(folder).read("a") == ["new"]

    in_a_folder(test)


def test_when_both_copies_are_lost_there_is_no_document_and_the_neighbours_stay():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        documents.write("a", ["new"])
        documents.write("neighbour", ["fine"])
        put(folder + "/a.a", b"rubbish")
        put(folder + "/a.b", b"rubbish")
        assert documents.read("a") is None
        assert len(documents.problems) == 2
        assert documents.read("neighbour") == ["fine"]
        assert documents.names() == ["neighbour"]
        assert documents.read("a") is None
        assert len(documents.problems) == 2  # set aside: reported once

    in_a_folder(test)


def test_a_checksum_over_something_that_is_not_json_gives_way_too():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        put(folder + "/a.b", b"setpoint 1 %08x " % (crc32(b"2\n{nan") & 0xFFFFFFFF) + b"2\n{nan")
        assert documents.read("a") == ["old"]
        assert len(documents.problems) == 1

    in_a_folder(test)


def test_problems_do_not_grow_without_end():
    def test(folder):
        documents = Documents(folder)
        for number in range(40):
            put(folder + "/a.a", b"rubbish %d" % number)
            assert documents.read("a") is None
        assert len(documents.problems) == 16
        assert files(folder) == ["a.bad"]

    in_a_folder(test)


def test_no_name_leads_out_of_the_folder():
    def test(folder):
        documents = Documents(folder)
        for name in ("", ".", "..", "../a", "a/b", "a.b", "a b", "\u00e4", "a\n", "a\0", "a" * 65, None, 1, b"a"):
            assert raises(ValueError, documents.read, name), name
            assert raises(ValueError, documents.write, name, [1]), name
            assert raises(ValueError, documents.remove, name), name
        assert files(folder) == []
        assert documents.write("a" * 64, [1])

    in_a_folder(test)


def test_what_json_cannot_express_is_refused_before_the_old_document_is_touched():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", ["old"])
        before = files(folder)
        for value in (None, object(), [print], {"a": {"b": object()}}):
            assert raises((ValueError, TypeError), documents.write, "a", value), value
        assert files(folder) == before
        assert documents.read("a") == ["old"]

    in_a_folder(test)


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


class Full:
    """A file on a file system that is full: it takes half of what is written."""

    def __init__(self, path, mode):
        self.file = open(path, mode)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        return self.file.write(content[: len(content) // 2])


def while_flash_is_full(call, *arguments):
    """True if that raises OSError."""
    changes.open = Full
    try:
        return raises(OSError, call, *arguments)
    finally:
        del changes.open


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


def test_what_others_leave_in_the_folder_is_no_document():
    def test(folder):
        Documents(folder).write("a", 1)
        for name in ("notes", "a b.a", "a.bad", ".a"):
            put(folder + "/" + name, b"x")
        assert Documents(folder).names() == ["a"]

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


def test_a_document_of_another_type_than_it_must_be_gives_way_to_the_one_before_or_to_none():
    def test(folder):
        documents = Documents(folder)
        documents.write("settings", {"a": "1"})
        documents.write("settings", ["of another version"])
        assert documents.read("settings", {}) == {"a": "1"}
        assert documents.problems and documents.read("settings", {}) == {"a": "1"}
        documents.write("availability", {})
        assert documents.read("availability", []) == []

    in_a_folder(test)


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


def understood(value):
    return value["name"].upper()


def test_a_document_that_its_owner_does_not_understand_gives_way_to_the_one_before_or_to_none():
    def test(folder):
        documents = Documents(folder)
        documents.write("x", {"name": "old"})
        for nonsense in ({}, [1], "name", 7):
            documents.write("x", nonsense)
            assert documents.read("x", None, understood) == "OLD", nonsense
        assert "x.bad" in files(folder) and documents.problems
        documents.write("y", [1])
        assert documents.read("y", None, understood) is None

    in_a_folder(test)


def test_another_documents_file_with_the_same_number_does_not_take_this_one_along():
    def test(folder):
        documents = Documents(folder)
        documents.write("other", [1])
        documents.write("other", [2])
        documents.write("x", {"name": "old"})
        documents.write("x", {"name": "new"})
        with open(folder + "/other.b") as file:
            content = file.read()
        with open(folder + "/x.a", "w") as file:
            file.write(content)
        assert documents.read("x", None, understood) == "NEW"
        assert "x.bad" in files(folder)

    in_a_folder(test)


def test_each_write_leaves_the_document_before_it_where_it_is():
    def test(folder):
        documents = Documents(folder)
        documents.write("a", 0)
        for value in range(1, 9):
            before = sorted(stored(folder).values())[-1]
            documents.write("b", value) if value % 3 == 0 else None
            documents.write("a", value)
            now = sorted(stored(folder).values())
            assert before in now and now[-1] == (before[0] + 1, str(value)), value

    def stored(folder):
        """Of document a: file: (number, text)."""
        found = {}
        for name in os.listdir(folder):
            if name[0] == "a":
                with open(folder + "/" + name) as file:
                    first, text = file.read().split("\n")
                    found[name] = int(first.split(" ")[-1]), text
        return found

    in_a_folder(test)
