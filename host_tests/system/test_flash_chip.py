"""The simulated flash chip on both MicroPythons: power cuts, failing writes, a full chip, and
images from elsewhere."""

import subprocess
from pathlib import Path

import littlefs
import pytest

FIRMWARE = Path(__file__).resolve().parent.parent.parent / "firmware"

PREAMBLE = """
import os, sys
sys.path.insert(0, %r)
from setpoint.board import flash
from setpoint.board.simulated import flash_chip
store = sys.argv[1]
chip, problems = flash_chip.mount(store, "/flash")
def write(name, text):
    with open("/flash/" + name, "w") as file:
        file.write(text)
def read(name):
    with open("/flash/" + name) as file:
        return file.read()
""" % str(FIRMWARE)


@pytest.fixture
def on_chip(micropython, tmp_path):
    """Runs lines with the chip mounted; a new process each time, the same store."""

    def run(lines: str) -> subprocess.CompletedProcess:
        script = tmp_path / "script.py"
        script.write_text(PREAMBLE + lines)
        return subprocess.run(
            [*micropython, str(script), str(tmp_path)], capture_output=True, text=True, timeout=60
        )

    return run


def lines_of(done: subprocess.CompletedProcess) -> "list[str]":
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_what_was_written_is_there_after_a_restart(on_chip):
    assert lines_of(on_chip("write('a', 'x' * 5000); print(problems)")) == ["[]"]
    assert lines_of(on_chip("print(read('a') == 'x' * 5000, problems)")) == ["True []"]


def test_the_image_is_a_littlefs_as_on_the_chip(on_chip, tmp_path):
    lines_of(on_chip("write('a', 'from the station')"))
    image = (tmp_path / "flash.img").read_bytes()
    assert len(image) == 512 * 4096
    context = littlefs.UserContext(len(image))
    context.buffer[:] = image
    host = littlefs.LittleFS(
        context=context, mount=False, block_size=4096, block_count=512, read_size=32, prog_size=32
    )
    host.mount()
    with host.open("a") as file:
        assert file.read() == "from the station"


def test_an_image_made_on_the_host_is_mounted(on_chip, tmp_path):
    host = littlefs.LittleFS(block_size=4096, block_count=256, read_size=32, prog_size=32)
    with host.open("a", "w") as file:
        file.write("from the host")
    (tmp_path / "flash.img").write_bytes(bytes(host.context.buffer))
    assert lines_of(on_chip("print(read('a'), problems)")) == ["from the host []"]


# Littlefs keeps a file as short as its cache in the folder's log
SIZES = (1, 128, 129, 300, 512, 513, 5000)


def test_what_another_read_size_wrote_is_read_and_the_other_way_round(on_chip, tmp_path):
    """MicroPython's own start mounts with 32 bytes, as littlefs-python does; boot.py reads so, and
    renames."""
    stock = """
import vfs
vfs.umount('/flash')
vfs.mount(vfs.VfsLfs2(chip), '/flash')
"""
    write = "for size in %r:\n    write('%s-%%d' %% size, chr(97 + size %% 26) * size)\n"
    look = (
        "print([read('%s-%%d' %% size) == chr(97 + size %% 26) * size for size in %r], problems)\n"
    )
    all_read = str([True] * len(SIZES)) + " []"
    lines_of(on_chip(write % (SIZES, "ours") + stock + write % (SIZES, "stock")))
    assert lines_of(on_chip(look % ("ours", SIZES) + look % ("stock", SIZES))) == [all_read] * 2
    assert (
        lines_of(on_chip(stock + look % ("ours", SIZES) + look % ("stock", SIZES)))
        == [all_read] * 2
    )
    renames = (
        "for size in %r:\n    os.rename('/flash/ours-%%d' %% size, '/flash/renamed-%%d' %% size)\n"
        % (SIZES,)
    )
    assert lines_of(on_chip(stock + renames + look % ("renamed", SIZES))) == [all_read]
    assert lines_of(on_chip(look % ("renamed", SIZES))) == [all_read]
    image = (tmp_path / "flash.img").read_bytes()
    context = littlefs.UserContext(len(image))
    context.buffer[:] = image
    host = littlefs.LittleFS(
        context=context, mount=False, block_size=4096, block_count=512, read_size=32, prog_size=32
    )
    host.mount()
    for size in SIZES:
        with host.open("renamed-%d" % size) as file:
            assert file.read() == chr(97 + size % 26) * size


def test_a_rewrite_among_fifty_profiles_takes_few_reads_at_its_worst_too(on_chip):
    """Where a write finds the folder's log full, littlefs writes it anew; with reads of 32 bytes
    the worst of these takes 35,900."""
    script = """
from setpoint.store.documents import Documents
documents = Documents('/flash/state')
reads = []
for number in range(800):
    before = chip.reads
    documents.write('profile-%%d' %% (number * 7 %% 50), [number, [60] + list(range(100, %d))])
    if number >= 100:
        reads.append(chip.reads - before)
print(max(reads), sum(reads) // len(reads))
"""
    for last, worst, mean in ((170, 3000, 500), (400, 15000, 400)):  # of 300 and 1,220 bytes
        found = [int(number) for number in lines_of(on_chip(script % last))[0].split()]
        assert found[0] <= worst and found[1] <= mean, found


def test_what_fifty_documents_cost_in_reads(on_chip):
    """Names, a start's reading and a clearing: each bounded at about one and a half times what it
    took."""
    script = """
from setpoint.store.documents import Documents
documents = Documents('/flash/state')
for number in range(100):
    documents.write('profile-%d' % (number % 50), [number, 'x' * 350])
documents = Documents('/flash/state')
def reads(work):
    before = chip.reads
    work()
    return chip.reads - before
names = []
print(reads(lambda: names.extend(documents.names())))
print(reads(lambda: [documents.read(name) for name in names]))
writes = chip.writes
print(reads(lambda: [documents.remove(name) for name in names]))
print(chip.writes - writes, len(names), documents.names())
"""
    named, read, removed, left = lines_of(on_chip(script))
    assert left == "100 50 []", "two files each, and one write for each of them"
    assert int(named) <= 2300 and int(read) <= 14000 and int(removed) <= 8600, (
        named,
        read,
        removed,
    )


def test_a_power_cut_at_any_write_leaves_the_old_or_the_new_document(on_chip):
    lines_of(on_chip("write('document', 'old' * 400)"))
    change = "chip.after_writes(%d, 'cut'); write('new', 'new' * 400); os.rename('/flash/new', '/flash/document'); print('whole')"
    outcomes = []
    for count in range(1, 40):
        done = on_chip(change % count)
        text = lines_of(
            on_chip("print(read('document')[:3], len(read('document'))); print(problems)")
        )
        assert text[0] in ("old 1200", "new 1200") and text[1] == "[]", (count, text)
        outcomes.append(text[0])
        if done.returncode == 0:
            break
        assert done.returncode == -9, (count, done)
        lines_of(on_chip("write('document', 'old' * 400)"))
    assert (
        done.stdout == "whole\n"
        and outcomes[0] == "old 1200"
        and outcomes[-1] == "new 1200"
        and len(outcomes) > 3
    )


def test_half_of_the_write_that_is_cut_has_happened(on_chip, tmp_path):
    lines_of(on_chip(""))
    before = (tmp_path / "flash.img").read_bytes()
    assert (
        on_chip("chip.after_writes(1, 'cut'); chip.writeblocks(500, b'\\x5a' * 64)").returncode
        == -9
    )
    after = (tmp_path / "flash.img").read_bytes()
    assert (
        after[500 * 4096 : 500 * 4096 + 64]
        == b"\x5a" * 32 + before[500 * 4096 + 32 : 500 * 4096 + 64]
    )


def test_a_failing_write_fails_once_and_leaves_the_file_system_sound(on_chip):
    script = """
write('document', 'old')
chip.after_writes(2, 'error')
for name in ('one', 'two'):
    try:
        write(name, 'x' * 600)
        print(name)
    except OSError as error:
        print(name, error.errno)
print(read('document'), 'two' in os.listdir('/flash'))
"""
    assert lines_of(on_chip(script)) == ["one 5", "two", "old True"]
    assert lines_of(on_chip("print(read('document'), problems)")) == ["old []"]


def test_a_full_chip_stays_full_until_it_is_told_otherwise(on_chip):
    script = """
write('document', 'old')
chip.after_writes(1, 'full')
for name in ('one', 'two', 'three'):
    if name == 'three':
        chip.after_writes(1, None)
    try:
        write(name, 'x' * 300)
        print(name)
    except OSError:
        print('no', name)
print(read('document'))
"""
    assert lines_of(on_chip(script)) == ["no one", "no two", "three", "old"]


def test_it_counts_what_wears_the_chip_out(on_chip):
    script = """
writes, erases, size = chip.writes, chip.erases, chip.bytes
write('a', 'x' * 5000)
print(chip.writes > writes, chip.erases > erases, chip.bytes - size >= 5000)
"""
    assert lines_of(on_chip(script)) == ["True True True"]


def test_programming_what_is_not_erased_is_an_error_of_the_model(on_chip):
    done = on_chip("chip.writeblocks(500, b'\\x00' * 32); chip.writeblocks(500, b'\\x01' * 32)")
    assert done.returncode == 1 and "programming what is not erased" in done.stdout + done.stderr


def test_an_image_that_cannot_be_mounted_is_set_aside_and_reported(on_chip, tmp_path):
    for number in (1, 2):
        (tmp_path / "flash.img").write_bytes(b"no file system " * 10000)
        lines = lines_of(on_chip("print(problems[0]); write('a', 'works'); print(read('a'))"))
        assert (
            "cannot be mounted" in lines[0]
            and "flash.img.broken%d" % number in lines[0]
            and lines[1] == "works"
        )
        assert (
            (tmp_path / ("flash.img.broken%d" % number)).read_bytes().startswith(b"no file system")
        )


def test_a_blank_image_is_formatted_without_a_word(on_chip, tmp_path):
    (tmp_path / "flash.img").write_bytes(b"\xff" * (256 * 4096))
    assert lines_of(on_chip("write('a', 'works'); print(read('a'), problems)")) == ["works []"]


def test_an_image_that_was_never_finished_is_made_anew(on_chip, tmp_path):
    (tmp_path / "flash.img.new").write_bytes(b"\xff" * 1000)
    assert lines_of(on_chip("write('a', 'works'); print(read('a'), problems)")) == ["works []"]


def test_a_read_that_fails_is_noticed_by_nobody_and_one_that_always_fails_is_no_damage(
    on_chip, tmp_path
):
    lines_of(on_chip("write('document', 'x' * 5000)"))
    store = """
from setpoint.store import files
files.recover_by(lambda: flash.remount(chip, "/flash"), lambda: print("reset"))
def look(count, times):
    chip.after_reads(count, times)
    try:
        return files.patiently(read, "document") == 'x' * 5000
    except OSError as error:
        return error.errno
"""
    seen = lines_of(
        on_chip(
            store
            + "print([look(count, 1) for count in range(1, 8)], look(3, 2), look(3, 3))\nprint(look(4, -1))"
        )
    )
    assert (
        seen[0] == "[True, True, True, True, True, True, True] True True" and seen[1] == "reset"
    ), seen
    again = (
        "import vfs\nvfs.umount('/flash')\nfor times in (1, -1):\n    try:\n        flash_chip.mount(store, '/flash', {'after_reads': 1, 'times': times})\n"
        "        print(read('document') == 'x' * 5000)\n        vfs.umount('/flash')\n    except OSError as error:\n        print(error.errno)\n"
    )
    assert lines_of(on_chip(again)) == ["True", "5"]
    assert not list(tmp_path.glob("*.broken*"))
