"""The journal in a real folder: the file system of the machine that runs the tests."""

import os

from folders import content, files, in_a_folder, put, while_flash_is_full

from setpoint.store.journal import Journal


class Owner:
    """Keeps every line but those of which `drops` says no."""

    def __init__(self, drops=lambda text: False):
        self.drops = drops
        self.told_full = 0

    def heading(self):
        return "heading"

    def full(self):
        self.told_full += 1

    def keeps(self, text):
        return not self.drops(text)


def all_lines(journal, segment=0, offset=0):
    lines = []
    found = journal.read(segment, offset)
    while found is not None:
        lines.append(found[0])
        found = journal.read(found[1], found[2])
    return lines


def fill(journal, owner, segments):
    """Adds numbered lines until there are so many segments. How many lines."""
    count = 0
    while len(journal.segments) < segments:
        journal.append(["%d %s" % (count, "x" * 90)], owner)
        count += 1
    return count


def numbers(journal):
    return [int(line.split(" ")[0]) for line in all_lines(journal) if line != "heading"]


def test_lines_are_read_back_in_order_one_at_a_time_also_after_a_restart():
    def test(folder):
        journal = Journal(folder)
        assert journal.read(0, 0) is None
        journal.append(["a", "b"], Owner())
        journal.append(["c\u00e9"], Owner())
        for seen in (journal, Journal(folder)):
            assert all_lines(seen) == ["heading", "a", "b", "c\u00e9"]
            first = seen.read(0, 0)
            assert seen.read(first[1], first[2])[0] == "a"

    in_a_folder(test)


def test_after_a_restart_lines_go_on_in_the_same_segment_once_it_was_read():
    def test(folder):
        Journal(folder).append(["a"], Owner())
        journal = Journal(folder)
        all_lines(journal)
        journal.append(["b"], Owner())
        assert len(journal.segments) == 1 and all_lines(journal) == ["heading", "a", "b"]

    in_a_folder(test)


def test_nothing_is_written_that_could_not_be_read_back():
    def test(folder):
        journal = Journal(folder)
        written = []
        for length in list(range(1480, 1510)) + list(range(2030, 2060)) + [4090, 5000]:
            for text in ("x" * length, "\u20ac" * (length // 3)):
                try:
                    journal.append([text, "after"], Owner())
                    written += [text, "after"]
                except OSError:
                    assert length > 2030
        owner = Owner()
        owner.heading = lambda: "h" * 3000
        for _ in range(50):
            try:
                journal.append(["y" * 100], owner)
                written.append("y" * 100)
            except OSError:
                pass
        for seen in (journal, Journal(folder)):
            assert [line for line in all_lines(seen) if line != "heading"] == written
            assert seen.problems == []

    in_a_folder(test)


def test_segments_are_no_longer_than_an_erase_block_and_the_oldest_go_first():
    def test(folder):
        journal = Journal(folder)
        count = fill(journal, Owner(), 4)
        assert numbers(journal) == list(range(count))
        sizes = [os.stat("%s/%d" % (folder, number))[6] for number in journal.segments]
        assert max(sizes) <= 4096 and min(sizes[:-1]) > 3900, (
            "each begins when the one before is full"
        )
        journal.drop_before(journal.segments[2])
        assert len(journal.segments) == 2 and len(os.listdir(folder)) == 2
        journal.drop_before(1 << 20)
        assert len(journal.segments) == 1, "the last one stays"

    in_a_folder(test)


def test_a_torn_tail_is_left_out_and_a_new_segment_begins_behind_it():
    def test(folder):
        Journal(folder).append(["first", "second"], Owner())
        whole = content(folder + "/1")
        for cut in range(len(whole)):
            for name in os.listdir(folder):
                os.remove(folder + "/" + name)
            put(folder + "/1", whole[:cut])
            journal = Journal(folder)
            before = all_lines(journal)
            assert before == ["heading", "first", "second"][: whole[:cut].count(b"\n")]
            journal.append(["third"], Owner())
            after = all_lines(journal)
            assert [line for line in after if line != "heading"] == before[1:] + ["third"], cut

    in_a_folder(test)


def test_a_damaged_line_takes_no_other_with_it_and_is_reported():
    def test(folder):
        journal = Journal(folder)
        journal.append(["first", "second", "third"], Owner())
        whole = content(folder + "/1")
        at = whole.index(b"second")
        put(folder + "/1", whole[:at] + b"S" + whole[at + 1 :])
        journal = Journal(folder)
        assert all_lines(journal) == ["heading", "first", "third"]
        assert len(journal.problems) == 1 and "damaged" in journal.problems[0]

    in_a_folder(test)


def test_when_all_is_full_neighbours_become_one_without_what_their_owner_drops():
    def test(folder):
        owner = Owner(lambda text: text == "heading" or int(text.split(" ")[0]) % 2 == 1)
        journal = Journal(folder, 4)
        count = fill(journal, owner, 4)
        assert owner.told_full == 0
        for i in range(count, 2 * count):
            journal.append(["%d %s" % (i, "x" * 90)], owner)
            assert len(journal.segments) <= 4
        seen = numbers(journal)
        assert owner.told_full >= 2
        assert seen == sorted(seen) and seen[-1] == 2 * count - 1
        assert [n for n in range(0, 2 * count, 2) if n not in seen] == [], "what is kept is kept"
        assert [n for n in seen[: len(seen) // 2] if n % 2] == []
        assert numbers(Journal(folder)) == seen

    in_a_folder(test)


class Crowded(Journal):
    """On a flash that is nearly full."""

    def _has_room(self):
        return False


def test_where_the_flash_is_nearly_full_a_short_journal_becomes_thinner_too():
    def test(folder):
        owner = Owner(lambda text: text == "heading" or int(text.split(" ")[0]) % 2 == 1)
        count = fill(Journal(folder), owner, 3)
        assert owner.told_full == 0
        journal = Crowded(folder)
        for i in range(count, 2 * count):
            journal.append(["%d %s" % (i, "x" * 90)], owner)
            assert len(journal.segments) <= 4
        seen = numbers(Journal(folder))
        assert owner.told_full >= 1 and seen == sorted(seen) and seen[-1] == 2 * count - 1
        assert [n for n in range(0, 2 * count, 2) if n not in seen] == [], "what is kept is kept"

    in_a_folder(test)


def test_the_last_two_marks_are_there_and_a_torn_one_does_not_count():
    def test(folder):
        journal = Journal(folder)
        assert journal.marks() == []
        for text in ("[1]", "[2]", "[3]"):
            journal.mark(text)
        assert sorted(Journal(folder).marks()) == ["[2]", "[3]"]
        put(folder + "/mark1", content(folder + "/mark1")[:-2])
        assert Journal(folder).marks() == ["[2]"]

    in_a_folder(test)


def test_a_journal_that_cannot_be_written_says_so_and_keeps_what_it_has():
    def test(folder):
        journal = Journal(folder)
        journal.append(["a"], Owner())
        os.mkdir(folder + "/2")
        put(folder + "/1", content(folder + "/1") + b"torn")  # so that a new segment must begin
        try:
            journal.append(["b"], Owner())
            raise AssertionError("written")
        except OSError:
            pass
        os.rmdir(folder + "/2")
        assert all_lines(journal)[:2] == ["heading", "a"]
        journal.append(["b"], Owner())
        assert [line for line in all_lines(journal) if line != "heading"] == ["a", "b"]

    in_a_folder(test)


def test_reading_what_stands_before_begins_no_new_segment():
    def test(folder):
        journal = Journal(folder)
        count = fill(journal, Owner(), 2)
        for _ in range(3):
            journal.append(["%d" % count], Owner())
            count += 1
            journal.read(0, 0)  # the first line of the first segment
            journal.append(["%d" % count], Owner())
            count += 1
            found = journal.read(0, 0)
            while found[1] == journal.segments[0]:
                found = journal.read(found[1], found[2])
        assert len(journal.segments) == 2 and numbers(journal) == list(range(count))

    in_a_folder(test)


def test_lines_that_flash_took_in_part_do_not_stand_and_leave_no_segment_behind():
    def test(folder):
        journal = Journal(folder)
        assert while_flash_is_full(journal.append, ["0"], Owner())
        assert files(folder) == []
        journal.append(["1"], Owner())
        assert while_flash_is_full(journal.append, ["2"], Owner())
        journal.append(["3"], Owner())
        assert numbers(journal) == numbers(Journal(folder)) == [1, 3]

    in_a_folder(test)


def test_all_parts_of_a_full_journal_become_thinner_in_turn():
    def test(folder):
        rounds = []

        class Watching(Owner):
            def full(self):
                rounds.append([])

            def keeps(self, text):
                if text != "heading":
                    rounds[-1].append(int(text.split(" ")[0]))
                return True

        journal = Journal(folder, 6)
        count = fill(journal, Watching(), 6)
        while len(rounds) < 5:
            journal.append(["%d %s" % (count, "x" * 90)], Watching())
            count += 1
        told = [number for each in rounds[:4] for number in each]
        assert told == list(range(len(told))), "none twice before all had their turn"
        assert rounds[4][0] == 0 and numbers(journal) == list(range(count))

    in_a_folder(test)


def test_a_damaged_line_in_a_full_journal_is_dropped_and_stops_nothing():
    def test(folder):
        journal = Journal(folder, 4)
        count = fill(journal, Owner(), 4)
        whole = content(folder + "/1")
        at = whole.index(b"5 x")
        put(folder + "/1", whole[:at] + b"S" + whole[at + 1 :])
        while len(content(folder + "/1")) == len(whole):
            journal.append(["%d %s" % (count, "x" * 90)], Owner())
            count += 1
        assert numbers(journal) == [number for number in range(count) if number != 5]

    in_a_folder(test)


def test_a_segment_that_cannot_be_read_is_left_out_and_reported():
    def test(folder):
        journal = Journal(folder)
        count = fill(journal, Owner(), 3)
        first = len(numbers(journal)) // 2
        os.remove(folder + "/2")
        os.mkdir(folder + "/2")
        seen = numbers(journal)
        assert seen[0] == 0 and seen[-1] == count - 1 and len(seen) <= first + 2
        assert "/2 cannot be read" in journal.problems[0]

    in_a_folder(test)


def test_after_a_restart_the_older_mark_is_replaced_and_never_the_newest():
    def test(folder):
        for number in range(1, 8):
            journal = Journal(folder)
            journal.marks()
            journal.mark("[%d]" % number)
            assert sorted(Journal(folder).marks()) == [
                "[%d]" % n for n in (number - 1, number) if n
            ], number

    in_a_folder(test)


def test_a_journal_whose_folder_cannot_be_made_says_so_and_is_not_the_end():
    def test(folder):
        Journal(folder + "/new")
        assert files(folder) == ["new"] and Journal(folder + "/new").problems == []
        put(folder + "/file", b"")
        journal = Journal(folder + "/file/journal")
        assert "cannot be made" in journal.problems[0] and journal.read(0, 0) is None
        try:
            journal.append(["a"], Owner())
            raise AssertionError("written")
        except OSError:
            pass

    in_a_folder(test)
