"""UpdateFirmware: the whole station, a central system, and a file server that has its bad days. The
boot loader is the simulated board's."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone

import file_server
import pytest
from certificates import Authority, server_context
from file_server import FileServer
from firmware_image import setpoint_bin

from tools import update
from tools.station_process import RESET

IMAGE = setpoint_bin("esp32", "9.0.0", 40000)[1]
FILE = update.of_image(IMAGE, "simulated", "9.0.0")
OTHER = update.of_image(setpoint_bin("esp32", "9.0.1", 40000)[1], "simulated", "9.0.1")
INSTALLS = ["Downloading", "Downloaded", "Installing"]


@pytest.fixture
def server():
    with closing(FileServer()) as server:
        server.files["/fw"] = FILE
        yield server


def told(central) -> "list[str]":
    return [message.payload["status"] for message in central.seen("FirmwareStatusNotification")]


def wait_for(central, status, timeout=60, since=0):
    central.wait_for(
        "FirmwareStatusNotification",
        lambda payload: payload["status"] == status,
        since=since,
        timeout=timeout,
    )


def ask(central, url, in_s=-1, **more) -> None:
    at = datetime.now(timezone.utc) + timedelta(seconds=in_s)
    request = {"location": url, "retrieveDate": at.isoformat(), **more}
    assert central.call("UpdateFirmware", request) == {}


def runs(station) -> str:
    return station.folder.joinpath("flash", "otadata").read_text()


def restarts(station) -> None:
    assert station.wait_exit(60) == RESET
    station.start()


def test_an_update_from_the_request_to_installed(station, central, server):
    ask(central, server.url + "/fw")
    wait_for(central, "Installing")
    restarts(station)
    wait_for(central, "Installed")
    assert told(central) == [*INSTALLS, "Installed"]
    station.wait_until(lambda state: state["registered"])
    assert runs(station) == "1 good"
    assert (station.folder / "flash" / "ota_1").read_bytes()[: len(IMAGE)] == IMAGE
    # And the next one goes into the other slot
    since = len(central.messages)
    server.files["/fw"] = OTHER
    ask(central, server.url + "/fw")
    wait_for(central, "Installing", since=since)
    restarts(station)
    wait_for(central, "Installed", since=since)
    assert runs(station) == "0 good"


def test_over_tls_beside_a_link_that_stays(start_station, central, tmp_path):
    authority = Authority(tmp_path, "ca")
    context = server_context(authority.sign("files", names=["127.0.0.1"]))
    station = start_station(tls={"ca_file": str(authority.cert)})
    station.wait_until(lambda state: state["registered"])
    with closing(FileServer(context)) as server:
        server.files["/fw"] = FILE
        ask(central, server.url + "/fw")
        wait_for(central, "Installing")
    restarts(station)
    wait_for(central, "Installed")
    assert told(central) == [*INSTALLS, "Installed"]


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_in_the_memory_of_a_chip(start_station, central, server):
    """115 KB is what a WROOM has for Python beside Wi-Fi and TLS. The image has 1.5 MB; a real one is
    reckoned at 1.8 MB now."""
    image = setpoint_bin("esp32", "9.0.0", 1500000)[1]
    server.files["/fw"] = update.of_image(image, "simulated", "9.0.0")
    station = start_station(heap="115K")
    station.wait_until(lambda state: state["registered"])
    ask(central, server.url + "/fw", retries=0)
    wait_for(central, "Downloading")
    wait_for(central, "Installing", timeout=180)
    restarts(station)
    wait_for(central, "Installed")


def test_new_firmware_that_does_not_come_up_is_rolled_back_and_that_is_told(
    station, central, server
):
    ask(central, server.url + "/fw")
    wait_for(central, "Installing")
    assert station.wait_exit(60) == RESET
    # The new image panics at once: the boot loader has seen one start, and takes the other slot
    (station.folder / "flash" / "otadata").write_text("1 pending")
    station.start()
    wait_for(central, "InstallationFailed")
    assert runs(station) == "0 good" and told(central) == [*INSTALLS, "InstallationFailed"]


def test_it_waits_for_its_time(station, central, server):
    ask(central, server.url + "/fw", in_s=5)
    asked_at = time.monotonic()
    wait_for(central, "Downloading")
    assert time.monotonic() - asked_at > 3


def test_while_a_vehicle_charges_nothing_is_fetched_and_nothing_restarts(station, central, server):
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    ask(central, server.url + "/fw")
    central.call("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    wait_for(central, "Idle")
    assert not server.asked and station.connector()["contactor"]["closed"]
    station.cmd("plug_out", connector=1)
    wait_for(central, "Installing")
    assert central.seen("StopTransaction"), "the transaction is over, and that was told"
    restarts(station)
    wait_for(central, "Installed")


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_vehicle_that_begins_to_charge_interrupts_the_download_and_it_goes_on_after(
    station, central, server
):
    charges = threading.Event()

    def waits_for_the_charge(connection):
        content = connection.server.files[connection.target]
        connection.answer("200 OK", content[:20000], etag_of(content), length=len(content))
        charges.wait(60)
        connection.say(content[20000:])

    server.behaviours = [waits_for_the_charge]
    ask(central, server.url + "/fw", retries=0)
    wait_for(central, "Downloading")
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    written = len((station.folder / "flash" / "ota_1").read_bytes())
    charges.set()
    wait_until(lambda: any("the download of firmware waits" in line for line in station.log))
    assert len((station.folder / "flash" / "ota_1").read_bytes()) == written
    assert station.connector()["contactor"]["closed"] and len(server.asked) == 1
    station.cmd("plug_out", connector=1)
    wait_for(central, "Installing")
    assert told(central) == INSTALLS and "range" in server.asked[1][2]


def wait_until(condition, within_s=60):
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def etag_of(content):
    return 'ETag: "%x"' % (hash(content) & 0xFFFFFFFF)


BAD_DAYS = {
    "breaks off": [file_server.breaks_off(15000)],
    "breaks off abruptly": [file_server.breaks_off(15000, abrupt=True)],
    "hangs up": [file_server.hangs_up],
    "answers 500": [file_server.answers("500 Oops")],
    "answers 404 first": [file_server.answers("404 Not Found")],
    "speaks no HTTP": [file_server.says(b"SSH-2.0\r\n")],
    "tells too long a length": [file_server.lies_about_length(5)],
    "redirects": [file_server.redirects("/fw")],
    "sends chunks": [file_server.in_chunks(777)],
}


@pytest.mark.parametrize("name", BAD_DAYS)
def test_a_server_with_a_bad_day_costs_a_try(station, central, server, name):
    server.behaviours = list(BAD_DAYS[name])
    ask(central, server.url + "/fw", retries=2, retryInterval=1)
    wait_for(central, "Installing")
    restarts(station)
    wait_for(central, "Installed")
    assert told(central) == [*INSTALLS, "Installed"]


def test_what_broke_off_is_not_fetched_twice(station, central, server):
    def breaks_off(connection):
        content = connection.server.files[connection.target]
        connection.answer("200 OK", content[:15000], etag_of(content), length=len(content))

    server.behaviours = [breaks_off]
    ask(central, server.url + "/fw", retries=1, retryInterval=1)
    wait_for(central, "Installing")
    assert server.asked[1][2]["range"] == "bytes=15000-"


def test_what_cannot_be_fetched_is_told(station, central, server):
    ask(central, server.url + "/nowhere", retries=1, retryInterval=1)
    wait_for(central, "DownloadFailed")
    assert told(central) == ["Downloading", "DownloadFailed"] and len(server.asked) == 2
    since = len(central.messages)
    for url in ("ftp://127.0.0.1/fw", "nonsense", "http://"):
        ask(central, url, retries=0)
        wait_for(central, "DownloadFailed", since=since)
        since = len(central.messages)


WRONG = {
    "another page": b"<html>Please log in</html>" * 100,
    "a bare image": IMAGE,
    "for another board": update.of_image(IMAGE, "esp32s3", "9.0.0"),
    "one bit wrong": FILE[:9000] + bytes([FILE[9000] ^ 1]) + FILE[9001:],
    "longer than it says": FILE + b"more",
    "no image in it": update.of_image(b"x" * 40000, "simulated", "9.0.0"),
    "an image with one bit wrong": update.of_image(
        IMAGE[:9000] + bytes([IMAGE[9000] ^ 1]) + IMAGE[9001:], "simulated", "9.0.0"
    ),
    "longer than the slot": update.of_image(bytes(1700000), "simulated", "9.0.0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_cannot_be_installed_changes_nothing(station, central, server, name):
    server.files["/fw"] = WRONG[name]
    ask(central, server.url + "/fw", retries=2, retryInterval=1)
    wait_for(central, "InstallationFailed")
    assert told(central) == [*INSTALLS, "InstallationFailed"] and len(server.asked) == 1
    state = station.state()
    assert state["connected"] and state["registered"]
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])


def test_a_file_that_ends_before_it_should_is_fetched_again(station, central, server):
    server.files["/fw"] = FILE[:-1]
    ask(central, server.url + "/fw", retries=1, retryInterval=1)
    wait_for(central, "DownloadFailed")
    assert len(server.asked) == 2


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_newer_request_takes_the_place_of_one_that_stalls(station, central, server):
    server.behaviours = [file_server.stalls(15000)]
    ask(central, server.url + "/fw")
    wait_until(lambda: server.asked)
    server.files["/newer"] = OTHER
    since = len(central.messages)
    ask(central, server.url + "/newer")
    wait_for(central, "Installing", since=since)
    restarts(station)
    wait_for(central, "Installed", since=since)
