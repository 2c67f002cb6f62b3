"""Keeps the picture in setpoint/__init__.py true: who may import whom, and what the pure rooms may
not do.

Read from the syntax tree, so nothing is imported. The last tests feed each rule something that
breaks it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
FILES = sorted(FIRMWARE.rglob("*.py"))

PURE = (
    *("schedule", "pilot", "protocol", "charging", "sessions", "messaging", "certificates"),
    *("station", "house"),
    "units",
)

# A room is a folder or a file of setpoint/. Each may import itself, the shared ones, and what
# stands here.
SHARED = {"units"}
MAY_IMPORT = {
    "units": set(),
    "late": set(),
    "scheduler": {"schedule", "protocol"},
    "schedule": set(),
    "pilot": set(),
    "protocol": set(),
    "messaging": {"protocol"},
    "certificates": {"protocol.iso8601"},
    "charging": {"schedule", "protocol"},
    "sessions": {"messaging", "protocol"},
    "station": {"charging", "sessions", "messaging", "certificates", "schedule", "protocol"},
    "house": set(),
    "house_limit": {"house", "surplus_limit"},
    "surplus_limit": {"house"},
    "wear": {"messaging.shapes"},
    "clock": set(),
    "log": {"protocol.iso8601", "log_ring"},  # the text form of an instant
    "log_ring": {"store"},
    "dim_log": {"store", "protocol.iso8601"},
    "state_line": set(),
    "outputs": set(),
    "tasks": {"clock", "log", "log_ring"},
    "link": {"protocol", "certificates", "clock", "log"},
    "work": {"clock"},
    "store": {"log"},
    # the simulated vehicle reads the duty cycle as the standard says; its control channel writes
    # times as OCPP does and names are asked for in DNS messages
    "board": {
        "clock",
        "log",
        "late",
        "pilot.duty",
        "protocol.iso8601",
        "protocol.dns",
        "protocol.sntp",
        *("certificates.public", "certificates.pem"),
    },
    "control": {"evse", "pilot", "clock", "log"},
    "evse": {"pilot"},
    "network_time": {"board.time_server", "clock"},
    "fault_reports": {"pilot.fault_words"},
    "inspection": {"outputs", "pilot.duty", "protocol.iso8601"},
    "transfers": {"clock", "link", "diagnostics", "update"},
    "page": {
        *("station", "sessions", "charging", "schedule", "messaging", "protocol"),
        *("update", "store", "clock", "late", "log_ring", "outputs"),
    },
    "update": {"protocol.firmware_file", "store", "clock"},
    "diagnostics": {"clock", "dim_log", "inspection", "protocol.iso8601", "station"},
    "app": {
        *(
            "station",
            "messaging",
            "protocol",
            "schedule",
            "pilot",
            "control",
            "inspection",
            "link",
            "store",
            "board",
            "clock",
            "log",
            "tasks",
        ),
        *("late", "outputs", "state_line", "fault_reports", "house_limit", "transfers"),
        *("update", "work", "dim_log", "wear", "network_time", "page"),
    },
    "setup": {
        *(
            "link",
            "page.listening",
            "page.exchange",
            "page.access",
            "page.serving",
            "protocol",
            "store",
        ),
        *("board.identity", "certificates.pem", "clock", "log", "tasks"),
    },
    "main": {"app", "board", "log", "log_ring", "setup"},
    "boot": {"main"},
    "__init__": set(),
}
PURE_MODULES = {"micropython", "struct", "json", "binascii", "hashlib", "array", "re"}
BARE_EXCEPT = ("board", "flash.py")  # counts words of its frames, see its rule 4


def room_of(path: Path) -> str:
    """The room that a file of firmware/ belongs to: schedule, log, app, main ..."""
    parts = path.relative_to(FIRMWARE).with_suffix("").parts
    return parts[1] if parts[0] == "setpoint" and len(parts) > 1 else parts[0]


def imports(tree: ast.Module, path: Path) -> "list[tuple[int, str]]":
    """Line and absolute name of each module that is imported, at any depth: (3,
    "setpoint.schedule.installed")."""
    package = ".".join(path.relative_to(FIRMWARE).parent.parts)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - (node.level - 1)]
                base = ".".join(parents + ([base] if base else []))
            # `from .. import units` names a module, `from ..units import tenths` a part of one:
            # both read the same below
            found += [(node.lineno, base + "." + alias.name) for alias in node.names]
    return found


def import_faults(tree: ast.Module, path: Path) -> "list[str]":
    room = room_of(path)
    faults = []
    for line, name in imports(tree, path):
        parts = name.split(".")
        if parts[0] == "setpoint":
            inner = parts[1:] or ["__init__"]
            allowed = MAY_IMPORT[room] | SHARED | {room}
            if (
                inner != ["__version__"]
                and inner[0] not in allowed
                and ".".join(inner[:2]) not in allowed
            ):
                faults.append("line %d: %s may not import %s" % (line, room, name))
        elif room in PURE and parts[0] not in PURE_MODULES:
            faults.append("line %d: the pure room %s may not import %s" % (line, room, parts[0]))
        elif parts[0] == "time" and room != "clock":
            faults.append("line %d: only clock.py reads the time" % line)
    return faults


def purity_faults(tree: ast.Module, path: Path) -> "list[str]":
    """Floats and asyncio in the pure rooms. units.tenths is where a JSON number loses its point."""
    if room_of(path) not in PURE:
        return []
    faults = []
    excepted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (room_of(path), node.name) == ("units", "tenths"):
            excepted = set(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        what = None
        if id(node) in excepted:
            continue
        if isinstance(node, ast.Constant) and type(node.value) in (float, complex):
            what = "the float %r" % node.value
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            what = "/ makes a float; // does not"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("float", "round")
        ):
            what = node.func.id + "()"
        elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
            what = "async"
        if what:
            faults.append("line %d: %s in the pure room %s" % (node.lineno, what, room_of(path)))
    return faults


def form_faults(tree: ast.Module, path: Path) -> "list[str]":
    """What holds for every file of the firmware."""
    faults = []
    if not ast.get_docstring(tree):
        faults.append("line 1: no docstring that says what the file answers")
    for node in ast.walk(tree):
        what = None
        if (
            isinstance(node, ast.ExceptHandler)
            and node.type is None
            and path.parts[-2:] != BARE_EXCEPT
        ):
            what = "bare except"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
            and room_of(path) not in ("log", "main", "boot")
        ):
            # main.py and boot.py may have to speak before there is a log
            what = "print outside log.py"
        elif isinstance(node, ast.Raise) and node.cause is not None:
            what = "raise ... from, which MicroPython does not have"
        if what:
            faults.append("line %d: %s" % (node.lineno, what))
    return faults


def faults_of(text: str, path: Path) -> "list[str]":
    tree = ast.parse(text, str(path))
    return import_faults(tree, path) + purity_faults(tree, path) + form_faults(tree, path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_a_firmware_file_keeps_to_its_room(path: Path):
    assert faults_of(path.read_text(), path) == []


def test_every_room_stands_in_the_map():
    map_text = ast.get_docstring(ast.parse((FIRMWARE / "setpoint" / "__init__.py").read_text()))
    missing = [
        room
        for room in {room_of(path) for path in FILES}
        if not re.search(r"\b%s\b" % room, map_text) and room != "__init__"
    ]
    assert missing == []


def test_what_is_forgotten_after_an_event_is_imported_inside_functions_only():
    """late.py: whoever imports such a module at its top would hold it for good."""
    lines = (FIRMWARE / "setpoint" / "late.py").read_text()
    (seldom,) = [
        ast.literal_eval(n.value) for n in ast.parse(lines).body if isinstance(n, ast.Assign)
    ]
    held = []
    for path in FILES:
        tree = ast.parse(path.read_text())
        name = ".".join(path.relative_to(FIRMWARE).with_suffix("").parts)
        # setpoint.scheduler is for other programs: the firmware does not import it
        if name.replace(".__init__", "") not in (*seldom, "setpoint.scheduler"):
            at_top = ast.Module(
                [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], []
            )
            held += [
                (name, found)
                for _, found in imports(at_top, path)
                if found in seldom or found.rpartition(".")[0] in seldom
            ]
    assert held == []
    files = [FIRMWARE / name.replace(".", "/") for name in seldom]
    assert [
        file for file in files if not file.is_dir() and not file.with_suffix(".py").exists()
    ] == []


def test_the_changelog_and_the_firmware_name_the_same_version():
    firmware = re.search(
        r'__version__ = "(.+)"', (FIRMWARE / "setpoint" / "__init__.py").read_text()
    )
    changelog = re.search(
        r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert firmware[1] == changelog[1]


DOC = '"""What it answers."""\n'
BREACHES = [
    (
        "setpoint/schedule/installed.py",
        "from ..protocol import fields",
        "schedule may not import setpoint.protocol.fields",
    ),
    (
        "setpoint/schedule/installed.py",
        "from setpoint.pilot.duty import x",
        "schedule may not import setpoint.pilot.duty.x",
    ),
    (
        "setpoint/schedule/installed.py",
        "from .. import clock",
        "schedule may not import setpoint.clock",
    ),
    (
        "setpoint/schedule/installed.py",
        "def f():\n    from ..store import documents",
        "schedule may not import setpoint.store",
    ),
    ("setpoint/protocol/ocppj.py", "import socket", "pure room protocol may not import socket"),
    (
        "setpoint/messaging/outbox.py",
        "from ..pilot import duty",
        "messaging may not import setpoint.pilot.duty",
    ),
    ("setpoint/messaging/outbox.py", "import time", "pure room messaging may not import time"),
    (
        "setpoint/store/documents.py",
        "from ..schedule import stack",
        "store may not import setpoint.schedule",
    ),
    ("setpoint/store/documents.py", "import time", "only clock.py reads the time"),
    (
        "setpoint/board/simulated/outlet.py",
        "from ...pilot import sequence",
        "board may not import setpoint.pilot.sequence",
    ),
    (
        "setpoint/link/session.py",
        "from ..messaging import outbox",
        "link may not import setpoint.messaging",
    ),
    ("main.py", "from setpoint.schedule import stack", "main may not import setpoint.schedule"),
    ("setpoint/pilot/duty.py", "x = 1.5", "the float 1.5"),
    ("setpoint/pilot/duty.py", "x = 3 / 2", "/ makes a float"),
    ("setpoint/pilot/duty.py", "x = 3\nx /= 2", "/ makes a float"),
    ("setpoint/pilot/duty.py", "x = float(3)", "float()"),
    ("setpoint/units.py", "def other(n):\n    return n * 0.5", "the float 0.5"),
    ("setpoint/messaging/outbox.py", "async def f():\n    pass", "async"),
    ("setpoint/app.py", "try:\n    pass\nexcept:\n    pass", "bare except"),
    ("setpoint/app.py", "print(1)", "print outside log.py"),
    ("setpoint/app.py", "raise ValueError from None or KeyError()", "raise ... from"),
]
FINE = [
    (
        "setpoint/schedule/installed.py",
        "from ..units import FOREVER\nfrom .profile import x\nfrom . import profile\nimport struct",
    ),
    (
        "setpoint/messaging/outbox.py",
        "from ..protocol.ocppj import x\nfrom ..protocol import fields",
    ),
    (
        "setpoint/board/simulated/vehicle.py",
        "from ...pilot.duty import offered_da_for\nfrom ...pilot import duty",
    ),
    ("setpoint/units.py", "def tenths(n):\n    return int(n * 10 + 0.05)"),
    ("setpoint/clock.py", "import time\nx = 1 / 2"),
    ("setpoint/log.py", "print('x')"),
    ("setpoint/log.py", "class A(Exception):\n    pass\nclass B(A):\n    pass"),
]


@pytest.mark.parametrize("path, text, fault", BREACHES)
def test_a_breach_is_found(path: str, text: str, fault: str):
    found = faults_of(DOC + text, FIRMWARE / path)
    assert len(found) == 1 and fault in found[0]


def test_a_file_without_a_docstring_is_found():
    assert faults_of("x = 1\n", FIRMWARE / "main.py") == [
        "line 1: no docstring that says what the file answers"
    ]


@pytest.mark.parametrize("path, text", FINE)
def test_what_the_picture_allows_passes(path: str, text: str):
    assert faults_of(DOC + text, FIRMWARE / path) == []


def test_the_board_takes_the_radios_memory_before_the_agent_is_imported():
    """Python's heap grows over what the radio needs (board/esp32/wifi.py, rule 2)."""
    text = (FIRMWARE / "setpoint" / "main.py").read_text()
    assert text.index("board = this()") < text.index("app import App")
