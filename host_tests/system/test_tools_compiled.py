"""The firmware as it ships: what bundling and shortening leave as it was. The other system tests run the result."""

import ast
import subprocess
from pathlib import Path

import pytest

from tools import bundled, compiled
from tools.rewritten import CannotBundle

FILES = {
    "main.py": "from shop.till import total\nprint(total(2))\n",
    "shop/__init__.py": "",
    "shop/late.py": "def load(name):\n    return __import__(name, None, None, ('load',))\n",
    "shop/prices.py": '''"""A word about _private names stays."""
from micropython import const

EACH = const(5)
SHOWN = const(7)
PAIR = const((5, 7))
_LIMIT = const(100)


def of(_count, bulk=False):
    return min([_count * EACH for _ in "x"][0], _LIMIT if not bulk else 10)
''',
    "shop/taxes.py": """
from micropython import const

_LIMIT = const(3)


def of(
    net: int,
) -> int:
    return min(net, _LIMIT)
""",
    "shop/till.py": """import sys

from . import prices
from .late import load
from .prices import (
    EACH,
    SHOWN,
)
from .taxes import of as tax_of

_seen = 0


class Till:
    _fee = 1

    def __init__(self, _fee):
        self._left = self._fee
        self.gross, self.net, self.taxed, self.quantity = 1, 2, 3, _fee
        self.of = "_left"

    def _add(self, of, prices=0):
        def inner(n):
            return n + of

        self._left += inner(prices) + self.quantity + getattr(self, "taxed") - 3
        return self._left


def total(count, each=EACH):
    global _seen
    _seen += 1
    try:
        of = prices.of(count, bulk=True)
        from .report import shown
    except ValueError as error:
        raise error
    return (Till(0)._add(of, prices=each), tax_of(net=9), shown(), load("shop.taxed." + "eu").SHOWN, _seen, sys is not None)
""",
    "shop/report.py": "from . import prices\nfrom .prices import SHOWN\n\n\ndef shown():\n    return prices.SHOWN + SHOWN - 2, prices.of(1)\n",
    "shop/taxed/__init__.py": "",
    "shop/taxed/eu.py": "from ..prices import SHOWN as _shown\n\n_more = 0\nSHOWN = _shown + _more\n",
}


@pytest.fixture
def shop(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "shop"


def program_of(root: Path) -> bundled.Program:
    return bundled.Program(root, sorted(root.rglob("*.py")), ("shop.till",), {"gross"})


def test_a_bundle_does_what_its_sources_do(shop, tmp_path, micropython):
    program = program_of(shop)
    assert "shop.prices" not in program.names() and {"shop.report", "shop.taxed.eu"} < set(program.names())
    for name in program.names():
        path = tmp_path / "bundled" / program.modules[name].path.relative_to(shop)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(program.text_of(name))
    printed = []
    for folder in (shop, tmp_path / "bundled"):
        run = subprocess.run([*micropython, "main.py"], cwd=folder, capture_output=True, text=True, timeout=20)
        assert run.returncode == 0, run.stderr
        printed.append(run.stdout.strip())
    assert printed == ["(16, 3, (12, 5), 7, 1, True)"] * 2


def test_private_names_become_short_and_constants_of_one_bundle_vanish(shop):
    text = program_of(shop).text_of("shop.till")
    assert "EACH" not in text and "_LIMIT" not in text and "_seen" not in text and "_left +=" not in text and "_add(" not in text
    assert '"_left"' in text and "__init__" in text and "for _ in" in text and "about _private names stays" in text
    assert ".quantity" not in text
    assert ".taxed" in text and ".gross" in text, "a text names the one, somebody outside the other"
    assert "bulk=" in text and "prices=" in text, "a call spells these arguments out"
    program = program_of(shop)
    assert "SHOWN" not in text.replace(").SHOWN", "")
    assert program.text_of("shop.report").count(" = const(7)") == 1, "others have its value"


def test_lines_stay_where_they_are_and_are_found_again(shop):
    program = program_of(shop)
    lines = program.text_of("shop.till").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "min(" in line and "10" in line)
    path, at = program.place("shop.till", number)
    assert path == shop / "shop/prices.py" and "bulk else 10" in path.read_text().splitlines()[at - 1]
    assert program.place("shop.report", 6) == (shop / "shop/report.py", 6)
    with pytest.raises(IndexError):
        program.place("shop.till", len(lines) + 1)


@pytest.mark.parametrize(
    "text",
    [
        "from . import taxes\n\nlist = [taxes]\n",
        "def f():\n    from . import prices\n    return prices\n",
        "def f(x):\n    return f'{x}'\n",
        "from .prices import PAIR\n\n\ndef f(PAIR):\n    return PAIR\n",
        "from .prices import of\n\n\ndef f():\n    n = 0\n\n    def g():\n        nonlocal n\n",
    ],
)
def test_what_cannot_be_bundled_is_refused(shop, text):
    (shop / "shop/report.py").write_text(text)
    with pytest.raises(CannotBundle, match="report|prices"):
        program_of(shop).text_of("shop.report")


def test_a_place_in_the_firmware_is_found():
    program = compiled.program_of()
    for name in ("setpoint.app", "setpoint.board.simulated.board"):
        lines = program.text_of(name).splitlines()
        functions = [node for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.FunctionDef)]
        assert len(functions) > 30
        for function in functions:
            path, at = program.place(name, function.lineno)
            assert "def " in path.read_text().splitlines()[at - 1]
    assert compiled.place("setpoint.inspection:5").endswith("inspection.py:5")


@pytest.mark.parametrize("board", ["simulated", "esp32"])
def test_a_main_that_was_not_rewritten_finds_its_names(board):
    """On a board, main.py and boot.py lie beside the compiled package as they are."""
    program = compiled.program_of(board=board)
    for name in ("main", "boot"):
        rewritten = ast.walk(ast.parse(program.text_of(name)))
        attributes = {node.attr for node in program.modules[name].nodes if isinstance(node, ast.Attribute)}
        assert {node.attr for node in rewritten if isinstance(node, ast.Attribute)} == attributes
    assert {"App"} <= {n.name for n in ast.walk(ast.parse(program.text_of("setpoint.app"))) if isinstance(n, ast.ClassDef)}


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


def test_a_build_is_made_once_and_holds_everything(tmp_path):
    first = compiled.compiled(tmp_path)
    assert compiled.compiled(tmp_path) == first
    made = {p.relative_to(first / "mpy").with_suffix(".py").as_posix() for p in (first / "mpy").rglob("*.mpy")}
    program = compiled.program_of()
    assert made == {program.modules[name].path.relative_to(compiled.SOURCES).as_posix() for name in program.names()}
    assert {"main.py", "setpoint/app.py", "setpoint/board/simulated/board.py"} <= made and "setpoint/clock.py" not in made
    assert (first / "firmware.romfs").read_bytes()[:3] == b"\xd2\xcd\x31"


def test_the_compiled_firmware_is_found_on_both_interpreters(micropython, tmp_path):
    loader = (compiled.ROOT / "tools" / "run_compiled.py").read_text().split("use(sys.argv[1])")[0]
    code = loader + "use(%r)\nimport setpoint\nprint(setpoint.__version__)" % str(compiled.compiled())
    found = subprocess.run([*micropython, "-c", code], capture_output=True, text=True, timeout=20)
    assert found.stdout.strip() == "0.1.0", found.stderr
