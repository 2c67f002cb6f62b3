"""docs/openapi.yaml and docs/http.md speak of what the station serves, and of nothing else."""

import ast
import re
from pathlib import Path

import page_interface

from setpoint.page import serving

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "firmware" / "setpoint" / "page"


def test_the_document_has_each_path_and_method():
    served = {
        path + ("{id_tag}" if path.endswith("/") and path != "/" else ""): methods.lower().split()
        for path, methods in serving._PATHS.items()
    }
    told = {path: list(verbs) for path, verbs in page_interface.DOCUMENT["paths"].items()}
    assert {path: sorted(set(verbs) - {"head"}) for path, verbs in served.items()} == {
        path: sorted(verbs) for path, verbs in told.items()
    }


def test_every_reference_of_the_document_leads_somewhere():
    found = []

    def look(part) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                found.append(page_interface.resolved(part))
            for one in part.values():
                look(one)
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(page_interface.DOCUMENT)
    assert len(found) > 40 and all(isinstance(one, dict) for one in found)


def test_the_document_has_each_code_of_an_error():
    """They are the texts of one small word behind a status."""
    used = set()
    for path in (*PAGE.glob("*.py"), PAGE.parent / "protocol" / "http_request.py"):
        if path.name != "document.py":
            used |= codes_in(ast.parse(path.read_text()))
    told = page_interface.DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert sorted(used) == sorted(told)


def codes_in(tree: ast.AST) -> "set[str]":
    found = (
        {"bad_request"}
        if "_bad" in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        else set()
    )
    for node in ast.walk(tree):
        items = getattr(node, "elts", None) or getattr(node, "args", None)
        if isinstance(items, list) and len(items) >= 3:
            status, code = items[0], items[1]
            if (
                isinstance(status, ast.Constant)
                and isinstance(code, ast.Constant)
                and type(status.value) is int
                and 400 <= status.value < 600
                and type(code.value) is str
            ):
                found.add(code.value)
    return found


def test_the_page_of_the_docs_names_each_path():
    text = (ROOT / "docs" / "http.md").read_text()
    for path in page_interface.DOCUMENT["paths"]:
        assert path.replace("{id_tag}", "") in text, path
    assert re.search(r"curl .*/api/login", text)
