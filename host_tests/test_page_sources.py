"""The sources of the station's page, without a browser: the page in the firmware is made of them, both
languages say all of it, and each fault has advice."""

import ast
import gzip
import re

import pytest
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from setpoint.page import document
from setpoint.pilot.fault_words import report_of
from setpoint.pilot.faults import COUNT
from tools import page
from tools.station_process import ROOT

TEXTS = page.texts("texts")
SCRIPTS = {path.name: path.read_text("utf-8") for path in page.SOURCES.glob("*.js")}
HTML = (page.SOURCES / "index.html").read_text("utf-8")
OWN_SCRIPTS = "\n".join(SCRIPTS[name] for name in re.findall(r'<script src="(.+?)">', HTML))


def vendor_codes() -> "set[str]":
    """Of all faults that the firmware reports."""
    found = {report_of(bit, 0)[1] for bit in range(COUNT)}
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "on_fault":
                found |= {
                    argument.value
                    for argument in node.args[2:3]
                    if isinstance(argument, ast.Constant) and argument.value
                }
    return found


def limit_sources() -> "set[str]":
    """Who may limit, by the table of docs/why-limited.md. Profiles are told by their purpose, and of
    what is shared by what it is a share of."""
    text = (ROOT / "docs" / "why-limited.md").read_text("utf-8")
    table = text[text.index("## Who may limit") :].split("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    return set(re.findall(r"`(.+?)`", " ".join(cells))) - {"schedule", "sharing"}


def literal_keys() -> "set[str]":
    """The keys that scripts and HTML name in full."""
    return set(re.findall(r'\bt\("([^"]+)"[,)]', OWN_SCRIPTS)) | set(
        re.findall(r'data-t(?:-label)?="([^"]+)"', HTML)
    )


def families() -> "set[str]":
    """What a script puts before a word to get a key: `t("fault." + code)`."""
    return set(re.findall(r'"([a-z_]+\.)" \+', OWN_SCRIPTS))


def test_the_firmware_serves_the_page_of_these_sources():
    packed = b"".join(document.PARTS)
    assert gzip.decompress(packed).decode() == page.html("index.html"), "run: make page"
    assert all(len(part) <= 1024 for part in document.PARTS)
    assert len(packed) <= 30 * 1024


def test_a_change_of_the_page_is_another_etag(monkeypatch, tmp_path):
    for path in page.SOURCES.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(page, "SOURCES", tmp_path)
    same, _ = page.module("index.html")
    (tmp_path / "page.css").write_text("body { color: red; }")
    other, _ = page.module("index.html")
    assert 'ETAG = "%s"' % document.ETAG in same
    assert document.ETAG not in other


def test_the_languages_have_the_same_keys_in_the_same_order():
    assert list(TEXTS["de"]) == list(TEXTS["en"])
    for key, text in TEXTS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(
            re.findall(r"\{\w+\}", TEXTS["de"][key])
        ), key


def test_every_text_is_used_and_every_text_that_is_used_is_there():
    assert literal_keys() - set(TEXTS["en"]) == set()
    begun = tuple(families())
    unused = [
        key
        for key in TEXTS["en"]
        if key not in literal_keys()
        and not key.startswith(begun)
        and '"%s"' % key not in OWN_SCRIPTS
    ]
    assert unused == []


@pytest.mark.parametrize(
    "family, words",
    [
        ("fault.", vendor_codes() | set(ChargePointErrorCode) - {"NoError"} | {"said"}),
        ("status.", set(ChargePointStatus) | {"plugged", "unplugged"}),
        ("central.", {"none", "connecting", "online", "pending", "rejected"}),
    ],
)
def test_a_family_of_texts_has_a_word_for_each_case_and_no_more(family, words):
    assert {key[len(family) :] for key in TEXTS["en"] if key.startswith(family)} == set(
        map(str, words)
    )


def test_each_source_of_a_limit_has_words():
    sources = {source.replace(" ", "_") for source in limit_sources()}
    assert {"plan", "house", "random_delay"} < sources
    assert sources - {key[4:] for key in TEXTS["en"] if key.startswith("who.")} == set()


def test_each_fault_has_a_title_and_advice():
    for texts in TEXTS.values():
        for key, text in texts.items():
            if key.startswith("fault.") and key != "fault.said":
                title, point, advice = text.partition(". ")
                assert point and title and advice.endswith("."), key


def test_each_error_that_has_words_of_the_pages_own_is_one_of_the_stations():
    served = "".join(
        path.read_text("utf-8") for path in (ROOT / "firmware/setpoint/page").glob("*.py")
    )
    for key in TEXTS["en"]:
        if key.startswith("error."):
            assert key == "error.no_answer" or '"%s"' % key[6:] in served, key


def test_what_comes_from_outside_never_becomes_html():
    for name, script in SCRIPTS.items():
        found = re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", script)
        assert not found, (name, found)


def test_the_page_names_no_other_host():
    urls = set(re.findall(r"https?://[^\s'\"<]+", page.html("index.html")))
    assert urls == {"http://www.w3.org/2000/svg"}  # the name of a namespace


def test_no_string_spans_lines():
    """`lighter` takes indentation from every line."""
    assert not [name for name, script in SCRIPTS.items() if "`" in page.lighter(script)]
