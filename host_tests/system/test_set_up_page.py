"""The set-up page in a real browser, at a station in set-up mode: from nothing to Accepted on a
phone, what goes wrong in both languages, and a screen of 360 pixels."""

import re

import pytest
from certificates import Authority, server_context
from page_bench import PATIENCE_MS, PHONE, Visit, chromium  # noqa: F401
from set_up_bench import PATIENCE_S, set_up

from tools.station_process import RESET

pytestmark = pytest.mark.parametrize("micropython", ["64bit"], indirect=True)


@pytest.fixture
def open_page(chromium):  # noqa: F811
    """open_page(station) -> the page in set-up mode. At the end nothing may be in the console."""
    contexts, visits = [], []

    def start(station, size=PHONE, locale="en-GB"):
        options = {"locale": locale, "viewport": {"width": size[0], "height": size[1]}}
        contexts.append(chromium.new_context(**options))
        visit = Visit(contexts[-1], station.state()["set_up"]["page"])
        visit.expected = "^$|status of 400"
        visits.append(visit)
        visit.page.goto(visit.url)
        visit.page.wait_for_selector("#networks .option:nth-of-type(2)")
        visit.page.wait_for_function("() => !document.getElementById('again').disabled")
        return visit.page

    yield start
    for visit in visits:
        unexpected = [text for text in visit.console if not re.search(visit.expected, text)]
        assert not unexpected, unexpected
    for context in contexts:
        context.close()


def choose(page, ssid: str, password: str = "") -> None:
    page.get_by_text(ssid, exact=True).click()
    if password:
        page.fill("#wifi-password", password)


def central_of(page, url: str, number: str = "CP01", password: str = "") -> None:
    page.check("input[value=some]")
    page.fill("#url", url)
    page.fill("#id", number)
    page.fill("#password", password)


def text_of(page, selector: str, wanted: str) -> None:
    """Waits until it says that."""
    page.wait_for_function(
        "([where, wanted]) => document.querySelector(where)?.innerText.includes(wanted)",
        arg=[selector, wanted],
        timeout=PATIENCE_MS,
    )


def fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_from_nothing_to_accepted_on_a_phone(start_station, central, open_page):
    station = start_station(**set_up(page_port=8437))
    page = open_page(station)
    fits(page)
    assert page.locator("#networks .option b").all_inner_texts() == [
        *("Near", "Home", "Caf\u00e9", "Another network")
    ]
    choose(page, "Home", "longenough")
    central_of(page, central.url, password="correct-horse")
    page.check("#open")
    fits(page)
    page.click("button.wide")
    text_of(page, "#trial-title", "Done")
    assert page.locator("#steps li.ok").count() == 5
    assert page.locator("#urls a").all_inner_texts() == ["http://127.0.0.1:8437/"]
    assert "join Home again" in page.inner_text("#trial-text")
    fits(page)
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    assert set(central.paths) == {"/CP01"}


def test_what_goes_wrong_is_said_beside_its_field_and_mended(start_station, central, open_page):
    station = start_station(**set_up())
    page = open_page(station)
    page.click("button.wide")
    text_of(page, "#wrong-wifi", "Choose a network")
    choose(page, "Home", "short")
    page.click("button.wide")
    text_of(page, "#wrong-central", "Choose whether there is a central system")
    central_of(page, "http://wrong")
    page.click("button.wide")
    text_of(page, "#wrong-central", "begins with ws://")
    assert page.get_attribute("#url", "aria-invalid") == "true"
    page.fill("#url", "ws://127.0.0.1:1")
    page.click("button.wide")
    text_of(page, "#wrong-wifi", "8 to 63 characters")
    page.fill("#wifi-password", "wrong-one")
    page.click("button.wide")
    text_of(page, "#trial-title", "Not yet")
    text_of(page, "#steps", "The password of Home is wrong.")
    text_of(page, "#steps", "Home cannot be joined: the password is wrong")
    assert not page.is_visible("#anyway")
    page.click("#change")
    page.fill("#wifi-password", "longenough")
    page.click("button.wide")
    text_of(page, "#steps", "Nobody listens there. Check address and port.")
    assert page.locator("#steps li.ok").count() == 2 and page.is_visible("#anyway")
    page.click("#change")
    page.fill("#url", central.url)
    page.click("button.wide")
    text_of(page, "#trial-title", "Done")


def test_german_and_no_central_system(start_station, open_page):
    station = start_station(**set_up())
    page = open_page(station, locale="de-DE")
    text_of(page, "h2", "Wir richten die Station ein")
    assert page.get_attribute("html", "lang") == "de"
    page.click("#language")
    text_of(page, "h2", "set up")
    page.click("#language")
    choose(page, "Ein anderes Netz")
    page.fill("#other", "Nowhere")
    page.fill("#wifi-password", "longenough")
    page.check("input[value=none]")
    assert page.is_checked("#free-vend") and not page.is_visible("#url")
    page.click("button.wide")
    text_of(page, "#steps", "Nowhere ist nicht in Reichweite")
    page.click("#change")
    choose(page, "Caf\u00e9")
    assert not page.is_visible("#wifi-password"), "it is open"
    page.click("button.wide")
    text_of(page, "#trial-title", "Fertig")
    assert page.locator("#steps li").count() == 1
    assert station.wait_exit(PATIENCE_S) == RESET


@pytest.fixture
def in_tls(central, tmp_path):
    """The file of the authority behind the central system, which speaks TLS."""
    ours = Authority(tmp_path, "ours")
    central.stop()
    central.tls = server_context(ours.sign("central", names=["127.0.0.1"]))
    central.start()
    return ours.cert


def test_behind_wss_the_station_finds_a_public_authority(
    start_station, central, open_page, tmp_path, in_tls
):
    roots = [str(Authority(tmp_path, "other").cert), str(in_tls)]
    page = open_page(start_station(**set_up(public_roots=roots)))
    choose(page, "Home", "longenough")
    central_of(page, "ws://central.example")
    assert not page.is_visible("#ca")
    page.fill("#url", central.url)
    assert page.is_visible("#ca")
    fits(page)
    central.refuse = 401
    page.click("button.wide")
    text_of(page, "#trial-title", "Not yet")
    text_of(page, "#steps", "Find the authority behind it")
    text_of(page, "#steps", "ours-1.pem vouches for it")
    text_of(page, "#steps", "The password at the central system is wrong")
    assert page.is_visible("#anyway")
    central.refuse = None
    page.click("#change")
    page.click("button.wide")
    text_of(page, "#trial-title", "Done")
    assert page.locator("#steps li.ok").count() == 6


def test_an_authority_of_ones_own_is_given(start_station, central, open_page, in_tls):
    page = open_page(start_station(**set_up()), locale="de-DE")
    choose(page, "Home", "longenough")
    central_of(page, central.url)
    page.click("button.wide")
    text_of(page, "#steps", "keiner der \u00f6ffentlichen Zertifizierungsstellen")
    assert not page.is_visible("#anyway"), "the station could never connect"
    page.click("#change")
    assert page.evaluate("document.activeElement.id") == "ca"
    page.fill("#ca", "-----BEGIN")
    page.click("button.wide")
    text_of(page, "#wrong-central", "beginnt mit -----BEGIN CERTIFICATE-----")
    page.set_input_files("#ca-file", str(in_tls))
    page.wait_for_function("() => document.getElementById('ca').value.length > 100")
    page.click("button.wide")
    text_of(page, "#trial-title", "Fertig")
    assert page.locator("#steps li.ok").count() == 5


def test_a_reload_shows_how_the_last_try_went(start_station, open_page):
    page = open_page(start_station(**set_up()))
    choose(page, "Home", "wrong-one")
    page.check("input[value=none]")
    page.click("button.wide")
    text_of(page, "#trial-title", "Not yet")
    page.reload()
    text_of(page, "#trial-title", "Not yet")
    page.click("#change")
    page.wait_for_selector("#networks .option:nth-of-type(2)")


def test_what_the_station_answers_is_text_and_never_html(start_station, open_page):
    evil = "<img src=x onerror=alert(1)>"
    networks = [{"ssid": evil}, {"ssid": "Home", "password": "longenough"}]
    page = open_page(start_station(**set_up(networks=networks)))
    assert evil in page.locator("#networks b").all_inner_texts()
    assert page.locator("#networks img").count() == 0
