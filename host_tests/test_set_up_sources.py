"""The sources of the set-up page, without a browser: the firmware serves it, and both languages say
all of it."""

import gzip
import re

from setpoint.setup import document, trial, wishes
from tools import page
from tools.station_process import ROOT

TEXTS = page.texts("setup")
HTML = (page.SOURCES / "setup.html").read_text("utf-8")
SCRIPT = (page.SOURCES / "setup.js").read_text("utf-8")
SETUP = ROOT / "firmware" / "setpoint" / "setup"
JOINING = ROOT / "firmware" / "setpoint" / "board" / "esp32" / "joining.py"


def test_the_firmware_serves_the_page_of_these_sources():
    packed = b"".join(document.PARTS)
    assert gzip.decompress(packed).decode() == page.html("setup.html"), "run: make page"
    assert len(packed) <= 16 * 1024


def test_the_languages_have_the_same_keys_and_the_same_places():
    assert list(TEXTS["de"]) == list(TEXTS["en"])
    for key, text in TEXTS["en"].items():
        places = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, TEXTS["de"][key])]
        assert places[0] == places[1], key


def test_every_text_is_used_and_every_text_that_is_used_is_there():
    named = set(re.findall(r'\bt\("([^"]+)"[,)]', SCRIPT)) | set(
        re.findall(r'data-t(?:-label)?="([^"]+)"', HTML)
    )
    for pair in re.findall(r't\([\w.]+ \? "([a-z_.]+)" : "([a-z_.]+)"\)', SCRIPT):
        named |= set(pair)
    assert named - set(TEXTS["en"]) == set()
    begun = tuple(re.findall(r'"([a-z_]+\.)" \+', SCRIPT))
    assert [key for key in TEXTS["en"] if key not in named and not key.startswith(begun)] == []


def test_each_reason_of_the_trial_has_words():
    sources = (SETUP / "trial.py").read_text() + (SETUP / "mode.py").read_text()
    raised = re.findall(r'Stop\(\s*"(\w+)",.*?"(\w+)"\s*,?\s*\)', sources, re.DOTALL)
    found = {"why.%s.%s" % pair for pair in raised}
    found |= {"why.wifi." + word for word in re.findall(r'", "(\w+)"\)', JOINING.read_text())}
    found |= {"why.wifi.radio", "why.wifi.not_joined", "why.connection.broke", "why.tls.tls"}
    found |= {"why.tls.tls_name"}
    found |= {"why.websocket." + w for w in ("unauthorized", "protocol", "not_found", "websocket")}
    assert found == {key for key in TEXTS["en"] if key.startswith("why.")}
    assert trial.Stop and len(raised) > 8


def test_each_field_that_can_be_wrong_has_words_and_a_place():
    for field in (wishes.SSID, wishes.WIFI_PASSWORD, wishes.URL, wishes.ID, wishes.PASSWORD):
        assert "wrong." + field in TEXTS["en"]
        assert re.search(r'\b%s: \["' % field, SCRIPT), field
    assert "wrong." + wishes.CA in TEXTS["en"]


def test_what_comes_from_outside_never_becomes_html_and_no_other_host_is_named():
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", SCRIPT)
    urls = set(re.findall(r"https?://[^\s'\"<]+", page.html("setup.html")))
    assert urls == {"http://www.w3.org/2000/svg"}
    assert "`" not in page.lighter(SCRIPT), "lighter takes indentation from every line"
