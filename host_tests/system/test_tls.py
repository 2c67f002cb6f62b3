"""TLS on both MicroPythons, against Python's own TLS: who is trusted, and what a refusal says."""

import base64
import json
import queue
import socket
import ssl
import subprocess
import threading

import pytest
from certificates import Authority, server_context
from link_bench import HOST_TESTS, Link, good_server, hold

REFUSED = "InvalidCentralSystemCertificate"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ca")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "ca")  # even by the same name


@pytest.fixture(scope="module")
def good(authority):
    return authority.sign("central", names=["localhost", "127.0.0.1"])


@pytest.fixture
def start(micropython, tmp_path, authority):
    links = []

    def starts(url: str, ca=authority.cert, own=None, check_hostname=True, **options) -> Link:
        tls = {"ca_file": str(ca) if ca else None, "check_hostname": check_hostname}
        if own:
            tls.update(cert_file=str(own.cert), key_file=str(own.key))
        links.append(Link(micropython, tmp_path, url=url, tls=tls, **options))
        return links[-1]

    yield starts
    for link in links:
        link.stop()


def converse(connection) -> None:
    connection.send("echo " + "x" * 5000)
    assert connection.recv(timeout=5) == "x" * 5000
    connection.send("done")
    connection.recv()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_certificate_for_the_name_in_the_url_is_accepted(start, good, name):
    with good_server(converse, name=name, ssl=server_context(good)) as url:
        link = start(url)
        link.wait_for("up")
        link.wait_for("text", "done")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_password_goes_through_tls(start, good, version):
    seen = queue.Queue()
    context = server_context(good)
    context.maximum_version = ssl.TLSVersion[version]
    with good_server(
        lambda connection: seen.put(connection.request.headers.get("Authorization")), ssl=context
    ) as url:
        start(url, security=(2, "00ff" * 8), auth="not this one")
        assert base64.b64decode(seen.get(timeout=10).split()[1]) == b"cp001:" + b"\x00\xff" * 8


def refused(link: Link, sentence: str, event: str = REFUSED) -> None:
    """It says so, reports it once, waits, and sends nothing through."""
    kind, name, info = link.wait_for("event") if event else link.wait_for("log", "warn")
    assert sentence in info and (not event or name == event)
    for _ in range(2):
        assert sentence in link.wait_for("log", "warn", "next try in")[2]
    assert not [e for e in link.events if e[0] == "up"]
    assert len([e for e in link.events if e[0] == "event"]) == (1 if event else 0)


def must_not_be_reached(connection) -> None:
    raise AssertionError("the station accepted this server")


def test_a_certificate_for_another_name_is_refused(start, authority):
    with good_server(
        must_not_be_reached,
        ssl=server_context(authority.sign("other", names=["central.example", "10.0.0.1"])),
    ) as url:
        refused(start(url), "the certificate of the central system is not for the name 127.0.0.1")


def test_a_certificate_of_another_authority_is_refused(start, stranger):
    with good_server(
        must_not_be_reached, ssl=server_context(stranger.sign("central", names=["127.0.0.1"]))
    ) as url:
        refused(start(url), "is not signed by an authority that this station trusts")
        refused(
            start(url, no_time=True, check_hostname=False),
            "is not signed by an authority that this station trusts",
        )


def test_an_expired_certificate_is_refused(start, authority):
    with good_server(
        must_not_be_reached,
        ssl=server_context(authority.sign("old", ["127.0.0.1"], days=(-20, -0.01))),
    ) as url:
        refused(start(url), "the certificate of the central system has expired")
        refused(start(url, no_time=True), "the certificate of the central system has expired")


def test_a_certificate_that_begins_later_is_refused(start, authority):
    with good_server(
        must_not_be_reached,
        ssl=server_context(authority.sign("early", ["127.0.0.1"], days=(1, 20))),
    ) as url:
        refused(start(url), "the certificate of the central system is not valid yet")
        # A PC's clock is not set
        refused(start(url, no_time=True), "the certificate of the central system is not valid yet")


def test_several_faults_are_all_named(start, stranger):
    with good_server(
        must_not_be_reached, ssl=server_context(stranger.sign("x", ["elsewhere"], days=(-20, -1)))
    ) as url:
        sentence = start(url).wait_for("event")[2]
    assert "expired" in sentence and "127.0.0.1" in sentence and "not signed" in sentence


def test_without_an_authority_there_is_no_connection(start, good):
    with good_server(must_not_be_reached, ssl=server_context(good)) as url:
        refused(start(url, ca=None), "TLS needs tls.ca_file", "")
        refused(start(url, ca=good.key), "there is no certificate in", "")
        refused(start(url, ca="/nowhere/ca.pem"), "/nowhere/ca.pem cannot be read", "")


def test_the_name_alone_may_be_left_unchecked(start, authority):
    for names in (["central.example"], ["10.0.0.1"], ["*.example"], []):
        with good_server(converse, ssl=server_context(authority.sign("central", names))) as url:
            start(url, check_hostname=False).wait_for("text", "done")


def test_a_bundle_of_authorities_is_read_whole(start, authority, stranger, good, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(
        b"what it is for\n"
        + stranger.cert.read_bytes()
        + b"\n"
        + authority.cert.read_bytes().replace(b"\n", b"\r\n")
    )
    with good_server(converse, ssl=server_context(good)) as url:
        start(url, ca=bundle).wait_for("text", "done")


def test_a_station_shows_its_own_certificate_if_asked(start, good, authority):
    seen = queue.Queue()

    def handler(connection):
        seen.put(
            (
                connection.socket.getpeercert()["subject"],
                connection.request.headers.get("Authorization"),
            )
        )
        converse(connection)

    with good_server(handler, ssl=server_context(good, authority.cert)) as url:
        link = start(url, own=authority.sign("cp001"), auth="password", security=(3, None))
        link.wait_for("text", "done")
        assert seen.get() == (((("commonName", "cp001"),),), None)  # and no password


def test_a_station_without_the_right_certificate_goes_on_trying(start, good, authority, stranger):
    with good_server(must_not_be_reached, ssl=server_context(good, authority.cert)) as url:
        for own in (None, stranger.sign("cp001")):
            link = start(url, own=own)
            for _ in range(2):
                link.wait_for("log", "warn", "next try in")
            assert not [e for e in link.events if e[0] in ("up", "noise")]


def test_a_key_that_does_not_fit_is_named(start, good, authority):
    broken = authority.sign("cp001")
    broken.key.write_bytes(b"nothing")
    with good_server(must_not_be_reached, ssl=server_context(good)) as url:
        refused(start(url, own=broken), "does not fit its key, or is none", "")


def test_a_server_that_speaks_no_tls_is_named(start):
    with good_server(must_not_be_reached) as url:
        refused(start(url.replace("ws:", "wss:")), "does not answer in TLS", "")


def test_a_server_that_says_nothing_to_tls_is_left_and_hung_up_on(start):
    hung_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serving():
            connection, _ = server.accept()
            with connection:
                hold(connection)
            hung_up.set()

        threading.Thread(target=serving, daemon=True).start()
        link = start("wss://127.0.0.1:%d" % server.getsockname()[1], connect_s=1)
        assert link.wait_for("log", "warn")[2].startswith("no connection within 1 s")
        assert hung_up.wait(2)


def test_a_refused_server_is_hung_up_on(start, authority):
    ended = queue.Queue()
    context = server_context(authority.sign("other", names=["central.example"]))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serving():
            connection, _ = server.accept()
            connection.settimeout(5)
            received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
            side = context.wrap_bio(received, to_send, server_side=True)
            reason = ""
            with connection:
                try:
                    while data := connection.recv(4096):
                        received.write(data)
                        try:
                            side.do_handshake()
                        except ssl.SSLWantReadError:
                            connection.sendall(to_send.read())
                        except ssl.SSLError as error:
                            reason = reason or error.reason
                except ConnectionResetError:
                    pass
                ended.put(reason)  # only now that the station has hung up

        threading.Thread(target=serving, daemon=True).start()
        start("wss://127.0.0.1:%d" % server.getsockname()[1], minimum_s=10)
        assert "BAD_CERTIFICATE" in ended.get(timeout=5)


def test_a_tls_link_that_dies_in_silence_is_found_by_its_ping(start, good):
    with good_server(
        lambda connection: connection.recv(), ssl=server_context(good), close_timeout=0.1
    ) as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        with socket.create_server(("127.0.0.1", 0)) as relay:
            silent = threading.Event()
            threading.Thread(target=relay_until, args=(relay, port, silent), daemon=True).start()
            link = start("wss://127.0.0.1:%d/ocpp" % relay.getsockname()[1], ping_s=1, pong_s=1)
            link.wait_for("up")
            silent.set()
            assert link.wait_for("down")[1] == "nothing heard within 1 s after a ping"


def relay_until(relay: socket.socket, port: int, silent: threading.Event) -> None:
    """Passes bytes both ways until it falls silent; the connections stay open."""
    try:
        near, _ = relay.accept()
    except OSError:
        return
    far = socket.create_connection(("127.0.0.1", port))

    def pass_on(source, target):
        try:
            while data := source.recv(4096):
                if not silent.is_set():
                    target.sendall(data)
        except OSError:
            pass

    threading.Thread(target=pass_on, args=(near, far), daemon=True).start()
    pass_on(far, near)


def test_a_trial_tries_the_new_credentials_three_times_and_then_those_before(start, good):
    """Rule 5 of link/session.py: a plain server at the same port, so that profile 2 cannot
    connect."""
    with good_server(converse) as url:
        link = start(url, security=(2, "00" * 16), before=(1, "11" * 16), minimum_s=0.05)
        for _ in range(3):
            assert "does not answer in TLS" in link.wait_for("log", "warn", "next try in")[2]
        assert link.wait_for("trial")[1] is False
        link.wait_for("text", "done")


def test_a_trial_ends_with_the_first_connection(start, good):
    with good_server(converse, ssl=server_context(good)) as url:
        link = start(url.replace("wss:", "ws:"), security=(2, "00" * 16), before=(1, "11" * 16))
        assert link.wait_for("trial")[1] is True
        link.wait_for("text", "done")


# -- what a certificate tells: to a station that does not check names, and to one that does not know
# the time

READER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from setpoint.link import secure

class Clock:
    def __init__(self, instant):
        self.now = lambda: instant

told = []
secure.set_machine_clock = told.append
with open(sys.argv[2], "rb") as file:
    der = file.read()
print(json.dumps([secure.name_in(der), secure.beginning_of(der)]))
NAME = "\\nThe certificate Common Name (CN) does not match with the expected CN"
EARLY = "\\nThe certificate validity starts in the future"
SIGNATURE = "\\nThe certificate is not correctly signed by the trusted CA"
for instant, any_name, faults in json.loads(sys.argv[4]):
    del told[:]
    check = secure.Check({"ca_file": sys.argv[3], "check_hostname": not any_name}, "host", Clock(instant))
    if check.context.verify_callback:
        check.context.verify_callback(memoryview(der), 0)
    answers = []
    for fault in faults:
        try:
            check.explain(ValueError("".join([globals()[word] for word in fault.split()]) + "\\n"))
            answers.append("again")
        except secure.Refused as refused:
            answers.append(refused.args[1])
    check.end()
    print(json.dumps([answers, check.name, told]))
"""


def read(micropython, tmp_path, authority, certificate, cases=()) -> list:
    program, der = tmp_path / "reader.py", tmp_path / "certificate.der"
    program.write_text(READER)
    der.write_bytes(ssl.PEM_cert_to_DER_cert(certificate.cert.read_text()))
    command = [
        *micropython,
        str(program),
        str(HOST_TESTS.parent / "firmware"),
        str(der),
        str(authority.cert),
        json.dumps(cases),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def begins(certificate) -> int:
    """As an instant: seconds since 2020."""
    fields = ssl._ssl._test_decode_cert(str(certificate.cert))
    return int(ssl.cert_time_to_seconds(fields["notBefore"])) - 1577836800


def test_names_and_beginnings_are_found_in_certificates(micropython, tmp_path, authority):
    for names, name in (
        (["central.example", "10.0.0.1"], "central.example"),
        (["10.0.0.1"], "10.0.0.1"),
        ([], "central"),
        # A list of two length bytes
        (["first.example"] + ["n%d.example.com" % i for i in range(30)], "first.example"),
    ):
        for days in ((-1, 30), (-3650, 20000)):  # from 2050 on dates are written otherwise
            certificate = authority.sign("central", names, days)
            assert read(micropython, tmp_path, authority, certificate) == [
                [name, begins(certificate)]
            ], (names, days)


def test_a_station_without_the_time_takes_the_beginning_of_a_certificate_for_the_try(
    micropython, tmp_path, authority
):
    certificate = authority.sign("central", ["central.example"])
    instant = begins(certificate)
    cases = [
        [None, False, ["EARLY", "EARLY"]],
        [None, False, ["EARLY SIGNATURE"]],
        [None, False, ["EARLY NAME"]],
        [None, True, ["EARLY NAME"]],
        [None, True, ["NAME", "EARLY", "NAME"]],
        [5, False, ["EARLY"]],
        [5, True, ["NAME"]],
    ]
    _, *answers = read(micropython, tmp_path, authority, certificate, cases)
    assert answers == [
        [["again", REFUSED], "host", [instant, None]],
        [[REFUSED], "host", []],
        [[REFUSED], "host", [instant, None]],
        [["again"], "central.example", [instant, None]],
        [["again", "again", REFUSED], "central.example", [instant, None]],
        [[REFUSED], "host", [5]],
        [["again"], "central.example", [5]],
    ]
