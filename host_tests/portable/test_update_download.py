"""A firmware file on its way into the place that does not run: slot or folder, in pieces that break
off anywhere."""

import asyncio
import os
import sys

from firmware_files import firmware_file
from folders import content, in_a_tree, put
from partitions import Slots

from setpoint.update.download import Download
from setpoint.update.folder import Folder
from setpoint.update.slot import Slot

IMAGE = b"\xe9" + bytes([n * 7 & 255 for n in range(9999)])
FILE = firmware_file((("app.bin", IMAGE),), room=10000)
MPY = getattr(sys.implementation, "_mpy", 0) & 255
PROGRAM = (("main.mpy", b"M" * 40), ("setpoint/app.mpy", b"A" * 3000), ("manifest.json", b"{}"))


def program_file(entries=PROGRAM, **changes):
    fields = {"kind": "files", "for": "bench", "mpy": MPY, "room": 12288}
    fields.update(changes)
    return firmware_file(entries, **fields)


class Client:
    """Stands in for link.http.Client: serves `file`, breaks off after each count of `breaks`;
    `ranges`: it can go on in the middle."""

    def __init__(self, file, *breaks, ranges=True, piece=700):
        self.file = file
        self.breaks = list(breaks)
        self.ranges = ranges
        self.piece = piece
        self.starts = []

    async def get(self, url, sink, start=0, validator=None):
        self.starts.append(start)
        first = start if self.ranges else 0
        end = first + self.breaks.pop(0) if self.breaks else len(self.file)
        try:
            sink.begin(first, len(self.file), "etag")
            at = first
            while at < min(end, len(self.file)):
                piece = self.file[at : min(at + self.piece, end)]
                await sink.write(memoryview(piece))
                at += len(piece)
        except ValueError as error:
            return error.args[0], None
        return None if end >= len(self.file) else ("broken off", None)


def bench(slots=None, charges=None):
    slots = slots or Slots()
    return slots, Download(Slot(slots.running, "simulated"), charges or (lambda: False))


def tried(download, client, times=1):
    for _ in range(times):
        case, what = asyncio.run(download.run("http://files/x", client))
    return case, what


def test_an_image_lands_in_the_idle_slot_and_counts_only_when_it_is_activated():
    slots, download = bench()
    case, digest = tried(download, Client(FILE))
    assert case == "done" and len(digest) == 32
    assert slots.slots[1][: len(IMAGE)] == IMAGE and slots.boot == 0
    assert slots.slots[0] == b"\xe9" + bytes(8 * 4096 - 1), "what runs is untouched"
    assert slots.erased == [0, 1, 2], "each block once"
    download.place.activate()
    assert slots.boot == 1


def test_it_goes_on_where_it_broke_off_and_nothing_is_erased_twice():
    slots, download = bench()
    client = Client(FILE, 100, 3000, 1, 5000)
    cases = [tried(download, client)[0] for _ in range(5)]
    assert cases == ["broken"] * 4 + ["done"], cases
    assert client.starts == [0, 100, 3100, 3101, 8101]
    assert slots.slots[1][: len(IMAGE)] == IMAGE and slots.erased == [0, 1, 2]


def test_a_server_that_cannot_go_on_sends_it_anew():
    slots, download = bench()
    client = Client(FILE, 6000, ranges=False)
    assert tried(download, client, 2)[0] == "done"
    assert slots.slots[1][: len(IMAGE)] == IMAGE and slots.erased == [0, 1, 0, 1, 2]


def test_another_file_behind_the_same_url_is_noticed_and_begun_anew():
    slots, download = bench()
    other = firmware_file((("app.bin", b"\xe9" + bytes(9999)),), room=10000)
    assert tried(download, Client(FILE, 6000))[0] == "broken"
    assert tried(download, Client(other))[0] == "broken"
    assert tried(download, Client(other))[0] == "done"
    assert slots.slots[1][:10000] == b"\xe9" + bytes(9999)


def test_nothing_is_erased_while_a_vehicle_charges():
    charging = []
    slots, download = bench(charges=lambda: len(charging) > 0)
    client = Client(FILE, 5000)
    assert tried(download, client)[0] == "broken"
    charging.append(1)
    before = slots.operations
    assert tried(download, client) == ("paused", "a vehicle charges")
    assert slots.operations == before
    charging.pop()
    assert tried(download, client)[0] == "done"
    assert client.starts == [0, 5000, 5000]


def test_files_that_are_not_for_this_board_are_refused_before_anything_is_written():
    for changes, word in (
        ({"for": "esp32s3"}, "for esp32s3"),
        ({"kind": "files"}, "takes an image"),
        ({"kind": "zip"}, "takes an image"),
        ({"room": 8 * 4096 + 1}, "the slot has 32768"),
    ):
        slots, download = bench()
        case, sentence = tried(download, Client(firmware_file((("app.bin", IMAGE),), **changes)))
        assert case == "refused" and word in sentence, sentence
        assert slots.operations == 0


def test_an_image_that_is_longer_than_it_says_is_refused():
    for file in (
        firmware_file((("app.bin", b"\xe9" * 40000),), room=1),
        firmware_file((("app.bin", IMAGE), ("more.bin", IMAGE)), room=10000),
        FILE + b"x",
    ):
        slots, download = bench()
        assert tried(download, Client(file))[0] == "refused"
        assert max(slots.erased or [0]) < 8


def test_a_damaged_file_is_refused():
    slots, download = bench()
    wrong = bytearray(FILE)
    wrong[5000] ^= 1
    case, sentence = tried(download, Client(bytes(wrong)))
    assert case == "refused" and "damaged" in sentence and slots.boot == 0


def test_an_empty_file_ends_in_another_try():
    _, download = bench()
    assert tried(download, Client(b""))[0] == "broken"
    assert tried(download, Client(FILE))[0] == "done"


def test_after_an_error_of_the_flash_the_next_try_begins_anew():
    for at in range(1, 19):
        slots, download = bench()
        slots.fails_at = at
        client = Client(FILE)
        case, sentence = tried(download, client)
        assert case == "broken" and "flash" in sentence, (at, sentence)
        assert tried(download, client)[0] == "done" and client.starts == [0, 0]
        assert slots.slots[1][: len(IMAGE)] == IMAGE


def folder_bench(root):
    os.mkdir(root + "/a")
    put(root + "/a/complete", b"7 0.1.0 00000000\n")
    return Folder(root, "a", "bench")


def test_a_program_lands_in_the_idle_folder_and_is_complete_only_when_it_is_activated():
    def test(root):
        place = folder_bench(root)
        os.mkdir(root + "/b")
        os.mkdir(root + "/b/old")
        for name in ("complete", "failed", "main.py", "old/x.mpy"):
            put(root + "/b/" + name, b"6 0.0.9 11111111\n")
        case, _ = tried(Download(place, lambda: False), Client(program_file()))
        assert case == "done"
        for name, data in PROGRAM:
            assert content(root + "/b/" + name) == data, name
        assert sorted(os.listdir(root + "/b")) == sorted(
            ["main.mpy", "setpoint", "manifest.json", "complete.new", "old"]
        )
        assert os.listdir(root + "/b/old") == []
        place.activate()
        assert content(root + "/b/complete") == b"8 9.0.0 0a1b2c3d\n"
        assert content(root + "/a/complete") == b"7 0.1.0 00000000\n"

    in_a_tree(test)


def test_the_new_program_can_be_given_up_for_the_one_before():
    def test(root):
        place = folder_bench(root)
        place.give_up()
        assert os.listdir(root + "/a") == ["failed"]

    in_a_tree(test)


def test_programs_that_are_not_for_this_board_leave_the_idle_folder_as_it_is():
    for changes, word in (
        ({"for": "other"}, "for the board other"),
        ({"kind": "image"}, "holds an image"),
        ({"mpy": MPY + 1}, ".mpy files of version"),
    ):

        def test(root):
            place = folder_bench(root)
            os.mkdir(root + "/b")
            put(root + "/b/complete", b"6 0.0.9 11111111\n")
            file = program_file(**changes)
            case, sentence = tried(Download(place, lambda: False), Client(file))
            assert case == "refused" and word in sentence, sentence
            assert os.listdir(root + "/b") == ["complete"]

        in_a_tree(test)


def test_a_program_cannot_write_the_files_that_say_what_is_complete():
    for name in ("complete", "complete.new"):

        def test(root):
            file = program_file(((name, b"9 9 9"),))
            case, _ = tried(Download(folder_bench(root), lambda: False), Client(file))
            assert case == "refused"
            assert os.listdir(root + "/b") == []

        in_a_tree(test)


def test_a_file_that_is_all_there_is_taken_although_the_server_says_that_more_would_come():
    class Liar(Client):
        async def get(self, *arguments):
            await Client.get(self, *arguments)
            return "the file server hung up in mid-answer", None

    _, download = bench()
    assert tried(download, Liar(FILE))[0] == "done"


def test_a_try_that_is_cancelled_while_the_place_is_prepared_is_begun_anew():
    slots, download = bench()
    prepared = []

    def prepare(head):
        for step in range(5):
            prepared.append(step)
            yield

    download.place.prepare = prepare

    async def cancelled():
        task = asyncio.create_task(download.run("http://files/x", Client(FILE)))
        while len(prepared) < 2:
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    asyncio.run(cancelled())
    client = Client(FILE)
    assert tried(download, client)[0] == "done" and client.starts == [0]
    assert prepared == [0, 1, 0, 1, 2, 3, 4]


def test_what_says_that_the_idle_folder_is_complete_goes_first():
    def test(root):
        place = folder_bench(root)
        os.mkdir(root + "/b")
        for name in ("complete", "complete.new", "main.py"):
            put(root + "/b/" + name, b"6 0.0.9 11111111\n")
        steps = place.prepare({"version": "9", "build": "1"})
        next(steps)
        assert sorted(os.listdir(root + "/b")) == ["complete.new", "main.py"]
        next(steps)
        assert os.listdir(root + "/b") == ["main.py"]

    in_a_tree(test)
