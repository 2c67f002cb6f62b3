"""boot.py on both interpreters: outputs first, which program starts, what a crash loop ends in."""

import json
import subprocess

import pytest

from faults.boards_played import RESET, ROOT, PlayedBoard, on_flash, tiny_build

ENDS = "pass"
CRASHES = "import machine\nmachine.reset()"
LIVES_A_MINUTE = "import machine\nmachine.Timer.callback(None)\nmachine.reset()"
ASKED_TO_RESTART = "forget_starts()\nimport machine\nmachine.reset()"


@pytest.fixture
def board(tmp_path, micropython):
    return PlayedBoard(tmp_path / "board", micropython)


def program(tmp_path, version, way=ENDS):
    folder = tmp_path / (version + "-build")
    folder.mkdir()
    return tiny_build(folder, version, way)


def test_contactors_are_opened_before_pilots_are_set_and_both_before_anything_else(board, tmp_path):
    files = on_flash(program(tmp_path, "1.0"))
    closes_low = {
        "contactor": {"pin": 5, "on": 0},
        "phases_2_3": {"pin": 6, "on": 1},
        "pilot": {"pwm_pin": 7},
    }
    files["/board.json"] = json.dumps(
        {"connectors": [{"contactor": {"pin": 26, "on": 1}, "pilot": {"pwm_pin": 27}}, closes_low]}
    ).encode()
    files["/a/complete"] = b"not a number"
    board.format(files)
    board.start()
    assert board.pins() == "26 0\n5 1\n6 0\n27 1\n7 1\n"


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"connectors": 3}',
        b'{"connectors": ["x"]}',
        b'{"connectors": [{"contactor": 3}]}',
    ],
)
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_without_a_readable_board_json_the_start_goes_on_and_says_so(board, tmp_path, content):
    files = on_flash(program(tmp_path, "1.0"))
    del files["/board.json"]
    board.format(files | ({} if content is None else {"/board.json": content}))
    _, text = board.start()
    assert "boot: not every output was set" in text and "main: 1.0" in text


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_level_that_is_none_never_drives_a_contactor_and_the_others_are_opened(board, tmp_path):
    files = on_flash(program(tmp_path, "1.0"))
    for on in (2, 7, -1, "0", None, 0.5):
        wrong, right = (
            {"contactor": {"pin": 5, "on": on}, "pilot": {"pwm_pin": 7}},
            {"contactor": {"pin": 26, "on": 1}, "pilot": {"pwm_pin": 27}},
        )
        files["/board.json"] = json.dumps({"connectors": [wrong, right]}).encode()
        board.format(files)
        assert "boot: not every output was set" in board.start()[1]
        assert board.pins() == "26 0\n7 1\n27 1\n", on


def test_it_says_version_build_folder_and_why_it_started(board, tmp_path):
    made = program(tmp_path, "1.2.3")
    board.format(on_flash(made))
    for cause, mark, words in (
        (1, b"", "power-up, start 1"),
        (2, b"R", "a reset, start 2"),
        (3, b"", "the watchdog, start 3"),
    ):
        with open(board.folder / "rtc", "ab") as memory:
            memory.write(mark)  # what a reset on purpose leaves
        _, text = board.start(cause)
        sentence = "build %s from /a, after %s" % (made.name, words)
        assert "boot: Setpoint 1.2.3 %s\n" % sentence in text
        assert "main: 1.2.3 " + sentence in text, "main.py gets it too"


def test_the_newest_complete_program_starts(board, tmp_path):
    one, two = program(tmp_path, "1.0"), program(tmp_path, "2.0")
    for number_a, number_b, expected in ((1, 2, "2.0"), (3, 2, "1.0"), (9, 10, "2.0")):
        board.format(on_flash(one, "a", number_a) | on_flash(two, "b", number_b))
        assert "main: " + expected in board.start()[1], (number_a, number_b)


def test_a_program_that_is_not_complete_is_never_started(board, tmp_path):
    one, two = program(tmp_path, "1.0"), program(tmp_path, "2.0")
    for content in (None, b"", b"2", b"x 2.0 abc", b"2 2.0 abc def"):
        files = on_flash(one, "a", 1) | on_flash(two, "b", 2)
        del files["/b/complete"]
        board.format(files | ({} if content is None else {"/b/complete": content}))
        assert "main: 1.0" in board.start(cause=1)[1], content


def test_after_three_starts_in_vain_the_program_before_takes_over_for_good(board, tmp_path):
    board.format(
        on_flash(program(tmp_path, "1.0"), "a", 1)
        | on_flash(program(tmp_path, "2.0", CRASHES), "b", 2)
    )
    for _ in range(3):
        code, text = board.start()
        assert code == RESET and "main: 2.0" in text
    _, text = board.start()
    assert "2.0" in text and "put aside" in text and "main: 1.0" in text
    assert "/b/failed" in board.files()
    assert "main: 1.0" in board.start(cause=1)[1], "a power cut does not bring it back"


def test_a_crash_loop_without_another_program_ends_in_safe_mode_that_says_so(board, tmp_path):
    board.format(on_flash(program(tmp_path, "1.0", CRASHES)))
    for _ in range(3):
        assert "main: 1.0" in board.start()[1]
    for _ in range(2):
        code, text = board.start()
        assert (
            code == 0
            and "boot: SAFE MODE" in text
            and "network is off" in text
            and "main:" not in text
        )
    assert board.pins().endswith("26 0\n27 1\n"), "its outputs are safe too"
    assert "/a/complete" in board.files()
    assert "main: 1.0" in board.start(cause=1)[1], "power off and on tries again"


def test_an_import_that_fails_counts_as_a_crash(board, tmp_path):
    """The real main.py, and a package that is not there."""
    files = on_flash(program(tmp_path, "1.0"))
    files["/a/main.py"] = (ROOT / "firmware" / "main.py").read_bytes()
    board.format(files)
    for _ in range(3):
        code, text = board.start()
        assert code == RESET and "ImportError" in text
    assert "SAFE MODE" in board.start()[1]


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        bytes(200),
        b"def (:",
        b"print(",
        b"raise ValueError(1)",
        b"import nothing_of_this_name",
        b"\xff\xfe\x00",
    ],
)
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_main_py_that_is_missing_or_cannot_be_read_does_not_leave_the_board_at_the_prompt(
    board, tmp_path, content
):
    """MicroPython prints a line and waits at the prompt. The watchdog resets it, and after three
    starts the program before runs."""
    files = on_flash(program(tmp_path, "1.0"), "a", 1) | on_flash(program(tmp_path, "2.0"), "b", 2)
    del files["/b/main.py"]
    board.format(files | ({} if content is None else {"/b/main.py": content}))
    for number in range(3):
        code, text = board.start(cause=3 if number else 1)
        assert code == RESET and "start %d\n" % (number + 1) in text and "main:" not in text
    assert "main: 1.0" in board.start(cause=3)[1]


def test_both_programs_may_fail_one_after_the_other(board, tmp_path):
    board.format(
        on_flash(program(tmp_path, "1.0", CRASHES), "a", 1)
        | on_flash(program(tmp_path, "2.0", CRASHES), "b", 2)
    )
    seen = [board.start()[1] for _ in range(7)]
    assert [("main: 2.0" in t, "main: 1.0" in t) for t in seen] == [(True, False)] * 3 + [
        (False, True)
    ] * 3 + [(False, False)]
    assert "SAFE MODE" in seen[-1]


@pytest.mark.parametrize("way", [LIVES_A_MINUTE, ASKED_TO_RESTART])
def test_a_start_that_lasted_or_a_restart_that_was_asked_for_is_no_crash(board, tmp_path, way):
    board.format(on_flash(program(tmp_path, "1.0", way)))
    for _ in range(5):
        assert "start 1\n" in board.start()[1]


def test_power_cuts_are_no_crashes(board, tmp_path):
    board.format(on_flash(program(tmp_path, "1.0", CRASHES)))
    for _ in range(5):
        assert "main: 1.0" in board.start(cause=1)[1]


def test_what_others_keep_in_the_clocks_memory_stays(board, tmp_path):
    board.format(on_flash(program(tmp_path, "1.0", LIVES_A_MINUTE)))
    (board.folder / "rtc").write_bytes(b"????and more")
    board.start()
    assert (board.folder / "rtc").read_bytes() == b"\0\0\0\0and more"


def test_a_flash_that_takes_no_write_does_not_stop_the_fall_back(board, tmp_path):
    files = on_flash(program(tmp_path, "1.0"), "a", 1) | on_flash(
        program(tmp_path, "2.0", CRASHES), "b", 2
    )
    refuses = b"def refuse(*names):\n    raise OSError(5)\n\n\ndef make_safe"
    files["/boot.py"] = (
        files["/boot.py"].replace(b"os.rename(", b"refuse(").replace(b"def make_safe", refuses)
    )
    board.format(files)
    for _ in range(3):
        board.start()
    assert "main: 1.0" in board.start()[1]


def test_a_board_without_any_program_says_what_to_do(board, tmp_path):
    files = on_flash(program(tmp_path, "1.0"))
    board.format(
        {path: content for path, content in files.items() if path in ("/boot.py", "/board.json")}
    )
    assert (
        "There is no complete program. make flash or make deploy installs one." in board.start()[1]
    )
    assert board.pins() == "26 0\n27 1\n"


def test_a_panic_is_told_from_a_reset_by_the_mark_that_a_reset_on_purpose_leaves_and_the_mark_stays(
    board, tmp_path
):
    board.format(on_flash(program(tmp_path, "1.0")))
    assert "after a panic" in board.start()[1]
    (board.folder / "rtc").write_bytes(b"????R")
    assert "after a reset" in board.start()[1]
    assert (board.folder / "rtc").read_bytes()[4:] == b"R", "the board's own files read it next"


# ---- MicroPython with the program in its image, which has two slots in flash


def frozen(version, way=ENDS):
    run = (
        'def run(started, forget_starts, restart_for_memory):\n    print("frozen:", "%s", started)\n'
        % version
    )
    return {
        "__init__.py": '__version__ = "%s"\n' % version,
        "main.py": run + "".join("    %s\n" % line for line in way.splitlines()),
    }


def without_program(tmp_path):
    files = on_flash(program(tmp_path, "0.0"))
    return {path: content for path, content in files.items() if path == "/board.json"}


def test_the_frozen_program_starts_where_no_folder_holds_one_and_says_from_which_slot(
    board, tmp_path
):
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("2.0"))
    _, text = board.start(cause=1)
    assert "boot: Setpoint 2.0 from ota_0, after power-up, start 1\n" in text
    assert "frozen: 2.0 from ota_0, after power-up, start 1\n" in text, "the program gets it too"
    assert board.pins() == "26 0\n27 1\n", "its outputs are safe first"


def test_a_complete_program_in_a_folder_wins_over_the_frozen_one(board, tmp_path):
    board.format(on_flash(program(tmp_path, "1.0")))
    board.write_slot(0, frozen("2.0"))
    text = board.start()[1]
    assert "main: 1.0" in text and "frozen:" not in text


def test_a_package_beside_the_frozen_program_does_not_get_in_its_way(board, tmp_path):
    stray = {
        "/setpoint/__init__.py": b'__version__ = "stray"\n',
        "/lib/setpoint/__init__.py": b'__version__ = "stray"\n',
    }
    board.format(without_program(tmp_path) | stray)
    board.write_slot(0, frozen("2.0"))
    assert "frozen: 2.0" in board.start()[1]


def test_a_package_in_lib_is_not_taken_for_a_frozen_one(board, tmp_path):
    boot = {"/boot.py": (ROOT / "firmware" / "boot.py").read_bytes()}
    board.format(
        without_program(tmp_path) | boot | {"/lib/setpoint/__init__.py": b'__version__ = "stray"\n'}
    )
    assert "There is no complete program" in board.start()[1]


@pytest.mark.parametrize("first, winner", [('""', "the folder's"), ('".frozen"', "frozen")])
def test_what_stands_first_on_the_path_is_imported_and_frozen_code_may_stand_there(
    tmp_path, micropython, first, winner
):
    """The interpreter's own rule, by a package that is frozen into every one: on it boot.py
    relies."""
    (tmp_path / "asyncio").mkdir()
    (tmp_path / "asyncio" / "__init__.py").write_text("the_folders = True\n")
    code = (
        "import sys\nsys.path[:] = [%s, '', '.frozen']\nimport asyncio\nprint(hasattr(asyncio, 'the_folders'))"
        % first
    )
    said = subprocess.run(
        [*micropython, "-c", code], cwd=tmp_path, capture_output=True, text=True
    ).stdout
    assert said == "%s\n" % (winner != "frozen")


def test_after_three_starts_in_vain_of_the_only_folder_the_frozen_program_takes_over_for_good(
    board, tmp_path
):
    board.format(on_flash(program(tmp_path, "1.0", CRASHES)))
    board.write_slot(0, frozen("2.0"))
    for _ in range(3):
        assert "main: 1.0" in board.start()[1]
    text = board.start()[1]
    assert "put aside" in text and "frozen: 2.0 from ota_0" in text and "start 1\n" in text
    assert "/a/failed" in board.files()
    assert "frozen: 2.0" in board.start(cause=1)[1]


def test_after_three_starts_in_vain_of_the_frozen_program_the_other_slot_takes_its_place(
    board, tmp_path
):
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("2.0", CRASHES))
    board.write_slot(1, frozen("1.0", LIVES_A_MINUTE))
    for _ in range(3):
        assert "frozen: 2.0 from ota_0" in board.start()[1]
    code, text = board.start()
    assert code == RESET and "the other slot takes its place" in text and "frozen:" not in text
    for _ in range(5):
        assert "frozen: 1.0 from ota_1, after a" in board.start()[1], (
            "for good: the boot loader was told that it is"
        )


def test_a_slot_that_the_boot_loader_gives_up_at_once_is_not_tried_for_ever(board, tmp_path):
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("2.0", CRASHES))
    board.write_slot(1, frozen("1.0", CRASHES))
    seen = [board.start()[1] for _ in range(8)]
    tried = [
        "2.0" if "frozen: 2.0" in text else "1.0" if "frozen: 1.0" in text else "" for text in seen
    ]
    assert tried == ["2.0", "2.0", "2.0", "", "1.0", "", "", ""]
    assert all(
        "SAFE MODE. Setpoint 2.0 in ota_0" in text and "network is off" in text for text in seen[5:]
    )
    assert "frozen: 2.0" in board.start(cause=1)[1], "power off and on tries again"


UPDATES = """from esp32 import Partition
if Partition(Partition.RUNNING).info()[4] == "ota_0":
    Partition(Partition.RUNNING).get_next_update().set_boot()
    forget_starts()
    import machine
    machine.reset()"""


def test_a_slot_that_was_chosen_for_the_next_start_is_not_called_good_before_it_has_run(
    board, tmp_path
):
    """ESP-IDF marks the slot that was chosen last. If that is the new one, no roll-back is left for
    an image that dies before it comes to boot.py."""
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("1.0", UPDATES))
    board.write_slot(1, frozen("2.0"))
    (board.folder / "ota_1" / "boot.py").write_text("import machine\nmachine.reset()\n")
    assert "frozen: 1.0" in board.start()[1]
    assert (board.folder / "otadata").read_text() == "1 new"
    assert "boot:" not in board.start()[1]
    assert "frozen: 1.0 from ota_0" in board.start()[1]


def test_an_empty_other_slot_ends_in_safe_mode(board, tmp_path):
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("2.0", CRASHES))
    for _ in range(3):
        assert "frozen: 2.0" in board.start()[1]
    for _ in range(2):
        code, text = board.start()
        assert code == 0 and "SAFE MODE" in text and "frozen:" not in text


@pytest.mark.parametrize("way", [LIVES_A_MINUTE, ASKED_TO_RESTART])
def test_a_frozen_start_that_lasted_or_a_restart_that_was_asked_for_is_no_crash(
    board, tmp_path, way
):
    board.format(without_program(tmp_path))
    board.write_slot(0, frozen("2.0", way))
    for _ in range(5):
        assert "from ota_0" in board.start()[1] and "SAFE MODE" not in board.start()[1]


# ---- main.py: it never returns, and what it ends by decides what counts

PACKAGE = {
    "/a/setpoint/main.py": (ROOT / "firmware" / "setpoint" / "main.py").read_bytes(),
    "/a/setpoint/__init__.py": b"",
    "/a/setpoint/board.py": b"""
import machine
class Board:
    def make_safe(self):
        print("safe")
    def set_up(self):
        return None
    def reset(self):
        print("reset")
        machine.reset()
def this():
    THIS
""",
    "/a/setpoint/app.py": b"""
class App:
    died = DIED
    def __init__(self, board, started):
        print("app:", started)
        self.control = self
        self.halt = board.make_safe
    async def run(self):
        RUN
""",
}


@pytest.mark.parametrize(
    "this, died, run, safe, counts",
    [
        (b"return Board()", b"False", b"pass", True, False),  # OCPP's Reset
        (b"return Board()", b"True", b"pass", True, True),  # a task died
        (b"return Board()", b"False", b"raise ValueError(3)", True, True),
        (b"return Board()", b"False", b"raise MemoryError", True, True),
        (b"raise OSError(5)", b"False", b"pass", False, True),  # boot.py's outputs stand
        (b"return 1 // 0", b"False", b"pass", False, True),
    ],
)
def test_main_ends_in_a_reset_with_safe_outputs_whatever_happens(
    board, tmp_path, this, died, run, safe, counts
):
    files = on_flash(program(tmp_path, "1.0")) | {
        "/a/main.py": (ROOT / "firmware" / "main.py").read_bytes()
    }
    for path, content in PACKAGE.items():
        files[path] = content.replace(b"THIS", this).replace(b"DIED", died).replace(b"RUN", run)
    board.format(files)
    for number in (1, 2, 3):
        code, text = board.start()
        assert code == RESET, text
        assert "start %d\n" % (number if counts else 1) in text
        if safe:
            assert text.index("safe") < text.index("app:") and text.rindex("safe") < text.rindex(
                "reset"
            )
            assert "Traceback" not in text or text.rindex(
                "safe", 0, text.index("Traceback")
            ) > text.index("app:"), "safe before it prints"
    assert ("SAFE MODE" in board.start()[1]) == counts


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
@pytest.mark.parametrize("where", ["board", "app"])
def test_a_start_that_ends_for_want_of_memory_says_so_and_is_not_put_aside_but_three_are_enough(
    board, tmp_path, where
):
    """The import takes more than there is, as with .mpy files on a chip without PSRAM."""
    files = on_flash(program(tmp_path, "1.0"), "b", 1) | on_flash(program(tmp_path, "2.0"), "a", 2)
    files |= {
        "/a/main.py": (ROOT / "firmware" / "main.py").read_bytes(),
        "/state/keys.a": b"learned",
    } | PACKAGE
    for path in ("__init__", "log_ring", "store/__init__", "store/files"):
        files["/a/setpoint/%s.py" % path] = (
            ROOT / "firmware" / "setpoint" / (path + ".py")
        ).read_bytes()
    files["/a/setpoint/board.py"] = (
        files["/a/setpoint/board.py"]
        .replace(b"THIS", b"return Board()")
        .replace(b"class Board:", b"class Board:\n    root = ''")
    )
    files["/a/setpoint/app.py"] = (
        files["/a/setpoint/app.py"].replace(b"DIED", b"False").replace(b"RUN", b"pass")
    )
    files["/a/setpoint/%s.py" % where] += b"kept = []\nwhile True:\n    kept.append(bytes(500))\n"
    board.format(files)
    board.interpreter = [*board.interpreter, "-X", "heapsize=115K"]
    for number in range(3):
        code, text = board.start()
        assert (
            code == RESET
            and "There is not enough memory to start: on a chip without PSRAM" in text
            and "Traceback" not in text
        ), text
        assert "start 1\n" in text and ("after a reset" in text) == (number > 0), (
            "it counts as none in vain"
        )
    for _ in range(2):
        code, text = board.start()
        assert (
            code == 0
            and "SAFE MODE. Setpoint 2.0" in text
            and "has not enough memory: on a chip without PSRAM" in text
            and "main:" not in text
        )
    kept = board.files()
    assert "/a/complete" in kept and b"There is not enough memory" in kept["/state/log"]
    assert "There is not enough memory" in board.start(cause=1)[1], "power off and on tries again"
