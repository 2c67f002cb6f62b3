"""A firmware file is read piece by piece, and one that is damaged or of others is refused."""

import json
from hashlib import sha256

from firmware_files import Entries, firmware_file, with_head

from setpoint.protocol.firmware_file import FirmwareFile

PROGRAM = (
    ("main.mpy", b"M\x06" * 40),
    ("setpoint/empty.mpy", b""),
    ("setpoint/a/b-c_d.mpy", b"\n" * 700),
)


def taken(content, piece=64):
    """(the reader, what it passed on) of a whole file in pieces."""
    into = Entries()
    reader = FirmwareFile(into)
    for at in range(0, len(content), piece):
        view = memoryview(content[at : at + piece])
        while len(view):
            view = view[reader.take(view) :]
    return reader, into


def refused(content, piece=64):
    """What a reader says of a file, once it is all there; None: nothing."""
    try:
        reader, _ = taken(content, piece)
        if reader.complete():
            reader.check()
            return None
        return "it is not complete"
    except ValueError as error:
        return str(error)


def test_entries_come_out_as_they_went_in_whatever_the_pieces():
    content = firmware_file(PROGRAM, kind="files", mpy=6)
    for piece in (1, 2, 7, 64, 512, 100000):
        reader, into = taken(content, piece)
        assert reader.complete() and reader.check() == sha256(content).digest()
        assert reader.taken == len(content) and reader.head["mpy"] == 6
        assert [(name, bytes(data)) for name, _, data in into.found] == list(PROGRAM)
        assert [size for _, size, _ in into.found] == [len(data) for _, data in PROGRAM]


def test_the_head_is_known_before_the_first_entry():
    content = firmware_file()
    into = Entries()
    reader = FirmwareFile(into)
    count = reader.take(memoryview(content))
    assert content[:count].endswith(b"}\n") and reader.head["for"] == "simulated"
    assert into.found == [] and not reader.complete()


def test_a_file_that_is_cut_off_is_not_complete():
    content = firmware_file(PROGRAM)
    for length in range(len(content)):
        reader, _ = taken(content[:length], 4096)
        assert not reader.complete(), length


def test_a_file_with_one_wrong_bit_is_refused():
    content = firmware_file((("a.mpy", b"0123456789"),))
    for at in range(len(content)):
        for bit in (1, 8, 0x20):
            wrong = bytearray(content)
            wrong[at] ^= bit
            assert refused(bytes(wrong)) is not None, (at, bit)


def test_what_is_no_firmware_file_is_refused_early():
    for content in (
        b"\xe9\x06\x02\x20" + bytes(600),
        b"<html>" + b"x" * 600,
        b"\n",
        b"setpoint firmware 2 00000000 {}\n",
        b"setpoint firmware 1 " + b"0" * 600,
        firmware_file().replace(b"firmware 1", b"firmware 0"),
    ):
        reader = FirmwareFile(Entries())
        view = memoryview(content)
        try:
            while len(view):
                view = view[reader.take(view[:64]) :]
        except ValueError as error:
            assert "no firmware file" in str(error) or "damaged" in str(error), error
            assert reader.taken <= 576, "at once, not after the whole of it"
            continue
        raise AssertionError(content[:30])


def test_a_head_without_its_fields_is_refused():
    whole = json.loads(firmware_file().split(b" ", 4)[4].split(b"\n")[0])
    for text in (b"[]", b"7", b"null", b'"x"', b"{}", b"{", b"", b"\xff\xff", b"nan"):
        assert refused(with_head(text, b"1 a\nx")) is not None, text
    for name in whole:
        for value in (None, [], {}, 1.5, True, "7" if type(whole[name]) is int else 7):
            head = dict(whole)
            head[name] = value
            assert refused(with_head(json.dumps(head).encode(), b"1 a\nx")) is not None, name


def test_sizes_that_no_flash_has_are_refused():
    for changes in ({"size": 0}, {"size": -1}, {"size": 1 << 40}, {"room": -1}, {"room": 1 << 25}):
        assert "too long" in refused(firmware_file(**changes)), changes


def test_an_entry_that_is_longer_than_the_file_is_refused():
    content = b"999 a\n" + bytes(20)
    good = firmware_file((("a", bytes(20)),))
    head = json.loads(good.split(b" ", 4)[4].split(b"\n")[0])
    head["size"] = len(content)
    assert "damaged" in refused(with_head(json.dumps(head).encode(), content))


def test_a_file_that_goes_on_after_its_end_is_refused():
    assert "longer than it says" in refused(firmware_file() + b"1 more\nx")
    assert "longer than it says" in refused(firmware_file() + b"\n")


def test_a_name_that_leads_elsewhere_is_refused():
    for name in (
        "../boot.py",
        "/boot.py",
        "a//b",
        "a/",
        ".",
        "a/../b",
        "a b",
        "a\\b",
        "",
        "a\0b",
        "x" * 120,
    ):
        assert refused(firmware_file(((name, b"x"),))) is not None, name
