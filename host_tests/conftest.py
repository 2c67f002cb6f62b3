"""Where the tests find the firmware, the shims, the tools, and the bench of the portable tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "host_tests" / "shims"), str(ROOT / "host_tests" / "portable"), str(ROOT)]
sys.path.append(str(ROOT / "host_tests"))  # last: its folders are no packages, but for faults
