"""Set-up mode: a station without an identity is told by a phone what it needs to know; the whole
firmware, over real sockets, at a real central system."""

import base64
import json
import random
import re
import socket
import ssl
import time

import dnslib
import dnslib.server
import littlefs
import pytest
from certificates import Authority, server_context
from nobody import closed_port
from set_up_bench import OWN, PATIENCE_S, Phone, failed, set_up

from tools.station_process import RESET

LONG_S = 14 * 60
VEHICLE = {"vehicles": [{"connector": 1, "amps": 16, "phases": 3}]}
on_64_bit = pytest.mark.parametrize("micropython", ["64bit"], indirect=True)


def restarted(station) -> None:
    """The station restarts, as set-up mode ends."""
    assert station.wait_exit(PATIENCE_S) == RESET
    station.start()


def logged(station, sentence: str) -> bool:
    return any(sentence in line for line in station.log)


def wait_logged(station, sentence: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not logged(station, sentence):
        assert time.monotonic() < end, station.log
        time.sleep(0.05)


# ---- from nothing to Accepted


def test_from_nothing_to_accepted(start_station, central):
    station = start_station(**set_up(), **VEHICLE)
    phone = Phone(station)
    networks = json.loads(phone.ask("GET", "/api/networks")[2])["networks"]
    assert networks == [
        {"ssid": "Near", "rssi": -40, "secured": True},
        {"ssid": "Home", "rssi": -50, "secured": True},
        {"ssid": "Caf\u00e9", "rssi": -70, "secured": False},
    ]
    before = phone.state()
    assert before["phase"] == "waiting" and not before["was"]["identity"]
    assert 14 * 60 < before["left_s"] <= 15 * 60
    assert phone.send(url=central.url, id="CP01", password="correct-horse", open=True) == (200, {})
    state = phone.outcome()
    assert state["phase"] == "done"
    assert [(step["step"], step["ok"]) for step in state["steps"]] == [
        ("wifi", True),
        ("dns", True),
        ("tcp", True),
        ("websocket", True),
        ("ocpp", True),
    ]
    assert state["steps"][-1]["sentence"] == "BootNotification: Accepted"
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    assert set(central.paths) == {"/CP01"} and len(central.messages) > 2
    # The page in operation has the same password, and shows itself to guests as was chosen
    wait_logged(station, "page     http://127.0.0.1:")
    station.kill()
    station.start()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


def test_nothing_of_the_agent_is_loaded_and_the_contactor_stays_open(start_station, central):
    station = start_station(**set_up(), **VEHICLE)
    phone = Phone(station)
    phone.ask("GET", "/")
    failed(
        phone,
        url=central.url.replace("127.0.0.1", "127.0.0.2"),
        id="CP01",
        wifi_password="wrong-one",
    )
    assert phone.send(url=central.url, id="CP01", ca="") == (200, {})
    assert phone.outcome()["phase"] == "done"
    state = station.state()
    rooms = {name.split(".")[1] for name in state["modules"]}
    assert rooms & {
        *("app", "station", "schedule", "charging", "sessions", "messaging", "control", "evse"),
        *("certificates", "house", "update", "outputs", "transfers"),
    } <= {"certificates"}, "of which link/secure.py needs a part"
    assert "setpoint.link.session" not in state["modules"]
    connector = state["connectors"][0]
    assert connector["contactor"] == {"closed": False} and connector["pilot"] == {
        "duty_percent": 100
    }


def test_a_station_without_a_central_system_lives_by_itself(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    assert phone.send(ssid="Caf\u00e9", wifi_password=None, free_vend=True) == (200, {})
    state = phone.outcome()
    assert [step["step"] for step in state["steps"]] == ["wifi"] and state["phase"] == "done"
    restarted(station)
    wait_logged(station, "the station lives by itself")
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    station.wait_until(lambda s: s["connectors"][0]["contactor"]["closed"], PATIENCE_S)
    assert central.paths == []


@on_64_bit
def test_what_does_not_answer_yet_can_be_saved_all_the_same(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    central.refuse = 401
    step = failed(phone, url=central.url, id="CP01")
    assert step["word"] == "unauthorized" and not phone.state()["was"]["identity"]
    assert phone.send(url=central.url, id="CP01", anyway=True) == (200, {})
    assert phone.outcome()["phase"] == "done"
    central.refuse = None
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


# ---- what can go wrong, and the sentence for it


@on_64_bit
def test_each_step_that_fails_is_named(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    for form, step, word, sentence in (
        (
            {"wifi_password": "wrong-one"},
            "wifi",
            "password",
            "Home cannot .* the password is wrong",
        ),
        ({"ssid": "Nowhere"}, "wifi", "absent", "Nowhere cannot .* no network of this name is in"),
        (
            {"url": "ws://127.0.0.1:%d" % closed_port()},
            *("tcp", "refused", "127.0.0.1 takes no connection at port .*ECONNREFUSED"),
        ),
        ({"url": central.url + "/x", "id": "CP"}, "websocket", "not_found", ".* 404 .*"),
    ):
        if step == "websocket":
            central.refuse = 404
        found = failed(phone, **{"url": central.url, "id": "CP01", **form})
        assert (found["step"], found["word"]) == (step, word), found
        assert re.match(sentence, found["sentence"]), found
        wait_logged(station, found["sentence"])
    assert not phone.state()["was"]["identity"]


@on_64_bit
@pytest.mark.parametrize(
    "behave, word, sentence",
    [
        (lambda c: setattr(c, "refuse", 401), "unauthorized", "the server answered 401"),
        (lambda c: setattr(c, "subprotocols", None), "protocol", "does not speak ocpp1.6"),
        (
            lambda c: c.answers.update(
                BootNotification={
                    "status": "Rejected",
                    "currentTime": "2026-01-01T00:00:00Z",
                    "interval": 5,
                }
            ),
            *("rejected", "rejects this charge point: register the id CP01 there"),
        ),
    ],
)
def test_what_the_central_system_refuses_is_named(start_station, central, behave, word, sentence):
    central.stop()
    behave(central)
    central.start()
    phone = Phone(start_station(**set_up()))
    step = failed(phone, url=central.url, id="CP01", password="correct-horse")
    assert step["word"] == word and sentence in step["sentence"], step


@on_64_bit
def test_a_name_that_dns_does_not_know_is_named(start_station, central):
    class Nothing:
        def resolve(self, request, handler):
            answer = request.reply()
            answer.header.rcode = dnslib.RCODE.NXDOMAIN
            return answer

    logger = dnslib.server.DNSLogger("-request,-reply,-truncated,-error,-recv,-send,-data")
    server = dnslib.server.DNSServer(Nothing(), port=0, address="127.0.0.1", logger=logger)
    server.start_thread()
    port = server.server.server_address[1]
    try:
        station = start_station(**set_up(), network={"dns": "127.0.0.1:%d" % port})
        step = failed(Phone(station), url="ws://central.example", id="CP01")
    finally:
        server.stop()
    assert (step["step"], step["word"]) == ("dns", "dns")
    assert step["sentence"].startswith("no address is known for central.example (DNS knows no host")


def in_tls(central, authority, name: str = "127.0.0.1") -> None:
    """The central system shows a certificate of this authority from now on."""
    central.stop()
    central.tls = server_context(authority.sign("central", names=[name]))
    central.start()
    assert central.url.startswith("wss:")


def test_tls_is_tried_with_the_authority_that_was_given(start_station, central, tmp_path):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    in_tls(central, ours, "central.example")
    station = start_station(**set_up(public_roots=[str(ours.cert)]))
    phone = Phone(station)
    wish = {"url": central.url, "id": "CP01"}
    step = failed(phone, **wish, ca=other.cert.read_text())
    assert (step["step"], step["word"]) == ("tls", "tls"), step
    assert "is not signed by an authority that this station trusts" in step["sentence"]
    step = failed(phone, **wish, ca=ours.cert.read_text())
    assert (step["step"], step["word"]) == ("tls", "tls_name"), step
    assert "is not for the name 127.0.0.1" in step["sentence"]
    in_tls(central, ours)
    assert phone.send(url=central.url, id="CP01", ca=ours.cert.read_text()) == (200, {})
    state = phone.outcome()
    assert state["phase"] == "done" and "authority" not in [s["step"] for s in state["steps"]]
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


def public(folder, ours, at: int) -> "list[str]":
    """Files of 16 authorities, ours at that place."""
    files = [str(Authority(folder, "other%d" % i).cert) for i in range(15)]
    files.insert(at, str(ours.cert))
    return files


def files_in_flash(station) -> "dict[str, bytes]":
    """Those in the root of a station that does not run."""
    image = (station.folder / "flash" / "flash.img").read_bytes()
    context = littlefs.UserContext(len(image))
    context.buffer[:] = image
    sizes = {"block_size": 4096, "block_count": len(image) // 4096}
    files = littlefs.LittleFS(context=context, mount=False, read_size=32, prog_size=32, **sizes)
    files.mount()
    found = {}
    for entry in files.scandir("/"):
        if entry.type == 1:  # a file
            with files.open("/" + entry.name, "rb") as file:
                found[entry.name] = file.read()
    return found


@pytest.mark.parametrize("at", [0, 15])
def test_the_public_authority_behind_wss_is_found_and_it_alone_is_kept(
    start_station, central, tmp_path, at
):
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours)
    station = start_station(**set_up(public_roots=public(tmp_path, ours, at)), **VEHICLE)
    phone = Phone(station)
    shown = []
    central.refuse = lambda request: shown.append(request.headers.get("Authorization"))
    assert phone.send(url=central.url, id="CP01", password="correct-horse") == (200, {})
    state = phone.outcome()
    assert state["phase"] == "done", state
    assert [step["step"] for step in state["steps"]] == [
        *("wifi", "dns", "tcp", "authority", "tls and websocket", "ocpp")
    ]
    assert state["steps"][3]["sentence"] == ours.cert.name + " vouches for it"
    wait_logged(station, "looks for the authority behind the central system")
    assert len(shown) == 1, "whom the station does not trust hears nothing"
    assert station.state()["connectors"][0]["contactor"] == {"closed": False}
    assert station.wait_exit(PATIENCE_S) == RESET
    found = files_in_flash(station)
    assert [name for name in found if "pem" in name] == ["ca.pem"]
    kept, wanted = found["ca.pem"].decode(), ours.cert.read_text()
    assert ssl.PEM_cert_to_DER_cert(kept) == ssl.PEM_cert_to_DER_cert(wanted)
    assert json.loads(found["identity.json"])["tls"]["ca_file"].endswith("/ca.pem")
    station.start()
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


@on_64_bit
def test_chains_are_as_public_authorities_make_them(start_station, central, tmp_path):
    """An intermediate one, and a root that an older root, which the station does not know, has signed
    too: so are GTS Root R4 and Amazon Root CA 1."""
    ours, older = Authority(tmp_path, "ours"), Authority(tmp_path, "older")
    between = Authority(tmp_path, "between", signed_by=ours)
    crossed = older._make("ours", ours.key, [], (-90, 90), True)
    leaf = between.sign("central", names=["127.0.0.1"])
    chain = tmp_path / "chain.pem"
    chain.write_text("".join([one.read_text() for one in (leaf.cert, between.cert, crossed.cert)]))
    central.stop()
    central.tls = server_context(leaf._replace(cert=chain))
    central.start()
    phone = Phone(start_station(**set_up(public_roots=public(tmp_path, ours, 4))))
    assert phone.send(url=central.url, id="CP01") == (200, {})
    state = phone.outcome()
    assert state["phase"] == "done"
    assert state["steps"][3]["sentence"] == ours.cert.name + " vouches for it"


def test_of_public_authorities_none_may_fit(start_station, central, tmp_path):
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours)
    station = start_station(**set_up(public_roots=public(tmp_path, ours, 15)[:15]))
    phone = Phone(station)
    wish = {"url": central.url, "id": "CP01", "password": "correct-horse"}
    for form in (wish, dict(wish, anyway=True)):
        step = failed(phone, **form)
        assert (step["step"], step["word"]) == ("authority", "unknown"), step
        assert (
            "is not signed by an authority that this station trusts: none of 15"
            in (step["sentence"])
        )
    assert not phone.state()["was"]["identity"] and central.paths == []
    # The firmware's own ones do not know it either
    station = start_station("own", **set_up())
    step = failed(Phone(station), **wish)
    assert (step["step"], step["word"]) == ("authority", "unknown"), step
    # Its certificate helps
    assert phone.send(**wish, ca=ours.cert.read_text()) == (200, {})
    assert phone.outcome()["phase"] == "done"


@on_64_bit
def test_what_is_wrong_beside_the_authority_is_told_as_it_is(start_station, central, tmp_path):
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours, "central.example")
    phone = Phone(start_station(**set_up(public_roots=public(tmp_path, ours, 2))))
    for form in ({}, {"anyway": True}):
        step = failed(phone, url=central.url, id="CP01", **form)
        assert (step["step"], step["word"]) == ("tls", "tls_name"), step
        assert "is not for the name 127.0.0.1" in step["sentence"]
        assert phone.state()["steps"][-2]["sentence"] == ours.cert.name + " vouches for it"
    step = failed(phone, url="wss://127.0.0.1:%d" % closed_port(), id="CP01", anyway=True)
    assert (step["step"], step["word"]) == ("tcp", "refused"), step
    in_tls(central, ours)
    central.refuse = 401
    step = failed(phone, url=central.url, id="CP01")
    assert (step["step"], step["word"]) == ("websocket", "unauthorized"), step
    central.tls = None
    central.stop()
    central.start()
    step = failed(phone, url=central.url.replace("ws:", "wss:"), id="CP01")
    assert (step["step"], step["word"]) == ("tls", "tls"), step
    assert "does not answer in TLS" in step["sentence"]
    assert [s["step"] for s in phone.state()["steps"]] == ["wifi", "dns", "tcp", "tls"]


@on_64_bit
def test_where_the_authority_is_found_the_rest_can_be_saved_all_the_same(
    start_station, central, tmp_path
):
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours)
    station = start_station(**set_up(public_roots=public(tmp_path, ours, 2)))
    phone = Phone(station)
    central.refuse = 401
    assert phone.send(url=central.url, id="CP01", anyway=True) == (200, {})
    assert phone.outcome()["phase"] == "done"
    central.refuse = None
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


@on_64_bit
def test_an_authority_is_found_without_the_time_of_day(start_station, central, tmp_path):
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours)
    settings = set_up(public_roots=public(tmp_path, ours, 3))
    phone = Phone(start_station(**settings, clock={"unset": True}))
    assert phone.send(url=central.url, id="CP01") == (200, {})
    assert phone.outcome()["phase"] == "done"


@on_64_bit
def test_a_form_that_cannot_be_is_refused_with_its_field(start_station, central):
    phone = Phone(start_station(**set_up()))
    for form, field in (
        ({"ssid": ""}, "ssid"),
        ({"ssid": "x" * 33}, "ssid"),
        ({"ssid": 7}, "ssid"),
        ({"wifi_password": "short"}, "wifi_password"),
        ({"url": "http://host", "id": "a"}, "url"),
        ({"url": "ws://user:secret@host", "id": "a"}, "url"),
        ({"url": "ws://host", "id": ""}, "id"),
        ({"url": "ws://host", "id": "a b"}, "id"),
        ({"url": "ws://host", "id": "a", "password": "x" * 41}, "password"),
        ({"url": "wss://host", "id": "a", "ca": "hello"}, "ca"),
    ):
        status, answer = phone.send(**form)
        assert (status, answer["code"]) == (400, field), (form, answer)
        assert answer["error"][0].isupper() and answer["error"][-1] == ".", answer
    for body, kind, wanted in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"ssid=Home", "application/x-www-form-urlencoded", 415),
        (b" " * 5000, "application/json", 413),
    ):
        assert phone.ask("POST", "/api/set-up", body, kind=kind)[0] == wanted, (body, kind)
    assert phone.state()["phase"] == "waiting"


@on_64_bit
def test_a_full_flash_leaves_the_identity_that_was(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    station.cmd("flash", mode="full", after_writes=1)
    step = failed(phone, url=central.url, id="CP01")
    assert step["word"] == "flash" and "the station's flash does not take it" in step["sentence"]
    station.cmd("flash", mode=None)
    assert not phone.state()["was"]["identity"]


# ---- a phone that looks for the Internet


@on_64_bit
def test_a_phone_that_looks_for_the_internet_is_sent_to_the_page(start_station):
    phone = Phone(start_station(**set_up()))
    for host, path in (
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("clients3.google.com", "/generate_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("www.example", "/"),
        (phone.address, "/generate_204"),
    ):
        status, fields, body = phone.ask("GET", path, host=host)
        assert (status, fields["location"], body) == (302, phone.place["page"], b""), host
    status, fields, body = phone.ask("GET", "/")
    assert status == 200 and fields["content-encoding"] == "gzip"
    assert "default-src 'none'" in fields["content-security-policy"]
    assert fields["x-frame-options"] == "DENY" and int(fields["content-length"]) == len(body)


@on_64_bit
def test_a_page_of_somebody_elses_can_neither_read_nor_change_anything(start_station):
    phone = Phone(start_station(**set_up()))
    form = {"ssid": "Home", "wifi_password": "longenough"}
    assert phone.ask("POST", "/api/set-up", form, host="evil.example")[0] == 421
    for path in ("/api/set-up", "/api/networks"):
        assert phone.ask("GET", path, host="evil.example")[0] == 302, "to the page"
    assert phone.ask("GET", "/api/else")[0] == 404
    assert phone.ask("DELETE", "/")[0] == 405
    status, fields, _ = phone.ask("GET", "/api/set-up")
    assert status == 200 and not [name for name in fields if name.startswith("access-control")]
    assert phone.state()["phase"] == "waiting"


def asked_for(phone, data: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(PATIENCE_S)
        asking.sendto(data, ("127.0.0.1", phone.place["dns_port"]))
        return asking.recv(1024)


def test_every_name_is_the_stations_address(start_station):
    phone = Phone(start_station(**set_up()))
    for host in ("captive.apple.com", "a.b.c.d.e", "xn--kln-sna.example"):
        answer = dnslib.DNSRecord.parse(asked_for(phone, dnslib.DNSRecord.question(host).pack()))
        assert [str(one.rdata) for one in answer.rr] == ["127.0.0.1"] and answer.rr[0].ttl == 1
        asked = dnslib.DNSRecord.question(host, "AAAA").pack()
        answer = dnslib.DNSRecord.parse(asked_for(phone, asked))
        assert answer.rr == [] and answer.header.rcode == 0


def garbage(seed: int, count: int) -> "list[bytes]":
    """Bytes of all kinds, some of which begin as they should."""
    source = random.Random(seed)
    begins = (b"", b"GET / HTTP/1.1\r\n", b"POST /api/set-up HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    begins += (b"\x12\x34\1\0\0\1\0\0\0\0\0\0", b"IMPROV\1\3")
    return [
        source.choice(begins) + source.randbytes(source.randrange(1, 2000)) for _ in range(count)
    ]


def test_hostile_bytes_change_nothing(start_station, central):
    station = start_station(**set_up(), **VEHICLE)
    phone = Phone(station)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for data in garbage(7, 60):
            asking.sendto(data[:1400], ("127.0.0.1", phone.place["dns_port"]))
    host, port = phone.address.split(":")
    for data in garbage(11, 25):
        with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
            connection.sendall(data)
    half_open = [socket.create_connection((host, int(port)), PATIENCE_S) for _ in range(8)]
    for one in half_open:
        one.sendall(b"GET / HTTP/1.1\r\nHost: ")
    assert phone.state()["phase"] == "waiting"
    for one in half_open:
        one.close()
    question = dnslib.DNSRecord.question("a.example").pack()
    assert dnslib.DNSRecord.parse(asked_for(phone, question)).rr
    assert station.state()["connectors"][0]["contactor"] == {"closed": False}
    assert phone.send(url=central.url, id="CP01") == (200, {})
    assert phone.outcome()["phase"] == "done"
    assert not logged(station, "fault:") and not logged(station, "died")


# ---- when it begins and ends


def test_it_ends_after_15_minutes_and_comes_back_at_the_next_power_up(start_station, central):
    station = start_station(**set_up(), **VEHICLE)
    station.cmd("clock", advance_s=LONG_S)
    time.sleep(1)
    assert station.exit_code is None and Phone(station).state()["left_s"] <= 60
    station.cmd("clock", advance_s=60)
    restarted(station)
    wait_logged(
        station, "without an identity the station stays off the air until the next power-up"
    )
    state = station.state()
    assert "set_up" not in state and state["connectors"][0]["limit"], "the agent runs"
    assert not state["connected"] and central.paths == []
    station.kill()  # a power cut
    station.start()
    assert "set_up" in station.state()


@on_64_bit
def test_a_button_that_is_held_leads_to_it_with_what_was_there_before(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    phone.send(url=central.url, id="CP01", password="correct-horse", open=True)
    assert phone.outcome()["phase"] == "done"
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    station.kill()
    station.start_fields["set_up"]["button"] = True
    station.start()
    wait_logged(station, "Set-up mode: its button was held for 10 s")
    phone = Phone(station)
    was = phone.state()["was"]
    assert was == {
        "identity": True,
        "ssid": "Home",
        "wifi_password": True,
        "url": central.url,
        "id": "CP01",
        "password": True,
        "ca": False,
        "open": True,
        "free_vend": False,
    }
    # What is not typed again is as it was
    shown = []
    central.refuse = lambda request: shown.append(request.headers.get("Authorization"))
    assert phone.send(wifi_password=None, url=central.url, id="CP02", password=None) == (200, {})
    assert phone.outcome()["phase"] == "done"
    assert shown[-1] == "Basic " + base64.b64encode(b"CP02:correct-horse").decode()
    assert phone.send()[0] == 409, "all is done"
    restarted(station)
    assert "set_up" not in station.state(), "what restarts on purpose goes on"


@on_64_bit
def test_a_secret_of_one_network_or_host_goes_to_no_other(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    phone.send(url=central.url, id="CP01", password="correct-horse")
    assert phone.outcome()["phase"] == "done"
    restarted(station)
    station.kill()
    station.start_fields["set_up"]["button"] = True
    station.start()
    phone = Phone(station)
    assert failed(phone, ssid="Near", wifi_password=None)["word"] == "password"
    shown = []
    central.refuse = lambda request: shown.append(request.headers.get("Authorization")) or 401
    other = central.url.replace("127.0.0.1", "localhost")
    failed(phone, wifi_password=None, url=other, id="CP01", password=None)
    assert shown == [None]


@on_64_bit
def test_with_an_identity_it_ends_in_the_agent(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    phone.send(url=central.url, id="CP01")
    assert phone.outcome()["phase"] == "done"
    restarted(station)
    station.kill()
    station.start_fields["set_up"]["button"] = True
    station.start()
    station.cmd("clock", advance_s=LONG_S + 60)
    restarted(station)
    wait_logged(station, "the station goes on with the identity that it has")
    station.wait_until(lambda state: state["registered"], PATIENCE_S)


@on_64_bit
def test_a_power_cut_while_it_is_written_leaves_no_identity_or_the_whole_one(
    start_station, central
):
    for writes in (1, 2, 3, 5, 8):
        station = start_station("cut%d" % writes, **set_up())
        phone = Phone(station)
        station.cmd("flash", mode="cut", after_writes=writes)
        try:
            phone.send(url=central.url, id="CP01")
            phone.outcome()
        except OSError:
            pass  # the power is gone
        except Exception as error:
            assert "RemoteDisconnected" in type(error).__name__, error
        if station.exit_code is None:
            station.kill()
        station.start()
        state = station.state()
        if "set_up" in state:
            assert not Phone(station).state()["was"]["identity"]
        else:
            station.wait_until(lambda state: state["registered"], PATIENCE_S)
        station.close()


# ---- the station's own password


@on_64_bit
def test_a_station_without_a_password_makes_one_and_says_it_once(start_station, central):
    station = start_station(**set_up(password=None))
    said = [line for line in station.log if "had no password yet" in line]
    (password,) = re.findall("It is ([a-z2-9]{10}):", said[0])
    assert len(said) == 1
    phone = Phone(station)
    phone.send(url=central.url, id="CP01")
    assert phone.outcome()["phase"] == "done"
    restarted(station)
    station.wait_until(lambda state: state["registered"], PATIENCE_S)
    assert sum(password in line for line in station.log) == 1


@on_64_bit
def test_no_answer_and_no_log_line_holds_a_secret(start_station, central):
    station = start_station(**set_up())
    phone = Phone(station)
    secrets = ("longenough", "correct-horse", OWN)
    answers = []
    for form in ({"wifi_password": "wrong-secret"}, {}):
        form = {"url": central.url, "id": "CP01", "password": "correct-horse", **form}
        answers.append(str(phone.send(**form)))
        answers.append(json.dumps(phone.outcome()))
    answers.append(phone.ask("GET", "/api/networks")[2].decode())
    everything = "\n".join(answers + station.log)
    for secret in (*secrets, "wrong-secret"):
        assert secret not in everything


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_try_inside_tls_fits_into_70_kb(start_station, central, tmp_path):
    """A WROOM has 115 KB for Python beside Wi-Fi and TLS; the access point takes some of them."""
    ours = Authority(tmp_path, "ours")
    in_tls(central, ours)
    phone = Phone(start_station("given", heap="70K", **set_up()))
    assert len(phone.ask("GET", "/")[2]) > 8000
    assert phone.send(url=central.url, id="CP01", ca=ours.cert.read_text()) == (200, {})
    assert phone.outcome()["phase"] == "done"
    # Where the authority is the last of many, and where it is none of the firmware's
    settings = set_up(public_roots=public(tmp_path, ours, 15))
    phone = Phone(start_station("found", heap="70K", **settings))
    assert len(phone.ask("GET", "/")[2]) > 8000
    assert phone.send(url=central.url, id="CP01") == (200, {})
    assert phone.outcome()["phase"] == "done"
    phone = Phone(start_station("none", heap="70K", **set_up()))
    assert failed(phone, url=central.url, id="CP01")["word"] == "unknown"
