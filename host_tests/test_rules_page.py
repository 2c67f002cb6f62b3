"""docs/smart-charging-rules.md defines every rule that is cited, and each of its rules is cited and
held by tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "smart-charging-rules.md"
# Certificates have names such as Root R4
ROOTS = ("public.py", "public_roots.py", "test_public_roots.py")
RULE = re.compile(r"\bR(\d+)\b")
RANGE = re.compile(r"\bR\d+ to R\d+\b")

# R7 and its text, up to the next heading
SECTIONS = dict(re.findall(r"^### (R\d+): .*\n((?:(?!#).*\n)*)", PAGE.read_text(), re.MULTILINE))


def citing_files(*folders: str) -> "list[Path]":
    found = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".pyi", ".md")
    ]
    return [
        path
        for path in found
        if path not in (PAGE, Path(__file__).resolve())
        and path.name not in ROOTS
        and "node_modules" not in path.parts
    ]


@cache
def names_in(path: Path) -> "set[str]":
    return {
        node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
    }


def test_the_page_has_the_rules_1_to_38_in_order_each_with_its_source():
    assert list(SECTIONS) == ["R%d" % number for number in range(1, 39)]
    assert [rule for rule, text in SECTIONS.items() if not text.startswith("\nSource: ")] == []


def test_every_rule_that_is_cited_is_on_the_page():
    files = citing_files("firmware", "host_tests", "tools", "docs")
    cited = [
        (path.name, "R" + number) for path in files for number in RULE.findall(path.read_text())
    ]
    assert len(cited) > 150 and [where for where in cited if where[1] not in SECTIONS] == []


def test_every_rule_is_cited_by_the_firmware_and_by_a_test():
    """By its own number: a range such as R14 to R20 leads nobody to the line."""
    for folder in ("firmware", "host_tests"):
        cited = {
            "R" + number
            for path in citing_files(folder)
            for number in RULE.findall(RANGE.sub("", path.read_text()))
        }
        assert [rule for rule in SECTIONS if rule not in cited] == [], folder


def test_every_rule_names_tests_that_exist():
    for rule, text in SECTIONS.items():
        blocks = re.findall(r"^Tests in `([\w/]+\.py)`:\s((?:.+\n)+)", text, re.MULTILINE)
        assert blocks and sum(names.count("`test_") for _, names in blocks) == text.count(
            "`test_"
        ), rule
        for path, names in blocks:
            named = re.findall(r"`(\w+)`", names)
            assert named and [name for name in named if not name.startswith("test_")] == [], (
                rule,
                path,
            )
            assert [
                name for name in named if name not in names_in(ROOT / "host_tests" / path)
            ] == [], (rule, path)
