"""docs/architecture.md follows events through files: each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
SETPOINT = ROOT / "firmware" / "setpoint"


def test_every_file_of_the_page_is_there():
    paths = re.findall(r"`([\w./]+\.py)`", PAGE)
    assert len(paths) > 40
    assert [path for path in paths if not (SETPOINT / path).is_file()] == []


def test_the_page_visits_every_room():
    rooms = {path.parent.name for path in SETPOINT.glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if "`%s/" % room not in PAGE] == []
