"""docs/start-file.md lists every field of the start file, and its example is one."""

import re
from pathlib import Path

from setpoint.board.simulated import start_file

PAGE = Path(__file__).resolve().parent.parent / "docs" / "start-file.md"


def test_the_page_and_the_firmware_list_the_same_fields():
    rows = dict(re.findall(r"^\| `([\w.]+)` \|[^|]*\| (\S.*) \|$", PAGE.read_text(), re.MULTILINE))
    assert list(dict.fromkeys(name.partition(".")[0] for name in rows)) == list(start_file._FIELDS)
    for name, fields in start_file._FIELDS.items():
        for field in fields if type(fields) is dict else ():
            assert name + "." + field in rows or "`%s`" % field in rows[name], (name, field)
    for name, fields in (
        ("connectors", start_file._CONNECTOR),
        ("control", start_file._CONTROL),
        ("vehicles", start_file._VEHICLE),
        ("device.mains", start_file._MAINS),
    ):
        assert all("`%s`" % field in rows[name] for field in fields), name


def test_its_example_is_a_start_file_without_a_fault():
    settings, ignored = start_file.read(
        re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)[1], "/somewhere"
    )
    assert (
        not ignored
        and len(settings["vehicles"]) == 2
        and settings["store"] == "/somewhere/build/cp001"
    )
