"""Documents that are damaged, or that nobody understands: the last good copy takes their place."""

from binascii import crc32

from folders import content, files, in_a_folder, put, understood

from setpoint.store.documents import Documents


def test_a_document_that_cannot_be_read_gives_way_to_the_last_good_copy():
    def test(folder):
        documents = Documents(folder)
        documents.write("neighbour", ["fine"])
        documents.write("a", ["old"])
        documents.write("a", ["new"])
        path = folder + "/a.b"
        whole = content(path)
        for damaged in (
            b"garbage",
            b"setpoint 2 00000000 9\n[]",
            b"setpoint 1 ",
            whole[:5],
            whole[:15],
            whole[:25],
            whole[:-1],
            whole + b" ",
        ):
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


def test_what_others_leave_in_the_folder_is_no_document():
    def test(folder):
        Documents(folder).write("a", 1)
        for name in ("notes", "a b.a", "a.bad", ".a"):
            put(folder + "/" + name, b"x")
        assert Documents(folder).names() == ["a"]

    in_a_folder(test)


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
