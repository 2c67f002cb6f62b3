"""boards/images: what goes into the image of each family, worked out with MicroPython's own tools
as far as they come without ESP-IDF.

That is up to frozen_content.c: makemanifest.py reads the manifest, mpy-cross compiles for the chip,
mpy-tool.py makes C of it. They come from MicroPython's source as Debian has it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from esp_idf_defs import PartitionTable

from tools import micropython32, riscv32
from tools.command import BOARDS, ROOT
from tools.debian import Unavailable
from tools.image_files import LEAST_LEFT
from tools.micropython_image import partition_table
from tools.modules import FAMILIES

IMAGES = BOARDS / "images"
FIRMWARE = ROOT / "firmware"
DRIVERS = ("ds18x20", "neopixel", "onewire")

# Bytes in an image for the ESP32-C3 that are MicroPython: measured without Bluetooth (1.29-preview,
# ESP-IDF 5.3.1), less what its developers measured of parts that boards/images leave out: Berkeley
# DB 20 KB, PPP 36 KB, IPv6 30 KB. SD cards, I2S and the texts of the log are left out too, and not
# counted.
MICROPYTHON = 1_414_368 - 86_000


@pytest.fixture(scope="session")
def source() -> Path:
    """MicroPython's source with mpy-cross built. Where it cannot be had, these tests are skipped;
    in CI they fail."""
    try:
        return micropython32.source()
    except Unavailable as reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "no source of MicroPython: %s" % reason
        )


def settings(family: str) -> "tuple[str, list[str]]":
    """(the chip as ESP-IDF calls it, the files of settings) of a family, as its mpconfigboard.cmake
    says before the shared part."""
    text = (IMAGES / family / "mpconfigboard.cmake").read_text()
    files = re.search(r"set\(SDKCONFIG_DEFAULTS\n(.*?)\n\)", text, re.S)[1].split()
    return re.search(r"set\(IDF_TARGET (\w+)\)", text)[1], files


def stand_ins(folder: Path) -> Path:
    """A library with the names of the drivers and nothing in them: Debian strips MicroPython's own
    of it."""
    for name in DRIVERS:
        (folder / "micropython" / name).mkdir(parents=True)
        (folder / "micropython" / name / "manifest.py").write_text('module("%s.py")\n' % name)
        (folder / "micropython" / name / (name + ".py")).touch()
    return folder


def freeze(
    source: Path,
    folder: Path,
    manifest: Path,
    flags: str,
    known: str = "QCFG(BYTES_IN_LEN, (1))\nQCFG(BYTES_IN_HASH, (2))\n",
) -> "tuple[list[str], str]":
    """(names of the frozen files, frozen_content.c), made by the command that MicroPython's
    py/mkrules.cmake would give. known: the strings that the interpreter has anyhow."""
    (folder / "genhdr").mkdir()
    (folder / "genhdr" / "qstrdefs.preprocessed.h").write_text(known)
    variables = {
        "MPY_DIR": source,
        "MPY_LIB_DIR": stand_ins(folder / "lib"),
        "PORT_DIR": source / "ports/esp32",
        "BOARD_DIR": manifest.parent,
    }
    command = [
        sys.executable,
        str(source / "tools/makemanifest.py"),
        "-o",
        str(folder / "frozen_content.c"),
        "-b",
        str(folder),
        "-f" + flags,
    ]
    for name, path in variables.items():
        command += ["-v", "%s=%s" % (name, path)]
    ran = subprocess.run(command + [str(manifest)], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    content = (folder / "frozen_content.c").read_text()
    names = re.search(r"mp_frozen_names\[\] = \{(.*?)\};", content, re.S)[1]
    return re.findall(r'"([^"]+)\\0"', names), content


def in_repository(part: str) -> "set[str]":
    return {path.relative_to(FIRMWARE).as_posix() for path in (FIRMWARE / part).rglob("*.py")}


@pytest.fixture(scope="module", params=FAMILIES)
def frozen(request, source, tmp_path_factory) -> "tuple[list[str], str, Path]":
    """(names, C, folder) of one family."""
    chip, _ = settings(request.param)
    flags = "-march=rv32imc" if chip in ("esp32c3", "esp32c6") else "-march=xtensawin"
    folder = tmp_path_factory.mktemp(request.param)
    return *freeze(source, folder, IMAGES / "manifest_esp32.py", flags), folder


def test_every_family_has_a_folder_and_every_folder_a_family():
    assert FAMILIES == sorted(path.parent.name for path in IMAGES.glob("*/mpconfigboard.cmake"))
    assert FAMILIES == sorted(path.parent.name for path in IMAGES.glob("*/mpconfigboard.h"))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_of_the_chip_that_its_name_says(family):
    assert settings(family)[0] == family.split("_")[0]


def test_every_file_of_ours_that_the_build_is_told_of_is_there():
    for file in IMAGES.rglob("*.cmake"):
        text = file.read_text().replace("${SETPOINT_FLASH}", "4MiB")
        named = re.findall(r"\$\{CMAKE_CURRENT_LIST_DIR\}/([\w./-]+)", text)
        assert named, file
        for name in named:
            assert (file.parent / name).is_file(), (file, name)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_image_says_which_setpoint_it_is_and_for_which_family(family, source, tmp_path):
    version = re.search(r'__version__ = "(.+)"', (FIRMWARE / "setpoint/__init__.py").read_text())[1]
    (tmp_path / "named.c").write_text(
        '#include "mpconfigboard.h"\nconst char name[] = MICROPY_HW_BOARD_NAME " with " MICROPY_HW_MCU_NAME;\n'
    )
    ran = subprocess.run(
        ["cc", "-c", "-I", str(IMAGES / family), "named.c", "-o", "named.o"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert (
        b"Setpoint %s on %s with ESP32" % (version.encode(), family.encode())
        in (tmp_path / "named.o").read_bytes()
    )


def test_an_image_holds_every_file_that_a_chip_can_use_under_its_own_name(frozen):
    names, _, _ = frozen
    ours = {name for name in names if name.startswith("setpoint/")}
    assert ours == in_repository("setpoint") - in_repository("setpoint/board/simulated")
    assert "setpoint/app.py" in ours and "setpoint/board/esp32/board.py" in ours


def test_an_image_starts_with_boot_py_and_has_no_main_py(frozen):
    names, _, _ = frozen
    assert "boot.py" in names and "_boot.py" in names
    assert "main.py" not in names, "it would run after boot.py's safe mode too"


def test_an_image_brings_what_the_firmware_imports(frozen):
    names, _, _ = frozen
    assert {"asyncio/core.py", "asyncio/stream.py", "flashbdev.py", "inisetup.py"} | {
        name + ".py" for name in DRIVERS
    } <= set(names)


def test_an_image_has_the_full_name_of_each_module_in_flash(frozen):
    names, content, _ = frozen
    for name in names:
        if name.startswith("setpoint/"):
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            assert '"%s"' % module in content, module


def test_a_traceback_of_a_frozen_file_names_it_as_the_repository_does(frozen):
    _, content, folder = frozen
    assert '"setpoint/schedule/stack.py"' in content
    assert (
        b"setpoint/schedule/stack.py"
        in (folder / "frozen_mpy/setpoint/schedule/stack.mpy").read_bytes()
    )


def test_the_unix_port_gets_the_whole_package_and_no_boot_py(source, tmp_path):
    names, _ = freeze(source, tmp_path, IMAGES / "manifest.py", "-march=x86")
    assert set(names) == in_repository("setpoint") | {"setpoint_names.py"}
    assert "setpoint/board/simulated/board.py" in names


def table_of(family: str) -> "tuple[dict, int]":
    """(the partitions by their names, the size of the flash in bytes) of a family's table."""
    text = (IMAGES / family / "mpconfigboard.cmake").read_text()
    megabytes = int((re.search(r"set\(SETPOINT_FLASH (\d+)MiB\)", text) or ["", "4"])[1])
    table = PartitionTable.from_csv((IMAGES / ("partitions-%dMiB.csv" % megabytes)).read_text())
    table.verify()
    table.verify_size_fits(megabytes << 20)
    return {row.label: row for row in partition_table(table.to_binary())}, megabytes << 20


def test_the_image_answers_for_the_name_under_which_the_page_is_found():
    assert "#define MICROPY_HW_ENABLE_MDNS_RESPONDER (1)" in (IMAGES / "setpoint.h").read_text()


@pytest.mark.parametrize("family", FAMILIES)
def test_two_equal_slots_and_the_files_fill_the_flash_without_overlap(family):
    ours, flash = table_of(family)
    assert list(ours) == ["nvs", "otadata", "phy_init", "ota_0", "ota_1", "vfs"]
    rows = sorted(ours.values(), key=lambda row: row.offset)
    assert rows[0].offset == 0x9000, "the boot loader ends and the table lies before"
    for row, following in zip(rows, rows[1:]):
        assert row.offset + row.size == following.offset, (row, following)
    assert rows[-1].offset + rows[-1].size == flash
    assert ours["ota_0"].size == ours["ota_1"].size
    assert all(
        ours[slot].type == 0 and ours[slot].offset % 0x10000 == 0 for slot in ("ota_0", "ota_1")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_boot_loader_knows_of_all_the_flash_that_the_table_fills(family):
    _, files = settings(family)
    sizes = [4]  # MicroPython's own setting
    for file in files:
        named = IMAGES / file.rpartition("/")[2]
        if named.is_file():
            sizes += map(int, re.findall(r"FLASHSIZE_(\d+)MB=y", named.read_text()))
    assert sizes[-1] << 20 == table_of(family)[1]


def test_the_program_fits_into_a_slot_beside_micropython(source, tmp_path):
    """As far as that can be told without ESP-IDF: the part of the image that is Setpoint, compiled
    for the C3 by Debian's compiler. The C3's code is the largest of the chips with 4 MB."""
    try:
        riscv32.build()
    except Unavailable as reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(reason))
    port = next(riscv32.FOLDER.glob("objects-*"))
    known = (port / "genhdr" / "qstrdefs.preprocessed.h").read_text()
    freeze(source, tmp_path, IMAGES / "manifest_esp32.py", "-march=rv32imc", known)
    compiler = ["riscv64-unknown-elf-gcc", "-Os", "-march=rv32imac", "-mabi=ilp32", "-DNDEBUG"]
    flags = ["-DQEMU_SOC_VIRT", "-DMICROPY_QSTR_EXTRA_POOL=mp_qstr_frozen_const_pool"]
    flags += [
        "-DMICROPY_MODULE_FROZEN_MPY",
        '-DMP_CONFIGFILE="%s"' % (riscv32.BOARD / "mpconfigboard.h"),
    ]
    include = ["-I%s" % folder for folder in (source / "ports/qemu", source, port)]
    picolibc = subprocess.check_output([compiler[0], "-print-file-name=picolibc.specs"], text=True)
    where = ["--specs=" + picolibc.strip(), *include, "-c", "frozen_content.c", "-o", "program.o"]
    subprocess.run([*compiler, *flags, *where], cwd=tmp_path, check=True)
    size = subprocess.check_output(
        ["riscv64-unknown-elf-size", "program.o"], cwd=tmp_path, text=True
    )
    program = int(size.splitlines()[1].split()[3])
    slot = table_of("esp32c3")[0]["ota_0"].size
    print(
        "Setpoint takes %d bytes, MicroPython some %d, a slot has %d" % (program, MICROPYTHON, slot)
    )
    assert MICROPYTHON + program + LEAST_LEFT <= slot, program
