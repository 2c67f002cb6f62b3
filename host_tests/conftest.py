"""Where the tests find the firmware, the shims and the tools."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "host_tests" / "shims"), str(ROOT / "host_tests" / "portable"), str(ROOT)]
