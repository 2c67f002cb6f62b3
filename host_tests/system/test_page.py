"""The station's page in a real browser, at the station on MicroPython: what it shows, and what an owner
does with it."""

import csv
import re

import pytest
from page_bench import NOON, charge, plug
from playwright.sync_api import expect

expect.set_options(timeout=60000)
PLAN = "zone CET-1CEST,M3.5.0,M10.5.0/3\nMon-Fri 12:00-22:00 10\notherwise 16\n"

pytestmark = pytest.mark.parametrize("micropython", ["64bit"], indirect=True)


def first(state: dict) -> dict:
    return state["connectors"][0]


def yes(page, text: str) -> None:
    page.click("#sure button:has-text('%s')" % text)


# ---- who may ----


def test_a_wrong_password_is_told_and_the_right_one_opens_the_page(own_station, visit):
    station = own_station()
    visited = visit(station, logged_in=False)
    page = visited.page
    visited.log_in("owl in the burn")
    expect(page.locator("#login-said")).to_have_text(
        "That is not the password. Mind capital and small letters."
    )
    expect(page.locator("#content")).to_be_hidden()
    visited.log_in()
    expect(page.locator(".status")).to_have_text("Ready")
    expect(page.locator("#login")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 1 and page.evaluate("localStorage.length") == 0
    page.reload()  # the tab keeps its token
    expect(page.locator(".status")).to_have_text("Ready")
    page.click("text=Log out")
    expect(page.locator("#content")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0
    page.click("#login-cancel")  # and who does not want to log in is not asked again and again
    with page.expect_response("**/api/state"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    expect(page.locator("#login")).to_be_hidden()


def test_ten_wrong_passwords_lead_to_a_wait_that_the_page_tells(own_station, visit):
    visited = visit(own_station(), logged_in=False)
    visited.expected = "status of 4(01|29)"
    for number in range(10):
        visited.log_in("wrong %d" % number)
        expect(visited.page.locator("#login-said")).not_to_be_empty()
        expect(visited.page.locator("#login-form button.chief")).to_be_enabled()
    expect(visited.page.locator("#login-said")).to_contain_text("wait for a minute")


def test_an_open_station_shows_itself_to_a_guest_and_offers_nothing(own_station, visit):
    station = own_station(page={"open": True})
    plug(station)
    visited = visit(station, logged_in=False)
    page = visited.page
    expect(page.locator(".status")).to_have_text("Plugged in")
    expect(page.locator("text=Start charging")).to_be_hidden()
    page.click("#station > summary")
    expect(page.locator("#restart")).to_be_hidden()
    page.click("#log-in")
    visited.log_in()
    expect(page.locator("text=Start charging")).to_be_visible()
    expect(page.locator("#restart")).to_be_visible()


# ---- a charge ----


def test_the_owner_starts_pauses_resumes_and_ends_a_charge(own_station, visit):
    station = own_station()
    page = visit(station).page
    expect(page.locator(".why")).to_contain_text("Plug in a vehicle to charge.")
    charge(station, page)
    expect(page.locator(".f-offered")).to_have_text("32\u00a0A")
    expect(page.locator(".f-drawn")).to_contain_text("3 phases")
    expect(page.locator(".why")).to_have_text(
        "Nothing else limits: the station gives all it can, 32\u00a0A."
    )

    page.click("text=Pause")
    page.click("#sure button:has-text('Cancel')")
    assert first(station.state())["contactor"]["closed"]
    page.click(".b-pause")
    yes(page, "Pause")
    expect(page.locator(".status")).to_have_text("Paused by you")
    state = station.wait_until(lambda state: not first(state)["contactor"]["closed"], timeout=60)
    assert first(state)["transaction"] and first(state)["limit"]["source"] == "owner"

    page.click("text=Resume")
    expect(page.locator(".status")).to_have_text("Charging")
    station.wait_until(lambda state: first(state)["contactor"]["closed"], timeout=60)

    page.click("text=End charge")
    yes(page, "End charge")
    expect(page.locator(".status")).to_have_text("Charge ended")
    assert first(station.state())["transaction"] is None


def test_a_contactor_that_rests_is_told_with_its_seconds(own_station, visit):
    station = own_station(keys={"ContactorMinimumOpenSeconds": "60"})
    page = visit(station).page
    charge(station, page)
    page.click(".b-pause")
    yes(page, "Pause")
    station.wait_until(lambda state: not first(state)["contactor"]["closed"], timeout=60)
    page.click("text=Resume")
    expect(page.locator(".why")).to_contain_text(
        re.compile("The contactor rests: current comes again by itself in [0-9]+ s.")
    )


def test_a_limit_for_now_holds_until_it_is_taken_away(own_station, visit):
    station = own_station()
    page = visit(station).page
    charge(station, page)
    expect(page.locator(".owner output")).to_have_text("none")
    page.locator(".owner input").fill("11")
    expect(page.locator(".owner output")).to_have_text("11\u00a0A")
    page.click("text=Set limit")
    expect(page.locator(".f-offered")).to_have_text("11\u00a0A")
    expect(page.locator(".why")).to_have_text("Your own limit allows 11\u00a0A.")
    assert first(station.state())["limit"]["amps"] == 11
    page.click("text=Lift my limit")
    expect(page.locator(".f-offered")).to_have_text("32\u00a0A")
    assert first(station.state())["limit"]["source"] == "hardware"


def test_what_the_station_refuses_is_shown_as_it_says_it(own_station, visit):
    """The charge ends by itself between the question and the answer."""
    station = own_station()
    visited = visit(station)
    visited.expected = "status of (401|409)"
    page = visited.page
    charge(station, page)
    page.click("text=End charge")
    station.cmd("plug_out", connector=1)
    station.wait_until(lambda state: first(state)["transaction"] is None, timeout=60)
    yes(page, "End charge")
    expect(page.locator("#notice")).to_contain_text("No session runs here.")
    page.click("#notice-close")
    expect(page.locator("#notice")).to_be_hidden()


def test_the_last_charges_and_their_csv(own_station, visit, tmp_path):
    station = own_station(clock=NOON)
    page = visit(station).page
    charge(station, page)
    station.cmd("clock", advance_s=3600)
    station.wait_until(lambda state: first(state)["meter"]["wh"] >= 22000, timeout=60)
    page.click("text=End charge")
    yes(page, "End charge")
    row = page.locator("#sessions-rows tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("1 Dec")
    expect(row).to_contain_text("OWNER")
    expect(row).to_contain_text(re.compile("1:0[0-9]\u00a0h"))
    with page.expect_download() as download:
        page.click("#csv")
    assert download.value.suggested_filename == "sessions.csv"
    download.value.save_as(tmp_path / "sessions.csv")
    with open(tmp_path / "sessions.csv", newline="") as file:
        (session,) = csv.DictReader(file)
    assert session["id_tag"] == "OWNER" and int(session["wh"]) >= 22000


# ---- why ----


def test_the_plan_is_the_reason_and_what_comes_next_is_said(own_station, visit):
    station = own_station(clock=NOON)
    page = visit(station).page
    page.click("#plan > summary")
    page.click("#plan-as-text > summary")
    page.fill("#plan-lines", PLAN)
    page.click("text=Save plan")
    expect(page.locator("#plan-said")).to_have_text("The plan is saved and holds from now on.")
    station.wait_until(lambda state: first(state)["limit"]["source"] == "plan", timeout=60)
    expect(page.locator(".why")).to_contain_text(
        "The weekly plan allows 10\u00a0A until 22:00, then 16\u00a0A."
    )
    expect(page.locator("#ahead-words")).to_contain_text("Now 10\u00a0A; 16\u00a0A from 22:00")
    expect(page.locator("#legend li")).to_have_count(3)  # the limit, the station, the plan
    # Each line has dashes of its own
    dashes = page.locator("#chart .source").evaluate_all(
        "lines => lines.map((line) => line.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == len(dashes) == 2
    page.click("text=As a table")
    expect(page.locator("#ahead-rows tr").first).to_contain_text("10\u00a0A")
    expect(page.locator("#ahead-rows tr").nth(1)).to_have_text("22:0016\u00a0AThe weekly plan")


def test_the_plan_is_edited_by_weekdays_and_hours(own_station, visit):
    station = own_station(clock=NOON)
    page = visit(station).page
    page.click("#plan > summary")
    expect(page.locator("#plan-zone")).to_have_value("<+01>-1<+02>-2,M3.5.0/2,M10.5.0/3")
    page.click("text=Add an hour")
    page.locator(".step input").nth(1).fill("12:30")
    page.locator(".step select").nth(1).select_option("0")
    page.click("#plan > summary")
    page.click("#plan > summary")  # what was begun is still there
    expect(page.locator(".step input").nth(1)).to_have_value("12:30")
    page.click("text=Other hours on some days")  # Saturday and Sunday
    page.locator(".group").nth(1).locator("[aria-label=Friday]").click()
    page.locator(".group").nth(1).locator("select").first.select_option("unlimited")
    page.click("text=Save plan")
    expect(page.locator("#plan-said")).to_have_text("The plan is saved and holds from now on.")
    expect(page.locator(".status")).to_have_text("Ready")
    limit = station.wait_until(lambda state: first(state)["limit"]["amps"] == 0, timeout=60)
    assert first(limit)["limit"]["source"] == "plan"
    expect(page.locator("#plan-lines")).to_have_value(
        re.compile("Fri,Sat,Sun 00:00-12:30 unlimited")
    )
    page.click("text=Remove plan")
    yes(page, "Remove plan")
    station.wait_until(lambda state: first(state)["limit"]["source"] == "hardware", timeout=60)


def test_a_plan_that_cannot_be_is_told_with_its_line(own_station, visit):
    visited = visit(own_station())
    visited.expected = "status of 4(01|22)"
    page = visited.page
    page.click("#plan > summary")
    page.click("#plan-as-text > summary")
    page.fill("#plan-lines", "zone CET-1CEST,M3.5.0,M10.5.0/3\nMoo 12:00-22:00 10\notherwise 16\n")
    page.click("text=Save plan")
    expect(page.locator("#notice")).to_contain_text("Moo")
    expect(page.locator("#plan-lines")).to_have_value(re.compile("Moo"))  # to be mended


def test_a_fault_comes_with_advice(own_station, visit):
    station = own_station(connectors=[{"id": 1}, {"id": 2}])
    page = visit(station).page
    station.cmd("fault", connector=2, code="GroundFailure", vendor_code="earth",
                info="No protective earth for 900 ms", active=True)  # fmt: skip
    fault = page.locator(".fault")
    expect(fault).to_contain_text("Connector 2: The protective earth is missing")
    expect(fault).to_contain_text("have an electrician check the supply.")
    expect(fault).to_contain_text("No protective earth for 900 ms")
    expect(page.locator(".status").nth(1)).to_have_text("Fault")
    expect(page.locator(".status").first).to_have_text("Ready")
    page.click("#ahead-choice >> text=2")
    expect(page.locator("#ahead-choice [aria-pressed=true]")).to_have_text("2")


# ---- the rest of what an owner does ----


def test_cards_without_cards_and_the_log(own_station, visit):
    station = own_station()
    visited = visit(station)
    page = visited.page
    page.click("#cards > summary")
    page.fill("#cards-tag", "04A1B2C3")
    page.click("#cards-add button")
    expect(page.locator("#cards-list li")).to_contain_text("04A1B2C3", ignore_case=True)
    plug(station)
    station.cmd("swipe", tag="04A1B2C3")
    expect(page.locator(".status")).to_have_text("Charging")
    expect(page.locator(".f-card")).to_have_text("04A1B2C3", ignore_case=True)
    station.cmd("plug_out", connector=1)
    expect(page.locator(".status")).to_have_text("Ready")
    page.click("#cards-list button")
    yes(page, "Remove")
    expect(page.locator("#cards-list li")).to_have_count(0)

    page.click("#station > summary")
    page.click("text=Charge without a card")
    plug(station)
    expect(page.locator(".status")).to_have_text("Charging")

    page.click("#log > summary")
    expect(page.locator("#log-text")).to_contain_text("Setpoint 0.")


def test_a_restart_under_the_page(own_station, visit):
    station = own_station()
    visited = visit(station)
    visited.expected = "status of 401|ERR_"  # each try that met nobody
    page = visited.page
    charge(station, page)
    page.click("#station > summary")
    page.click("#restart")
    expect(page.locator("#sure-text")).to_contain_text("A charge that runs ends")
    yes(page, "Restart the station")
    assert station.wait_exit(60) == 75
    expect(page.locator("#offline")).to_contain_text("The station restarts.")
    station.start()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(".status")).to_have_text("Ready")  # and nobody had to log in again
    expect(page.locator("#sessions-rows tr")).to_have_count(1)


def test_new_firmware_from_a_file(own_station, visit, tmp_path):
    from firmware_image import setpoint_bin

    from tools import update

    station = own_station()
    visited = visit(station)
    visited.expected = "status of 401|ERR_"
    page = visited.page
    file = tmp_path / "setpoint.update"
    file.write_bytes(
        update.of_image(setpoint_bin("esp32", "9.0.0", 40000)[1], "simulated", "9.0.0")
    )
    page.click("#station > summary")
    page.set_input_files("#update-file", file)
    yes(page, "New firmware")
    expect(page.locator("#update-said")).to_contain_text("installs the file")
    assert station.wait_exit(60) == 75
    station.start()
    assert (station.folder / "flash" / "otadata").read_text() != ""
    expect(page.locator("#offline")).to_be_hidden()


def test_a_file_that_is_no_firmware_is_refused(own_station, visit, tmp_path):
    visited = visit(own_station())
    visited.expected = "status of 4"
    page = visited.page
    file = tmp_path / "holiday.jpg"
    file.write_bytes(b"\xff\xd8" * 5000)
    page.click("#station > summary")
    page.set_input_files("#update-file", file)
    yes(page, "New firmware")
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice-title")).to_have_text("This file is no firmware for this station")
    expect(page.locator("#notice-text")).not_to_be_empty()
