"""How the station's page looks and bears a poor network, in a real browser, at the firmware as a board
has it: frozen, on the 32-bit interpreter."""

import pytest
from page_bench import DESK, NOON, PHONE, charge, plug
from playwright.sync_api import expect

expect.set_options(timeout=60000)

pytestmark = pytest.mark.parametrize("micropython", ["32bit"], indirect=True)


def test_a_station_that_loses_its_power_under_the_page(own_station, visit):
    station = own_station()
    visited = visit(station)
    visited.expected = "status of 401|ERR_"
    page = visited.page
    charge(station, page)
    station.kill()
    expect(page.locator("#offline")).to_contain_text("has not answered since")
    station.start_fields["vehicles"] = [{"connector": 1, "amps": 16, "phases": 3}]
    station.start()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(".status")).to_have_text("Charging")


def test_a_cable_that_is_pulled(own_station, visit):
    station = own_station()
    visited = visit(station)
    visited.expected = "status of 401|ERR_"
    page = visited.page
    station.cmd("link", up=False)
    expect(page.locator("#offline")).to_contain_text("has not answered since")
    plug(station)
    station.cmd("link", up=True)
    expect(page.locator(".status")).to_have_text("Plugged in")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_slow_link(own_station, visit):
    """700 ms there and back, 10 KB/s: what a phone has at the far end of a garden."""
    station = own_station()
    visited = visit(station, logged_in=False)
    page = visited.page
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"latency": 700, "downloadThroughput": 10240, "uploadThroughput": 10240}
    network.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    page.reload()
    visited.log_in()
    expect(page.locator(".status")).to_have_text("Ready")
    plug(station)
    page.click("text=Start charging")
    expect(page.locator(".status")).to_have_text("Charging")
    expect(page.locator("#offline")).to_be_hidden()
    # Whoever cannot wait makes no second request beside the first
    page.click("#cards > summary")
    page.click("#log > summary")
    expect(page.locator("#cards-text")).not_to_be_empty()
    expect(page.locator("#log-text")).not_to_be_empty()


def test_a_page_that_nobody_sees_asks_nothing(own_station, visit):
    visited = visit(own_station())
    page = visited.page
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    page.wait_for_timeout(2000)  # what was under way is over
    seen = len(visited.requests)
    page.wait_for_timeout(4000)
    assert len(visited.requests) == seen
    page.evaluate(hide, False)
    with page.expect_response("**/api/state"):
        pass


def test_a_station_without_the_time(own_station, visit):
    station = own_station(clock={"unset": True})
    page = visit(station).page
    expect(page.locator("#link")).to_contain_text("The station does not know the time yet.")
    expect(page.locator("#ahead-unknown")).to_be_visible()
    charge(station, page)
    expect(page.locator(".f-duration")).to_have_text("\u2013")
    station.cmd("clock", set="2026-12-01T12:00:00Z")
    expect(page.locator("#chart svg")).to_be_visible()
    expect(page.locator("#ahead-unknown")).to_be_hidden()


SPEECHES = {"en": "en-GB", "de": "de-DE"}


@pytest.mark.parametrize("language", SPEECHES)
def test_a_phone_shows_everything_without_scrolling_sideways(own_station, visit, language):
    station = own_station(clock=NOON, connectors=[{"id": 1}, {"id": 2}])
    page = visit(station, size=PHONE, locale=SPEECHES[language]).page
    charge(station, page)
    page.locator(".b-stop").first.click()
    page.click("#sure-yes")
    expect(page.locator("#sessions-rows tr")).to_have_count(1)
    page.locator(".b-start").first.click()
    expect(page.locator(".b-stop").first).to_be_visible()
    page.click("#ahead summary")
    station.cmd("fault", connector=2, code="OtherError", vendor_code="cable",
                info="Cable coded 820 ohm: plug in another cable", active=True)  # fmt: skip
    expect(page.locator(".fault")).to_be_visible()
    for part in ("plan", "cards", "station", "log"):
        page.click("#%s > summary" % part)
    expect(page.locator("#log-text")).not_to_be_empty()
    page.locator(".owner input").first.fill("12")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    small = page.evaluate(
        """[...document.querySelectorAll("button, summary, input, select, label.button, label.switch")]
        .filter((each) => each.offsetParent && !each.closest("label.button, label.switch")?.contains(each) || each.matches("label"))
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44)
        .map((each) => each.outerHTML)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.lang") == language


def test_german_and_back(own_station, visit):
    station = own_station(clock=NOON)
    page = visit(station, locale="de-AT").page
    expect(page.locator(".status")).to_have_text("Bereit")
    expect(page.locator("#ahead-title")).to_have_text("Der kommende Tag")
    plug(station)
    page.click("text=Laden starten")
    expect(page.locator(".status")).to_have_text("Lädt")
    expect(page.locator(".f-power")).to_have_text("22,1\u00a0kW")
    page.click("text=English")
    expect(page.locator(".status")).to_have_text("Charging")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()  # the choice is kept
    expect(page.locator(".status")).to_have_text("Charging")


CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => {
      c /= 255;
      return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const style = getComputedStyle(element);
    const ink = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [high, low] = [light(ink), light(behind(element))].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) poor.push(element.textContent.trim().slice(0, 40) + " " + ratio.toFixed(2));
  }
  return poor;
}"""


def test_every_text_can_be_read(own_station, visit):
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    station = own_station()
    page = visit(station, reduced_motion="reduce").page
    charge(station, page)
    station.cmd("fault", connector=0, code="ReaderFailure", vendor_code="reader", info="lost", active=True)  # fmt: skip
    expect(page.locator(".fault")).to_be_visible()
    for part in ("plan", "cards", "station", "log"):
        page.click("#%s > summary" % part)
    expect(page.locator("#log-text")).not_to_be_empty()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST) == []


def test_the_keyboard_reaches_the_buttons_in_the_order_of_reading(own_station, visit):
    station = own_station()
    plug(station)
    page = visit(station, size=DESK).page
    page.wait_for_selector(".b-start:visible")
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className || document.activeElement.id"))
    assert seen == ["skip", "plain", "plain", "b-start chief", "b-pause", ""]
