"""Documents in flash: written, read after a restart, named, removed."""

import os
from binascii import crc32

from folders import content, files, in_a_folder, put, raises

from setpoint.store.documents import Documents


def test_what_was_written_is_read_after_a_restart():
    def test(folder):
        value = {
            "id": 1,
            "limits": [[0, 160], [3600, 81]],
            "text": 'a "quoted" \u20ac line\n',
            "none": None,
            "yes": True,
        }
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
            assert documents.write("b", ["b", -number - 1]) and not documents.write(
                "a", ["a", number]
            )
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


def test_no_name_leads_out_of_the_folder():
    def test(folder):
        documents = Documents(folder)
        for name in (
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "a.b",
            "a b",
            "\u00e4",
            "a\n",
            "a\0",
            "a" * 65,
            None,
            1,
            b"a",
        ):
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
