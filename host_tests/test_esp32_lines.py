"""No line of the ESP32's board goes untried: its portable tests run once more with each line noted.

In a process of its own, since what runs when a module is imported counts too.
"""

import subprocess
import sys
from pathlib import Path
from types import CodeType

HOST_TESTS = Path(__file__).resolve().parent
ESP32 = HOST_TESTS.parent / "firmware" / "setpoint" / "board" / "esp32"


def lines_of(path: Path) -> "set[int]":
    """Every line that there is something to run on."""

    def walk(code: CodeType) -> "set[int]":
        found = {line for _, _, line in code.co_lines() if line}
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                found |= walk(constant)
        return found

    return walk(compile(path.read_text(), str(path), "exec"))


def untried() -> "list[str]":
    """ "pilot.py:12 ..." for each line that no test runs. Imports the tests and runs them all."""
    seen: "dict[str, set[int]]" = {}

    def note(frame, event, _):
        if not frame.f_code.co_filename.startswith(str(ESP32)):
            return None
        seen.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return note

    sys.path[:0] = [str(HOST_TESTS / name) for name in ("portable", "fakes", "shims")] + [
        str(HOST_TESTS.parent / "firmware")
    ]
    sys.settrace(note)
    for path in sorted((HOST_TESTS / "portable").glob("test_esp32_*.py")):
        module = __import__(path.stem)
        for name in [name for name in dir(module) if name.startswith("test_")]:
            getattr(module, name)()
    sys.settrace(None)
    found = []
    for path in sorted(ESP32.glob("*.py")):
        text = path.read_text().splitlines()
        for line in sorted(lines_of(path) - seen.get(str(path), set())):
            found.append("%s:%d %s" % (path.name, line, text[line - 1].strip()))
    return found


def test_every_line_of_the_esp32_board_is_tried():
    done = subprocess.run(
        [sys.executable, __file__], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


if __name__ == "__main__":
    left = untried()
    sys.stderr.writelines(line + "\n" for line in left)
    sys.exit(1 if left else 0)
