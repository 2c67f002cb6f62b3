"""The faults of flash in `make faults`, in a short form, and proof that its judges see a loss."""

import hashlib
import json
import random
import re

import pytest

from tools import bench
from tools.faults import chip_writes, damage, documents, reads, surviving, updates
from tools.faults.bench import Lost
from tools.faults.prepared import prepared


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    with prepared(tmp_path_factory.mktemp("prepared"), bench.micropython()) as station:
        yield station


def test_damaged_blocks_of_the_flash(station):
    for kind, what, trouble in damage.trials(station, 2, seed=random.randrange(10**6)):
        assert trouble is None, "%s, %s: %s" % (kind, what, trouble)


def test_a_file_in_flash_that_became_another_digit_or_another_shape_is_left_out_and_told(station):
    """Without the checksums of documents and journal these are in force."""
    chosen = [("/state/profile-2.b", "another digit"), ("/journal/1", "another digit"), ("/state/security.b", "another shape")]
    for row, what, trouble in documents.trials(station, 0, 7, chosen):
        assert trouble is None, "%s, %s: %s" % (row, what, trouble)


def test_files_in_flash_that_were_spoilt_by_chance(station):
    for row, what, trouble in documents.trials(station, 2, seed=random.randrange(10**6)):
        assert trouble is None, "%s, %s: %s" % (row, what, trouble)


def test_reads_of_the_flash_that_fail_in_mid_work_and_at_a_start(station, tmp_path):
    for row, scene, number, trouble in reads.in_scenes(tmp_path, bench.micropython(), ["a new profile"], step=30):
        assert trouble is None, "%s, %s, read %d: %s" % (row, scene, number, trouble)
    for row, scene, number, trouble in reads.at_starts(station, step=30):
        assert trouble is None, "%s, %s, read %d: %s" % (row, scene, number, trouble)


def test_what_is_done_to_files_is_the_same_for_a_seed_and_leaves_none_out(station):
    first = list(documents.cases(station.files, 300, random.Random(5)))
    assert first == list(documents.cases(station.files, 300, random.Random(5)))
    assert {path for path, _, _ in first} == set(station.files) and {harm.replace(" ", "_") for _, harm, _ in first} == set(documents.HARMS)
    assert {documents.row_of(path) for path in station.files} == set(documents.ROWS.values())


def test_an_update_that_is_cut_leaves_a_station_that_goes_on_with_its_charge(station, tmp_path):
    """A sample; make faults tries every write."""
    for row, what, trouble in updates.trials(station, tmp_path, bench.micropython(), random.randrange(10**6), step=40):
        assert trouble is None, "%s, %s: %s" % (row, what, trouble)


def test_a_chip_whose_power_failed_holds_every_write_before_and_half_of_that_one(tmp_path):
    (tmp_path / "writes").write_bytes(b"\0\0\0\0\2\0\0\0ab" + b"\1\0\0\0\4\0\0\0cdef")
    writes = chip_writes.recorded(tmp_path / "writes")
    assert [chip_writes.cut_at(b"......", writes, number) for number in (1, 2, 3)] == [b"a.....", b"acd...", b"acdef."]


def test_a_program_that_says_it_is_complete_and_is_not_is_seen():
    manifest = {"version": "1", "files": {"main.py": [1, hashlib.sha256(b"x").hexdigest()]}}
    files = {"/a/complete": b"7 1 abc\n", "/a/manifest.json": json.dumps(manifest).encode(), "/a/main.py": b"x", "/b/main.py": b"y"}
    assert updates.Updates.programs(files) == ["1"]
    files["/a/main.py"] = b"y"
    with pytest.raises(Lost, match="/a says that it is complete, and main.py is not"):
        updates.Updates.programs(files)


def test_what_a_damaged_flash_still_says_is_read_without_the_station(station):
    assert surviving.profiles(surviving.files_of(station.image)) == {1: 20, 2: 10}
    older = re.sub(rb"(setpoint 1 [0-9a-f]{8} 2\n)\[", rb"\1{", station.image)
    assert surviving.profiles(surviving.files_of(older)) == {1: 25, 2: 16}
    assert surviving.files_of(bytes(len(station.image))) is None
    torn = station.files["/journal/2"][:-5]
    assert len(surviving.lines({"/journal/2": torn})) == len(surviving.lines({"/journal/2": station.files["/journal/2"]})) - 1


def test_what_a_start_makes_of_other_flash_than_it_had_is_seen(station):
    """The judges: what is in force is compared whole, with another image than the station started from."""
    station.bench.restore_flash()
    station.bench.central.messages.clear()
    station.bench.start()
    try:
        for path, harm, sentence in (
            ("/state/profile-1.b", "emptied", "profiles in force"),
            ("/state/profile-2.b", "emptied", "profiles in force"),
            ("/state/settings.b", "emptied", "ConnectionTimeOut is 2000, and should be 1000"),
            ("/state/faults.a", "emptied", "connectors 2 and 3 are"),
            ("/journal/2", "cut", "messages of the journal were told"),
        ):
            content = getattr(documents.Spoiler(station.files, random.Random(1)), harm)(path, station.files[path])
            with pytest.raises(Lost, match=sentence):
                station.check(surviving.with_file(station.image, path, content))
    finally:
        station.bench.station.kill()
