"""Takes the pictures of the station's pages in docs: `make screenshots`, after their look has changed.

A new station in set-up mode; and a simulated charge on a Tuesday evening: the owner's weekly plan, and
a central system that limits the whole station. The clock jumps where hours would pass, and the meter
with it."""

from __future__ import annotations

import io
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

from PIL import Image

from tools import browser, profile_files
from tools.central_system import CentralSystem
from tools.command import ROOT, Failure, parser, run
from tools.page_client import Page
from tools.station_process import StationProcess

PASSWORD = "for the pictures"
PLAN = """zone CET-1CEST,M3.5.0,M10.5.0/3
Mon-Fri 06:00-17:00 16
Mon-Fri 17:00-22:00 10
Mon-Fri 22:00-00:30 16
Sat,Sun 06:00-00:30 16
otherwise 32
"""
VEHICLE: dict[str, Any] = {"connector": 1, "amps": 16, "phases": 3}
CHARGES = (  # start, end, Wh
    ("2026-11-26T16:42:00Z", "2026-11-26T21:17:00Z", 24310),
    ("2026-11-28T09:05:00Z", "2026-11-28T11:48:00Z", 18470),
    ("2026-11-29T17:20:00Z", "2026-11-29T18:31:00Z", 7920),
    ("2026-11-30T16:58:00Z", "2026-12-01T01:36:00Z", 41050),
)
PLUGGED, NOW, WH = "2026-12-01T16:28:00Z", "2026-12-01T17:40:00Z", 8210
PHONE, DESK = (360, 740, 2), (1100, 900, 1)  # width, height, pixels for each of them
NETWORKS = [
    {"ssid": "Home", "password": PASSWORD, "rssi": -52},
    {"ssid": "Home 5", "password": PASSWORD, "rssi": -67},
    {"ssid": "Guests", "rssi": -71},
]
MOST = 150_000  # bytes of a picture


class Garage:
    """The station and its central system, which agree on the time."""

    def __init__(self, folder: Path, central: CentralSystem) -> None:
        self.central = central
        self._tell(CHARGES[0][0])
        self.station = StationProcess(
            folder,
            csms_url=central.url,
            charge_point_id="Garage",
            clock={"at": CHARGES[0][0]},
            page={"password": PASSWORD},
            # The hours between two charges are a moment here
            keys={"ContactorMinimumOpenSeconds": "0", "ContactorMinimumClosedSeconds": "0"},
            identity={"model": "Setpoint ESP32", "charge_point_serial": "SP-0042"},
        )

    def _tell(self, instant: str) -> None:
        at = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        self.central.clock_offset_s = at.timestamp() - time.time()

    def jump(self, instant: str) -> None:
        self._tell(instant)
        self.station.cmd("clock", set=instant)

    def _until(self, status: str) -> None:
        self.station.wait_until(
            lambda state: state["connectors"][0]["status"] == status, timeout=60
        )

    def charge(self, start: str, now: str, wh: int) -> None:
        """Begins a charge, and goes on to another time in it."""
        self.jump(start)
        before = self.station.connector()["meter"]["wh"]
        self.station.cmd("plug_in", **VEHICLE)
        self.station.cmd("swipe", tag="04A1B2C3")
        self._until("Charging")
        self.jump(now)
        self.station.cmd("meter", connector=1, wh=before + wh)

    def unplug(self) -> None:
        self.station.cmd("plug_out", connector=1)
        self._until("Available")

    def prepare(self) -> str:
        """The address of the page, in the middle of a charge."""
        url = self.station.wait_until(lambda state: state["registered"], timeout=60)["page"]
        for charge in CHARGES:
            self.charge(*charge)
            self.unplug()
        Page(url, PASSWORD).action("PUT", "weekly-plan", PLAN, "text/plain")
        limits = [(0, 20.0), (6 * 3600, 28.0), (16 * 3600, 12.0), (19 * 3600, 20.0)]
        profile = profile_files.made(
            1, "ChargePointMaxProfile", "Absolute", limits, unit="A", startSchedule=PLUGGED
        )
        self.central.call("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})
        self.charge(PLUGGED, NOW, WH)
        self.station.wait_until(
            lambda state: state["connectors"][0]["meter"]["amps"] == 10, timeout=60
        )
        return url


def shoot(chromium: Any, name: str, url: str, size: tuple, prepare: Callable[[Any], Any]) -> None:
    """prepare(page) brings the page to what the picture shows."""
    width, height, pixels = size
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=pixels,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    prepare(page)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    packed = io.BytesIO()
    picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        packed, "PNG", optimize=True
    )
    taken = packed.getvalue()
    if len(taken) > MOST:
        raise Failure("docs/%s would take %d bytes." % (name, len(taken)))
    (ROOT / "docs" / name).write_bytes(taken)
    print("docs/%s: %d bytes" % (name, len(taken)))


def log_in(page: Any) -> None:
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("#sessions-rows tr")


def choose_network(page: Any) -> None:
    page.get_by_text(NETWORKS[0]["ssid"], exact=True).click()
    page.fill("#wifi-password", PASSWORD)


def shoot_set_up(chromium: Any, folder: Path) -> None:
    station = StationProcess(folder, set_up={"password": PASSWORD, "networks": NETWORKS})
    with station:
        url = station.wait_until(lambda state: state["set_up"], timeout=60)["set_up"]["page"]
        shoot(chromium, "set-up.png", url, PHONE, choose_network)


def shoot_page(chromium: Any, folder: Path) -> None:
    with CentralSystem() as central:
        garage = Garage(folder, central)
        with garage.station:
            url = garage.prepare()
            shoot(chromium, "page-phone.png", url, PHONE, log_in)
            shoot(chromium, "page.png", url, DESK, log_in)


def main(arguments: list[str]) -> None:
    parser(
        "screenshots",
        "Takes the pictures of the station's pages in docs, of a new station and of a simulated charge.",
        "  make screenshots\n",
    ).parse_args(arguments)
    try:
        with browser.chromium() as chromium:
            for take in (shoot_set_up, shoot_page):
                with tempfile.TemporaryDirectory() as folder:
                    take(chromium, Path(folder))
    except browser.Unavailable as reason:
        raise Failure(str(reason)) from None


if __name__ == "__main__":
    run("screenshots", main)
