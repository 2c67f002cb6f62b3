"""A browser at the station's page. `visit(station)` opens it; when the test ends, the visit is judged:
nothing in the console, no request to another host, and one request at a time.

The browser is the system's own: without one the tests are skipped, and fail in CI."""

import os
import re
from urllib.parse import urlsplit

import pytest

from tools import browser

PATIENCE_MS = 60000  # on a busy machine
PHONE = (360, 740)
DESK = (1100, 900)
PASSWORD = "owl in the barn"
NOON = {"at": "2026-12-01T12:00:00Z"}  # a Tuesday, 13:00 in Berlin

# How many requests the page has at once, from the question to the end of the answer
COUNTING = """
window.counted = { now: 0, most: 0 };
const begins = () => { counted.most = Math.max(counted.most, ++counted.now); };
const ends = () => { counted.now--; };
const ask = window.fetch;
window.fetch = (...what) => {
  begins();
  return ask(...what).then((answer) => {
    const text = answer.text.bind(answer);
    answer.text = () => text().finally(ends);
    return answer;
  }, (error) => { ends(); throw error; });
};
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (...what) {
  begins();
  this.addEventListener("readystatechange", () => { if (this.readyState === 4) ends(); });
  return send.apply(this, what);
};
"""


@pytest.fixture(scope="module")
def chromium():
    try:
        with browser.chromium() as running:
            yield running
    except browser.Unavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must not skip the station's page: %s" % reason)
        pytest.skip("no browser: %s" % reason)


class Visit:
    """page: Playwright's. `expected`: what the console may hold, as a regular expression: the
    browser writes every answer that is an error there."""

    def __init__(self, context, url: str) -> None:
        self.url = url
        self.expected = "status of 401"  # before the log-in
        self.console = []
        self.requests = []
        context.add_init_script(COUNTING)
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append("error: %s" % error))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def log_in(self, password: str = PASSWORD) -> None:
        self.page.fill("#password", password)
        self.page.press("#password", "Enter")

    def judge(self) -> None:
        unexpected = [text for text in self.console if not re.search(self.expected, text)]
        assert not unexpected, "in the browser's console:\n" + "\n".join(unexpected)
        host = urlsplit(self.url).netloc
        # data: and blob: reach nobody
        others = {url for url in self.requests if urlsplit(url).scheme in ("http", "https")}
        assert {urlsplit(url).netloc for url in others} == {host}
        assert self.page.evaluate("counted.most") == 1  # since the page was loaded


@pytest.fixture
def visit(chromium):
    """visit(station, logged_in=True, size=DESK, ...) -> a Visit at the station's page. More
    arguments are those of Playwright's new_context."""
    visits = []
    contexts = []

    def start(station, logged_in: bool = True, size: tuple = DESK, **options) -> Visit:
        options = {"locale": "en-GB", "timezone_id": "Europe/Berlin", **options}
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        url = station.wait_until(lambda state: state["page"], timeout=60)["page"]
        visited = Visit(context, url)
        visits.append(visited)
        visited.page.goto(url)
        if logged_in:
            visited.log_in()
            visited.page.wait_for_selector(".connector .status:not(:empty)")
        return visited

    yield start
    try:
        for visited in visits:
            visited.judge()
    finally:
        for context in contexts:
            context.close()


@pytest.fixture
def own_station(start_station):
    """own_station(**fields) -> a station that lives by itself and has a page. Its contactors need no
    rest, so that a pause may be short."""

    def start(**fields):
        page = {"password": PASSWORD, **fields.pop("page", {})}
        keys = {
            "ContactorMinimumOpenSeconds": "0",
            "ContactorMinimumClosedSeconds": "0",
            **fields.pop("keys", {}),
        }
        return start_station(csms_url="", page=page, keys=keys, **fields)

    return start


def plug(station, connector: int = 1, amps: int = 32) -> None:
    station.cmd("plug_in", connector=connector, amps=amps, phases=3)


def charge(station, page) -> None:
    """A vehicle is plugged in, and the owner starts its charge."""
    plug(station)
    page.locator(".b-start >> visible=true").first.click()
    station.wait_until(
        lambda state: state["connectors"][0]["contactor"]["closed"], timeout=PATIENCE_MS / 1000
    )
    page.wait_for_selector(".status >> text=/^(Charging|Lädt)$/")  # and the page knows it
