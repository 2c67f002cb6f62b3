"""The table of the compliancy test tool's cases in README.md names tests that exist, and all of
them."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_the_table_and_the_tests_name_one_another():
    rows = re.findall(
        r"^\| (TC_\S+)[^|]*\|[^|]*\| `(test_\w+)`", (HERE / "README.md").read_text(), re.MULTILINE
    )
    named = [name for _, name in rows]
    written = []
    for path in sorted(HERE.glob("portable/test_octt_*.py")):
        written += re.findall(r"^def (test_tc_\w+)", path.read_text(), re.MULTILINE)
    assert len(named) > 60 and sorted(named) == sorted(written)
    for case, name in rows:
        assert name.startswith("test_" + case.lower() + "_"), (case, name)
