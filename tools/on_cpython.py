"""Import this to be able to import the firmware's pure rooms (setpoint.schedule and so on) on
CPython."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [
    str(path)
    for path in (_ROOT / "firmware", _ROOT / "host_tests" / "shims")
    if str(path) not in sys.path
]
