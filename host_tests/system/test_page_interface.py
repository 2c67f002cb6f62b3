"""The station's own page, as a program in the home network asks it: JSON over HTTP. Every answer is
judged by docs/openapi.yaml, and none holds a secret of the start file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import socket
import time

import pytest
from firmware_image import setpoint_bin
from page_interface import DOCUMENT, ROOT, Judged

from tools import update
from tools.page_client import Refused
from tools.station_process import RESET

PASSWORD = "quiet-otter-79"
PATIENCE_S = 60
PLAN = "zone CET-1CEST,M3.5.0,M10.5.0/3\n17:00-21:00 6\n22:00-06:00 20\notherwise 16"
# What opens may close again at once
NO_REST = {"ContactorMinimumClosedSeconds": "0", "ContactorMinimumOpenSeconds": "0"}
READS = (
    "/api/state",
    "/api/plan",
    "/api/sessions",
    "/api/sessions.csv",
    "/api/log",
    "/api/weekly-plan",
    "/api/cards",
)
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def open_page(start_station):
    """open_page(**fields of the start file) -> (station, its page)."""

    def begin(**fields):
        page = {"password": PASSWORD, **fields.pop("page", {})}
        fields.setdefault("connectors", [{"id": 1}, {"id": 2}])
        fields["keys"] = {**NO_REST, **fields.get("keys", {})}
        station = start_station(page=page, **fields)
        return station, page_of(station)

    return begin


def page_of(station, secrets=()):
    state = station.wait_until(lambda state: state["page"], PATIENCE_S)
    return Judged(state["page"], PASSWORD, list(secrets))


def wait_until(page, fits, patience_s=PATIENCE_S):
    """Asks for the state until it fits; that state."""
    end = time.monotonic() + patience_s
    while True:
        state = page.get("state")
        if fits(state):
            return state
        assert time.monotonic() < end, json.dumps(state, indent=1)
        time.sleep(0.1)


def status_is(status, number=1):
    return lambda state: state["connectors"][number - 1]["status"] == status


def refused(do, *arguments, **more):
    with pytest.raises(Refused) as caught:
        do(*arguments, **more)
    return caught.value.args[:2]


def post(page, path, **fields):
    return page.action("POST", path, fields)


def status_sent(central, status, connector=1, since=0):
    wanted = {"connectorId": connector, "status": status}
    central.wait_for(
        "StatusNotification", lambda told: wanted.items() <= told.items(), since, PATIENCE_S
    )


# -- who may look


def test_whoever_has_no_token_learns_and_changes_nothing(open_page):
    station, page = open_page(vehicles=[{"connector": 1}])
    before = station.state()["connectors"]
    for path, verbs in DOCUMENT["paths"].items():
        for verb in verbs:
            if path in ("/", "/api/login"):
                continue
            for headers in (
                JSON,
                {**JSON, "Authorization": "Bearer "},
                {**JSON, "Authorization": "Bearer t7fffffff." + 32 * "0"},
                {**JSON, "Authorization": "Basic " + PASSWORD},
                {**JSON, "Cookie": "token=" + PASSWORD},
            ):
                asked = path.replace("{id_tag}", "CARD")
                status, fields, body = page.ask(verb.upper(), asked, b"{}", headers)
                assert (status, json.loads(body)["code"]) == (401, "login"), (verb, path)
                assert fields["www-authenticate"] == "Bearer"
    page.log_in()
    for path in READS:
        assert page.ask("GET", path, None, {"Authorization": "Bearer " + page.token})[0] == 200
        head = page.ask("HEAD", path, None, {"Authorization": "Bearer " + page.token})
        assert head[0] == 200 and head[2] == b""
    assert [c["limit"] for c in station.state()["connectors"]] == [c["limit"] for c in before]


def test_where_the_owner_chose_so_whoever_only_looks_needs_no_password(open_page):
    station, page = open_page(page={"open": True})
    for path in READS:
        assert page.ask("GET", path)[0] == 200
    status, _, body = page.ask("POST", "/api/pause", b'{"connector":1}', JSON)
    assert (status, json.loads(body)["code"]) == (401, "login")
    shown = json.loads(page.ask("GET", "/api/state")[2])["station"]
    assert (shown["needs_password"], shown["logged_in"]) == (False, False)
    assert page.get("state")["station"]["logged_in"] is True


def test_ten_wrong_passwords_lead_to_a_minute_without_a_try_and_tokens_go_on(open_page):
    station, page = open_page()
    page.log_in()
    for number in range(10):
        code = refused(Judged(page.address and "http://%s/" % page.address).log_in, "wrong" * 3)
        assert code == ((401, "wrong_password") if number < 9 else (429, "too_many"))
    status, fields, _ = page.ask("POST", "/api/login", b'{"password":"x"}', JSON)
    assert status == 429 and 0 < int(fields["retry-after"]) <= 60
    guest = Judged("http://%s/" % page.address, PASSWORD)
    assert refused(guest.log_in) == (429, "too_many"), "not even with the right one"
    assert page.get("state")["station"]["logged_in"]
    station.cmd("clock", advance_s=60)
    end = time.monotonic() + PATIENCE_S
    while guest.token is None:
        try:
            guest.log_in()
        except Refused:
            assert time.monotonic() < end
    assert [line for line in station.log if "10 wrong passwords" in line]


def test_no_forged_request_is_carried_out(open_page):
    """What a page on the internet can have a browser send: other types than JSON without asking first,
    a name that points here, and no header of its own choice."""
    station, page = open_page(vehicles=[{"connector": 1}])
    token = page.log_in()
    mine = {"Authorization": "Bearer " + token}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        status, _, body = page.ask(
            "POST", "/api/pause", b'{"connector":1}', {**mine, "Content-Type": kind}
        )
        assert (status, json.loads(body)["code"]) == (415, "media_type"), kind
        body = json.dumps({"password": PASSWORD}).encode()
        assert page.ask("POST", "/api/login", body, {"Content-Type": kind})[0] == 415
    asks_first = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert page.ask("OPTIONS", "/api/pause", None, asks_first)[0] == 501
    port = page.address.rpartition(":")[2]
    for host in (
        "evil.example",
        "evil.example:" + port,
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "[::1]",
    ):
        for path in ("/", "/api/state", "/api/login", "/nothing"):
            status, _, body = page.ask("GET", path, None, {**mine, "Host": host})
            assert (status, json.loads(body)["code"]) == (421, "host"), (host, path)
    for host in ("localhost", "LOCALHOST:" + port, "127.0.0.1"):
        assert page.ask("GET", "/api/state", None, {**mine, "Host": host})[0] == 200
    assert not page.get("state")["connectors"][0]["paused"]
    answer = raw(page, b"GET /api/state HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") and b'"host"' in answer


def raw(page, data, patience_s=PATIENCE_S):
    host, _, port = page.address.rpartition(":")
    with socket.create_connection((host, int(port)), patience_s) as connection:
        connection.sendall(data)
        answer = b""
        while True:
            more = connection.recv(4096)
            if not more:
                return answer
            answer += more


def test_no_secret_of_the_station_is_ever_told(open_page):
    key = "0123456789abcdef0123456789abcdef"
    secrets = ["basic-secret-1", key, PASSWORD]
    station, page = open_page(
        basic_auth={"user": "cp001", "password": secrets[0]}, keys={"AuthorizationKey": key}
    )
    page.secrets += secrets
    page.log_in()
    for path in READS:
        page.ask("GET", path, None, {"Authorization": "Bearer " + page.token})
    body = json.dumps({"password": PASSWORD + "x"}).encode()
    assert page.ask("POST", "/api/login", body, JSON)[0] == 401
    assert not [line for line in station.log for secret in secrets if secret in line]


# -- what it says


def test_the_state_is_that_of_the_bench_and_of_ocpp(open_page, central):
    station, page = open_page(
        vehicles=[{"connector": 1, "amps": 16, "phases": 3}],
        device={"mains": {"house": [3, -2, 0.5], "rise_after_s": 0}, "dim": {}},
        identity={"charge_box_serial": "S-1"},
    )
    shown = wait_until(page, lambda state: state["station"]["central_system"] == "online")
    assert shown["station"]["name"] == "cp001" and shown["station"]["serial"] == "S-1"
    assert shown["station"]["dimmed"] is False and shown["connectors"][1]["status"] == "Available"
    station.cmd("swipe", tag="04A1")
    shown = wait_until(page, status_is("Charging"))["connectors"][0]
    shown = wait_until(page, lambda state: state["connectors"][0]["drawn_a"][0] == 16.0)
    shown = shown["connectors"][0]
    bench = station.connector(1)
    assert shown["drawn_a"] == [16.0] * 3 and shown["drawn_w"] == 3 * 230 * 16
    assert (shown["offered_a"], shown["contactor"], shown["phases"]) == (
        bench["pilot"]["offered_amps"],
        True,
        3,
    )
    assert shown["session"]["id_tag"] == "04A1"
    wait_until(page, lambda state: state["connectors"][0]["session"]["id"] is not None)
    assert page.get("state")["station"]["house"]["fresh"] is True
    station.cmd("fault", connector=2, code="OtherError", vendor_code="x", info="y\"'<", active=True)
    wait_until(page, status_is("Faulted", 2))
    assert page.get("state")["connectors"][1]["faults"] == [
        {"code": "OtherError", "vendor_code": "x", "info": "y\"'<"}
    ]
    central.stop()
    wait_until(page, lambda state: state["station"]["central_system"] == "connecting")


def test_why_a_limit_holds_is_told_for_people_and_programs_and_so_is_what_comes_next(
    open_page, central
):
    midnight = "2026-12-01T00:00:00Z"
    station, page = open_page(
        connectors=[{"id": 1}], clock={"at": midnight, "frozen": True}, vehicles=[{"connector": 1}]
    )
    station.wait_until(lambda state: state["registered"], PATIENCE_S)

    def shown():
        return page.get("state")["connectors"][0]

    first = shown()
    assert (first["limit"]["reason"], first["next"]) == (
        {"kind": "source", "source": "hardware", "words": "hardware"},
        None,
    )
    page.action("PUT", "weekly-plan", PLAN, "text/plain")
    first = shown()  # 01:00 in Berlin
    assert first["limit"]["reason"] == {"kind": "plan", "shared": False, "lowest": False}
    assert first["next"] == {"at": "2026-12-01T05:00:00Z", "a": 16.0}
    schedule = {
        "chargingRateUnit": "A",
        "startSchedule": midnight,
        "duration": 7200,
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 12.5},
            {"startPeriod": 600, "limit": 12.5},
            {"startPeriod": 3600, "limit": 8},
        ],
    }
    profile = {
        "chargingProfileId": 7,
        "stackLevel": 3,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    request = {"connectorId": 0, "csChargingProfiles": profile}
    assert central.call("SetChargingProfile", request, 30)["status"] == "Accepted"
    first = shown()
    assert first["limit"] == {
        "a": 12.5,
        "phases": 3,
        "source": "schedule",
        "why": "TxDefaultProfile 7, level 3",
        "reason": {
            "kind": "profile",
            "purpose": "TxDefaultProfile",
            "id": 7,
            "level": 3,
            "shared": False,
            "lowest": False,
        },
    }
    assert first["next"] == {"at": "2026-12-01T01:00:00Z", "a": 8.0}, "not that of 00:10"
    plan = page.get("plan?connector=1&hours=24")
    assert plan["limit"] == [
        [midnight, 12.5],
        ["2026-12-01T01:00:00Z", 8.0],
        ["2026-12-01T02:00:00Z", 20.0],
        ["2026-12-01T05:00:00Z", 16.0],
        ["2026-12-01T16:00:00Z", 6.0],
        ["2026-12-01T20:00:00Z", 16.0],
        ["2026-12-01T21:00:00Z", 20.0],
    ]
    curves = {json.dumps(s["reason"], sort_keys=True): s["points"] for s in plan["sources"]}
    assert curves[json.dumps(first["limit"]["reason"], sort_keys=True)] == [
        [midnight, 12.5],
        ["2026-12-01T01:00:00Z", 8.0],
        ["2026-12-01T02:00:00Z", None],
    ]
    assert len(plan["sources"]) == 3
    asked = {"connectorId": 1, "duration": 86400, "chargingRateUnit": "A"}
    composite = central.call("GetCompositeSchedule", asked, 30)["chargingSchedule"]
    assert [p["limit"] for p in composite["chargingSchedulePeriod"]] == [
        p[1] for p in plan["limit"]
    ]
    station.cmd("clock", set="2026-12-01T00:59:59Z")
    assert page.get("plan?hours=1")["limit"][1] == ["2026-12-01T01:00:00Z", 8.0]
    assert refused(page.get, "plan?hours=49") == (422, "hours")
    assert refused(page.get, "plan?connector=2") == (404, "connector")
    assert refused(page.get, "plan?hours=x") == (400, "bad_request")


def test_without_the_time_the_lowest_holds_and_the_page_says_so(open_page):
    station, page = open_page(csms_url="", clock={"unset": True}, connectors=[{"id": 1}])
    page.action("PUT", "weekly-plan", PLAN, "text/plain")
    state = page.get("state")
    assert state["station"]["now"] is None
    assert state["connectors"][0]["limit"]["a"] == 6.0
    assert state["connectors"][0]["limit"]["reason"]["lowest"] is True
    assert refused(page.get, "plan") == (409, "no_time")
    assert page.token.startswith("u")


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_what_the_central_system_says_of_the_station_is_shown(open_page, central, status):
    answer = {"status": status, "interval": 60, "currentTime": central.now()}
    central.answers["BootNotification"] = answer
    station, page = open_page()
    wait_until(page, lambda state: state["station"]["central_system"] == status.lower())


def test_the_log_is_the_ring_in_flash_oldest_first(open_page):
    station, page = open_page(keys={"HeartbeatInterval": "nonsense"})
    log = page.get("log").splitlines()
    assert "Setpoint" in log[0] and [line for line in log if "HeartbeatInterval" in line]
    assert all(line in station.log for line in log)


# -- what the owner does


def test_a_charge_that_the_owner_starts_pauses_limits_and_stops(open_page, central):
    station, page = open_page(vehicles=[{"connector": 1, "amps": 20, "phases": 3}])
    wait_until(page, lambda state: state["station"]["central_system"] == "online")
    wait_until(page, status_is("Preparing"))
    assert refused(post, page, "stop", connector=1) == (409, "no_session")
    assert post(page, "start", connector=1) == {}
    started = central.wait_for("StartTransaction", timeout=PATIENCE_S).payload
    assert started["idTag"] == "OWNER"
    wait_until(page, status_is("Charging"))
    assert refused(post, page, "start", connector=1) == (409, "not_free")

    assert post(page, "limit", a=10.5, connector=1) == {}
    state = wait_until(page, lambda state: state["connectors"][0]["offered_a"] == 10.5)
    first = state["connectors"][0]
    assert (first["owner_a"], first["limit"]["source"]) == (10.5, "owner")
    for wrong in (5.9, 80.1, 0, -6, "16", True, [], 1e300):
        assert refused(post, page, "limit", a=wrong, connector=1) == (422, "amperes"), wrong
    assert refused(post, page, "limit", connector=1) == (422, "amperes")
    assert refused(post, page, "limit", a=16, connector=3) == (422, "connector")

    since = len(central.messages)
    assert post(page, "pause", connector=1) == {}
    first = page.get("state")["connectors"][0]
    assert (first["paused"], first["limit"]["a"]) == (True, 0.0)
    status_sent(central, "SuspendedEVSE", since=since)
    wait_until(page, lambda state: not state["connectors"][0]["contactor"])
    assert post(page, "resume", connector=1) == {}
    status_sent(central, "Charging", since=since)
    assert page.get("state")["connectors"][0]["owner_a"] == 10.5, "the limit outlives the pause"
    assert post(page, "limit", a=None) == {}
    wait_until(page, lambda state: state["connectors"][0]["offered_a"] == 32.0)

    assert post(page, "stop", connector=1) == {}
    stopped = central.wait_for("StopTransaction", timeout=PATIENCE_S).payload
    assert stopped["reason"] == "Local"
    wait_until(page, status_is("Finishing"))
    assert post(page, "start", connector=1, id_tag="MINE") == {}
    central.wait_for("StartTransaction", lambda p: p["idTag"] == "MINE", timeout=PATIENCE_S)
    for tag in ("", "x" * 21, "\u00e4", 7, "a\n"):
        assert refused(post, page, "start", connector=2, id_tag=tag) == (422, "id_tag")


def test_a_contactor_that_rests_after_a_pause_is_shown(open_page):
    station, page = open_page(
        vehicles=[{"connector": 1}],
        keys={"FreeVendActive": "true", "ContactorMinimumOpenSeconds": "600"},
    )
    state = wait_until(page, status_is("Charging"))
    assert state["connectors"][0]["rests_s"] == 0
    post(page, "pause", connector=1)
    wait_until(page, lambda state: not state["connectors"][0]["contactor"])
    post(page, "resume", connector=1)
    state = wait_until(page, lambda state: state["connectors"][0]["rests_s"] > 500)
    assert state["connectors"][0]["limit"]["a"] == 32.0


def test_the_owners_limit_for_all_is_shared_and_never_lifts_anybody_elses(open_page, central):
    station, page = open_page(
        vehicles=[{"connector": 1}, {"connector": 2}], keys={"FreeVendActive": "true"}
    )
    wait_until(page, lambda s: [c["status"] for c in s["connectors"]] == ["Charging"] * 2)
    assert post(page, "limit", a=16) == {}
    state = wait_until(page, lambda s: sum(c["limit"]["a"] for c in s["connectors"]) == 16)
    assert state["station"]["owner_a"] == 16.0
    assert state["connectors"][0]["limit"]["reason"]["words"] == "owner, all together"
    period = {"startPeriod": 0, "limit": 6}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }
    request = {"connectorId": 1, "csChargingProfiles": profile}
    assert central.call("SetChargingProfile", request, 30)["status"] == "Accepted"
    assert post(page, "limit", a=32, connector=1) == {}
    state = wait_until(page, lambda s: s["connectors"][0]["limit"]["a"] == 6)
    assert state["connectors"][0]["limit"]["reason"]["kind"] == "profile"
    assert post(page, "limit", a=None) == {}
    state = wait_until(page, lambda s: s["connectors"][1]["limit"]["a"] == 32)
    assert state["station"]["owner_a"] is None and state["connectors"][0]["owner_a"] is None
    assert state["connectors"][0]["limit"]["a"] == 6


def test_a_pause_and_a_limit_outlive_a_power_cut_and_so_does_the_token(open_page):
    station, page = open_page(
        vehicles=[{"connector": 1}, {"connector": 2}], keys={"FreeVendActive": "true"}
    )
    wait_until(page, status_is("Charging"))
    post(page, "pause", connector=1)
    post(page, "limit", a=8, connector=2)
    station.kill()
    station.start()
    token, page = page.token, page_of(station)
    page.token = token
    state = wait_until(page, status_is("Charging", 2))
    assert [c["limit"]["a"] for c in state["connectors"]] == [0.0, 8.0]
    assert [c["paused"] for c in state["connectors"]] == [True, False]
    assert (
        "charging" not in " ".join(station.log[-40:]).lower()
        or not state["connectors"][0]["contactor"]
    )
    post(page, "resume", connector=1)
    wait_until(page, status_is("Charging", 1))


def test_what_flash_does_not_take_is_refused_and_changes_nothing(open_page):
    station, page = open_page()
    page.log_in()
    station.cmd("flash", after_writes=1, mode="error")
    assert refused(post, page, "pause", connector=1) == (503, "flash")
    assert page.get("state")["connectors"][0]["paused"] is False
    assert post(page, "pause", connector=1) == {}
    station.cmd("flash", after_writes=1, mode="error")
    assert refused(page.action, "PUT", "weekly-plan", PLAN, "text/plain") == (503, "flash")
    assert page.get("weekly-plan") == ""


def test_charging_without_a_card_can_be_switched(open_page, central):
    station, page = open_page()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    for wrong in (1, "true", None):
        assert refused(post, page, "free-vend", active=wrong) == (422, "active")
    for active in (True, False, True):
        assert post(page, "free-vend", active=active) == {}
        assert page.get("state")["station"]["free_vend"] is active
        asked = central.call("GetConfiguration", {"key": ["FreeVendActive"]}, 30)
        assert asked["configurationKey"][0]["value"] == str(active).lower()
    station.cmd("plug_in", connector=2, amps=16, phases=3)
    wait_until(page, status_is("Charging", 2))


def test_a_restart_answers_first_ends_the_sessions_and_opens_the_contactors(open_page, central):
    station, page = open_page(vehicles=[{"connector": 1}], keys={"FreeVendActive": "true"})
    wait_until(page, status_is("Charging"))
    assert page.action("POST", "restart", {}) == {}
    assert station.wait_exit(PATIENCE_S) == RESET
    central.wait_for("StopTransaction", lambda p: p["reason"] == "Reboot", timeout=PATIENCE_S)
    assert "HardReset" not in [m.payload.get("reason") for m in central.seen("StopTransaction")]
    station.start()
    token, page = page.token, page_of(station)
    page.token = token
    assert page.get("state")["connectors"][0]["status"]


def test_the_weekly_plan_is_the_one_of_set_plan(open_page, central):
    station, page = open_page(connectors=[{"id": 1}])
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    assert page.get("weekly-plan") == ""
    assert page.action("PUT", "weekly-plan", PLAN, "text/plain; charset=utf-8") == {}
    shown = page.get("weekly-plan")
    asked = central.call("DataTransfer", {"vendorId": "Setpoint", "messageId": "Plan"}, 30)
    assert json.loads(asked["data"]) == shown.splitlines() and len(shown.splitlines()) > 4
    for wrong in (PLAN + "\n17:00-18:00 7", "zone X\notherwise 6", "otherwise 6", "zone UTC0\n"):
        assert refused(page.action, "PUT", "weekly-plan", wrong, "text/plain") == (422, "plan")
    assert refused(page.action, "PUT", "weekly-plan", " ", "text/plain") == (422, "plan")
    too_long = PLAN + "#" * 4096
    assert refused(page.action, "PUT", "weekly-plan", too_long, "text/plain") == (413, "too_long")
    assert refused(page.action, "PUT", "weekly-plan", b"\xff\xfe", "text/plain")[0] == 400
    assert page.get("weekly-plan") == shown
    assert page.action("PUT", "weekly-plan", shown, "text/plain") == {}
    assert page.get("weekly-plan") == shown, "what it tells it takes"
    assert page.action("DELETE", "weekly-plan") == {}
    assert page.get("weekly-plan") == ""


def test_bodies_that_are_none_are_refused(open_page):
    station, page = open_page()
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"{}" * 2, b"\xff", b"[" * 500):
        assert refused(page.action, "POST", "pause", body) == (400, "bad_request"), body
    for fields in ({}, {"connector": 0}, {"connector": 3}, {"connector": "1"}, {"connector": True}):
        assert refused(post, page, "pause", **fields) == (422, "connector"), fields
    assert refused(page.action, "POST", "pause", b"{" + b" " * 600 + b"}") == (413, "too_long")
    assert refused(page.get, "nothing") == (404, "not_found")
    assert refused(page.get, "pause") == (405, "method")
    assert refused(page.action, "DELETE", "state") == (405, "method")


# -- the last sessions, and cards: without a central system


def test_sessions_are_kept_without_a_central_system_over_power_cuts(open_page):
    station, page = open_page(csms_url="", keys={"FreeVendActive": "true"})
    assert page.get("sessions") == {"sessions": []}
    assert page.get("state")["station"]["central_system"] == "none"
    for number in (1, 2):
        station.cmd("plug_in", connector=number, amps=16, phases=3)
        wait_until(page, status_is("Charging", number))
        station.cmd("clock", advance_s=3600)
        wait_until(page, lambda s, n=number: s["connectors"][n - 1]["session"]["wh"] > 10000)
        station.cmd("plug_out", connector=number)
        wait_until(page, status_is("Available", number))
    kept = page.get("sessions")["sessions"]
    assert [(s["connector"], s["id_tag"], s["reason"]) for s in kept] == [
        (2, "FREEVEND", "EVDisconnected"),
        (1, "FREEVEND", "EVDisconnected"),
    ]
    assert all(11000 <= s["wh"] <= 12500 and s["start"] < s["stop"] for s in kept)
    table = list(csv.DictReader(io.StringIO(page.get("sessions.csv"), newline="")))
    assert [
        {**row, "connector": int(row["connector"]), "wh": int(row["wh"])} for row in table
    ] == kept
    station.kill()
    station.start()
    page = page_of(station)
    assert page.get("sessions")["sessions"] == kept
    assert not [line for line in station.log if "next try" in line], "it dials nobody"


def test_the_energy_until_the_vehicle_has_stopped_belongs_to_the_session(open_page, central):
    station, page = open_page(vehicles=[{"connector": 1}], keys={"FreeVendActive": "true"})
    wait_until(page, status_is("Charging"))
    wait_until(page, lambda state: state["connectors"][0]["session"]["wh"] > 5)
    post(page, "stop", connector=1)
    stopped = central.wait_for("StopTransaction", timeout=PATIENCE_S).payload
    start = central.seen("StartTransaction")[0].payload["meterStart"]
    kept = page.get("sessions")["sessions"]
    assert [s["wh"] for s in kept] == [stopped["meterStop"] - start] and len(kept) == 1
    assert kept[0]["reason"] == "Local"


def test_cards_are_the_owners_where_there_is_no_central_system(open_page):
    station, page = open_page(csms_url="")
    empty = {"version": 0, "editable": True, "cards": []}
    assert page.get("cards") == empty
    for tag in ("Alice 1", "b%2F?", "\"quoted'", "x" * 20):
        assert page.action("POST", "cards", {"id_tag": tag}) == {}
    tags = [card["id_tag"] for card in page.get("cards")["cards"]]
    assert tags == sorted(["alice 1", "b%2f?", "\"quoted'", "x" * 20])
    for number in range(20):
        page.action("POST", "cards", {"id_tag": "CARD%02d" % number})
    cards = page.get("cards")
    assert len(cards["cards"]) == 24 and cards["version"] == 24
    for wrong in ("", "x" * 21, "\u00e4", None, 7):
        assert refused(page.action, "POST", "cards", {"id_tag": wrong}) == (422, "id_tag")
    assert page.action("DELETE", "cards/B%252F%3f") == {}
    assert page.action("DELETE", "cards/alice%201") == {}
    assert refused(page.action, "DELETE", "cards/alice%201") == (404, "no_card")
    assert refused(page.action, "DELETE", "cards/%ff") == (422, "id_tag")
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    station.cmd("swipe", tag="ALICE 1")
    station.cmd("swipe", tag="card07")
    state = wait_until(page, status_is("Charging"))
    assert state["connectors"][0]["session"]["id_tag"] == "card07"


def test_where_there_is_a_central_system_the_cards_are_its_own(open_page, central):
    station, page = open_page()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    cards = [{"idTag": "A", "idTagInfo": {"status": "Blocked"}}]
    request = {"listVersion": 3, "updateType": "Full", "localAuthorizationList": cards}
    assert central.call("SendLocalList", request, 30)["status"] == "Accepted"
    shown = {"version": 3, "editable": False, "cards": [{"id_tag": "a", "status": "Blocked"}]}
    assert page.get("cards") == shown
    assert refused(page.action, "POST", "cards", {"id_tag": "B"}) == (409, "central_system")
    assert refused(page.action, "DELETE", "cards/a") == (409, "central_system")
    assert page.get("cards") == shown


# -- new firmware


IMAGE = setpoint_bin("esp32", "9.0.0", 40000)[1]
FILE = update.of_image(IMAGE, "simulated", "9.0.0")


def install(page, data):
    return page.action("POST", "update", data, "application/octet-stream")


def test_firmware_from_a_file_is_installed_and_reported(open_page, central):
    station, page = open_page()
    wait_until(page, lambda state: state["station"]["central_system"] == "online")
    assert install(page, FILE) == {"installing": True}
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start()
    central.wait_for(
        "FirmwareStatusNotification", lambda p: p["status"] == "Installed", timeout=PATIENCE_S
    )
    told = [m.payload["status"] for m in central.seen("FirmwareStatusNotification")]
    assert told == ["Downloaded", "Installing", "Installed"]
    assert (station.folder / "flash" / "ota_1").read_bytes()[: len(IMAGE)] == IMAGE
    assert (station.folder / "flash" / "otadata").read_text() == "1 good"


def test_firmware_without_a_central_system_has_proved_itself_after_a_minute(open_page):
    station, page = open_page(csms_url="")
    assert install(page, FILE) == {"installing": True}
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start()
    page = page_of(station)
    otadata = station.folder / "flash" / "otadata"
    assert page.get("state") and otadata.read_text() != "1 good"
    station.cmd("clock", advance_s=130)
    station.cmd("clock", advance_s=1)
    end = time.monotonic() + PATIENCE_S
    while otadata.read_text() != "1 good":
        assert time.monotonic() < end, otadata.read_text()
        time.sleep(0.1)


def test_firmware_that_does_not_fit_or_comes_at_a_wrong_time_is_refused(open_page):
    station, page = open_page(vehicles=[{"connector": 1}])
    other = update.of_image(IMAGE, "esp32", "9.0.0")
    spoilt = FILE[:-100] + bytes(100)
    for data in (b"nonsense" * 1000, other, spoilt, FILE[:-5], FILE + b"more"):
        assert refused(install, page, data) == (422, "file")
    assert refused(install, page, b"") == (411, "length")
    assert refused(page.action, "POST", "update", FILE, "application/json") == (415, "media_type")
    post(page, "start", connector=1)
    wait_until(page, status_is("Charging"))
    assert refused(install, page, FILE) == (409, "charging")
    assert station.exit_code is None and page.get("state")["station"]["restart"] is False
    assert (
        not (station.folder / "flash" / "otadata").exists()
        or "1" not in (station.folder / "flash" / "otadata").read_text().split()[0]
    )


# -- slow, many, and strange clients


def test_two_idle_connections_give_way_to_who_asks(open_page):
    station, page = open_page()
    page.log_in()
    host, _, port = page.address.rpartition(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(6)]
    idle[0].sendall(b"GET /api/st")
    began = time.monotonic()
    assert page.get("state")
    assert time.monotonic() - began < 20, "three times the ten seconds that a head may take"
    for connection in idle:
        connection.close()
    assert page.get("state")


def test_an_answer_waits_for_a_slow_reader_and_others_are_served_meanwhile(open_page):
    station, page = open_page()
    page.action("PUT", "weekly-plan", PLAN, "text/plain")
    host, _, port = page.address.rpartition(":")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    slow.connect((host, int(port)))
    slow.sendall(
        b"GET /api/plan?hours=48 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
        % page.token.encode()
    )
    answer = b""
    while not answer.endswith(b"0\r\n\r\n"):
        piece = slow.recv(64)
        assert piece
        answer += piece
        if len(answer) % 512 < 64:
            assert page.get("state")
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_old_clients_get_the_same_answer_up_to_the_end_of_the_connection(open_page):
    station, page = open_page(page={"open": True})
    head, _, body = raw(page, b"GET /api/log HTTP/1.0\r\nHost: localhost\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    assert b"chunked" not in head and body.decode() == page.get("log")


def test_a_client_that_asks_whether_it_may_send_is_told_to_go_on(open_page):
    station, page = open_page()
    body = json.dumps({"password": PASSWORD}).encode()
    answer = raw(
        page,
        b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body),
    )
    assert b"HTTP/1.1 200 OK" in answer


def test_the_page_itself_comes_compressed_and_once(open_page):
    if not (ROOT / "firmware" / "setpoint" / "page" / "document.py").exists():
        pytest.skip("make page has not made the page yet")
    station, page = open_page()
    status, fields, body = page.ask("GET", "/")
    assert status == 200 and fields["content-encoding"] == "gzip"
    assert int(fields["content-length"]) == len(body) < 30000
    html = gzip.decompress(body).decode()
    assert html.lstrip().lower().startswith("<!doctype html>")
    policy = fields["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    assert page.ask("HEAD", "/")[1]["content-length"] == fields["content-length"]
    for tag, status in ((fields["etag"], 304), ("W/" + fields["etag"], 304), ('"other"', 200)):
        assert page.ask("GET", "/", None, {"If-None-Match": tag})[0] == status


def test_a_cable_that_is_pulled_keeps_everybody_out_until_it_is_back(open_page):
    station, page = open_page()
    page.log_in()
    station.cmd("link", up=False)
    impatient = Judged("http://%s/" % page.address)
    impatient.token, impatient._timeout_s = page.token, 1
    with pytest.raises(OSError):
        impatient.get("state")
    station.cmd("link", up=True)
    assert page.get("state")


def test_a_port_that_is_taken_costs_the_page_and_nothing_else(start_station, central):
    with socket.create_server(("127.0.0.1", 0)) as other:
        station = start_station(page={"password": PASSWORD, "port": other.getsockname()[1]})
        station.wait_until(lambda state: state["registered"], PATIENCE_S)
        assert station.state()["page"] is None
    assert [line for line in station.log if "its port cannot be opened" in line]
    station.cmd("clock", advance_s=1)
