"""The firmware as it ships: what shortening names leaves as it was."""

import ast
import subprocess

from tools import compiled

SOURCE = '''
"""A word about _private names stays."""
from micropython import const

_LIMIT = const(5)


class Thing:
    def __init__(self, _argument):
        self._left_ms = _argument
        self.public = "_left_ms"

    def _take(self, n):
        for _ in range(n):
            self._left_ms -= _LIMIT
        return self._left_ms
'''


def test_private_names_become_short_and_lines_stay():
    short = compiled.shortened(SOURCE)
    assert "_left_ms -=" not in short and "_take" not in short and "_LIMIT" not in short
    assert '"_left_ms"' in short and "__init__" in short and "for _ in" in short and "_private names stays" in short
    assert len(short.splitlines()) == len(SOURCE.splitlines())
    assert [type(n).__name__ for n in ast.walk(ast.parse(short))] == [type(n).__name__ for n in ast.walk(ast.parse(SOURCE))]


def test_a_private_name_is_used_in_its_own_file_only():
    """Else two files would call it by two short names."""
    for source in sorted(compiled.SOURCES.rglob("*.py")):
        tree = ast.parse(source.read_text())
        own = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
        own |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
        own |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        foreign = {name for name in used - own if name.startswith("_") and not name.startswith("__")}
        assert not foreign, "%s uses %s of another file" % (source.name, sorted(foreign))
        imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
        assert not {name for name in imported if name.startswith("_") and not name.startswith("__")}, source.name


def test_a_build_is_made_once_and_holds_every_file(tmp_path):
    first = compiled.compiled(tmp_path)
    assert compiled.compiled(tmp_path) == first
    made = {p.relative_to(first / "mpy").with_suffix("").as_posix() for p in (first / "mpy").rglob("*.mpy")}
    assert made == {p.relative_to(compiled.SOURCES).with_suffix("").as_posix() for p in compiled.SOURCES.rglob("*.py")}
    assert (first / "firmware.romfs").read_bytes()[:3] == b"\xd2\xcd\x31"


def test_the_compiled_firmware_is_found_on_both_interpreters(micropython, tmp_path):
    loader = (compiled.ROOT / "tools" / "run_compiled.py").read_text().split("use(sys.argv[1])")[0]
    code = loader + "use(%r)\nimport setpoint\nprint(setpoint.__version__)" % str(compiled.compiled())
    found = subprocess.run([*micropython, "-c", code], capture_output=True, text=True, timeout=20)
    assert found.stdout.strip() == "0.1.0", found.stderr
