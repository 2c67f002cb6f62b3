"""Runs the portable tests under MicroPython: `micropython host_tests/run_on_micropython.py
[file...]`.

Prints one line and a traceback for each failure, and closes with "N passed, N failed". Exit code 1
if any failed."""

import gc
import os
import sys

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
_PORTABLE = _HERE + "/portable"
sys.path[:0] = [_HERE + "/../firmware", _PORTABLE, _HERE + "/fakes"]


def run(file_name: str) -> "tuple[int, int]":
    """Runs every test function of one file: (passed, failed). A file that cannot be imported is one
    failure."""
    try:
        module = __import__(file_name[:-3])
    except Exception as error:
        print("FAILED %s: cannot be imported" % file_name)
        sys.print_exception(error)
        return 0, 1
    passed = failed = 0
    for name in sorted(name for name in dir(module) if name.startswith("test_")):
        try:
            getattr(module, name)()
            passed += 1
        except Exception as error:
            failed += 1
            print("FAILED %s::%s" % (file_name, name))
            sys.print_exception(error)
    return passed, failed


def main(files: "list[str]") -> int:
    chosen = [file.rsplit("/", 1)[-1] for file in files]
    if not chosen:
        chosen = sorted(
            name
            for name in os.listdir(_PORTABLE)
            if name.startswith("test_") and name.endswith(".py")
        )
    passed = failed = 0
    for file_name in chosen:
        p, f = run(file_name)
        passed += p
        failed += f
        sys.modules.pop(file_name[:-3], None)
        gc.collect()  # holes that one file leaves are not the next one's trouble
    bits = 64 if sys.maxsize > 0x7FFFFFFF else 32
    print(
        "MicroPython %s, %d bit: %d passed, %d failed"
        % (".".join(str(n) for n in sys.implementation[1][:3]), bits, passed, failed)
    )
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
