"""SECURITY.md promises nothing that no test shows, and real boards have no second way in."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTENS = ("start_server", "listen", "bind", "dupterm", "webrepl", "telnet")


def names_of_tests():
    names = set()
    for path in (ROOT / "host_tests").rglob("test_*.py"):
        names |= {
            node.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    return names


def imported_by(name):
    """The files of the firmware that import a module of this name."""
    found = set()
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.Import, ast.ImportFrom)) and name in (
                alias.name for alias in node.names
            ):
                found.add(path.name)
    return found


def test_every_test_that_the_security_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) > 25
    assert named <= names_of_tests(), named - names_of_tests()


def test_real_boards_listen_on_no_port_but_that_of_their_page_and_have_no_control_channel():
    for path in (ROOT / "firmware").rglob("*.py"):
        if "simulated" in path.parts:
            continue
        text = path.read_text()
        tree = ast.parse(text)
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | {
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name)
        }
        found = used.intersection(LISTENS)
        # A question to DNS goes out from a random port, which is open until its answer is there
        if path.name == "resolver.py":
            assert found == {"bind"} and "SOCK_DGRAM" in used and "SOCK_STREAM" not in used
            continue
        # Loaded where the owner gave the station a page (docs/http.md), and in set-up mode
        if path.name == "listener.py":
            assert found == {"bind", "listen"} and imported_by("listener") == {
                "door.py",
                "access_point.py",
            }
            continue
        if path.name == "door.py":
            found.discard("listen")
        # In set-up mode alone: the page, and the names that lead to it
        if path.name == "access_point.py":
            found.difference_update(("listen", "bind"))
        assert not found, (path, found)
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert not imported.intersection(("control_channel", "webrepl")), path
