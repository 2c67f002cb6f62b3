"""What a person wants of a station in set-up mode, and the identity that follows; the station's own
password."""

from folders import in_a_folder

from setpoint.setup import password, wishes
from setpoint.setup.wishes import Wrong, identity_from

OWN = "k7mq3xrt9h"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
OLD = {
    "csms_url": "ws://old:80",
    "charge_point_id": "CP01",
    "basic_auth": "old-secret",
    "vendor": "Acme",
    "wifi": {"ssid": "Home", "password": "longenough", "country": "NL"},
    "keys": {"MeterValueSampleInterval": "10"},
    "page": {"password": "owl in the barn", "port": 8080},
}


def made(old=None, **form):
    return identity_from(form, old or {}, OWN, "/ca.pem")


def wrong(old=None, **form):
    try:
        made(old, **form)
    except Wrong as reason:
        return reason.args[0]
    return None


def test_a_station_that_is_new_gets_what_was_said_and_its_own_password_for_the_page():
    assert made(
        ssid="Home", wifi_password="longenough", url=" ws://host ", id=" CP ", password="x"
    ) == (
        {
            "wifi": {"ssid": "Home", "password": "longenough"},
            "csms_url": "ws://host",
            "charge_point_id": "CP",
            "basic_auth": "x",
            "page": {"password": OWN},
        },
        b"",
    )
    identity, pem = made(ssid="Home", url="wss://host", id="CP", ca=PEM, open=True, free_vend=True)
    assert pem == PEM.encode() + b"\n" and identity["tls"] == {"ca_file": "/ca.pem"}
    assert identity["page"] == {"password": OWN, "open": True}
    assert identity["keys"] == {"FreeVendActive": "true"}


def test_what_is_not_said_is_as_it_was():
    identity, _ = made(OLD, ssid="Home", url="ws://old:80", id="CP02")
    assert identity["wifi"] == OLD["wifi"] and identity["basic_auth"] == "old-secret"
    assert identity["vendor"] == "Acme" and identity["keys"] == OLD["keys"]
    assert identity["page"] == {"password": OWN, "port": 8080}
    assert OLD["page"]["password"] == "owl in the barn", "what was is not changed"


def test_a_secret_goes_to_no_other_network_and_to_no_other_central_system():
    identity, _ = made(OLD, ssid="Other", url="ws://new", id="CP01")
    assert identity["wifi"]["password"] == "" and "basic_auth" not in identity
    identity, _ = made(
        OLD, ssid="Home", wifi_password="", url="ws://old:80", id="CP01", password=""
    )
    assert identity["wifi"]["password"] == "" and identity.get("basic_auth") is None


def test_the_authority_behind_wss_is_found_unless_it_is_given_or_was_there():
    for url in ("wss://host", "WSS://host"):
        identity, pem = made(ssid="Home", url=url, id="CP")
        assert pem is None and identity["tls"] == {"ca_file": "/ca.pem"}
    old = dict(OLD, csms_url="wss://old", tls={"ca_file": "/own.pem", "cert_file": "/cert.pem"})
    old["tls"]["key_file"] = "/key.pem"
    identity, pem = made(old, ssid="Home", url="wss://old", id="CP")
    assert pem == b"" and identity["tls"] == old["tls"]
    # Another central system's authority is another one
    identity, pem = made(old, ssid="Home", url="wss://new", id="CP")
    assert pem is None and identity["tls"] == dict(old["tls"], ca_file="/ca.pem")
    assert old["tls"]["ca_file"] == "/own.pem", "what was is not changed"
    identity, pem = made(OLD, ssid="Home", url="ws://new", id="CP")
    assert pem == b"" and "tls" not in identity


def test_no_central_system_is_a_choice():
    identity, _ = made(OLD, ssid="Home", url=None, free_vend=False)
    for name in ("csms_url", "charge_point_id", "basic_auth", "tls"):
        assert name not in identity
    assert identity["keys"] == {"MeterValueSampleInterval": "10", "FreeVendActive": "false"}
    assert wishes.fault_in(identity) is None


def test_what_cannot_be_is_told_with_its_field():
    for form, field in (
        ({}, "ssid"),
        ({"ssid": "x" * 33}, "ssid"),
        ({"ssid": ["x"]}, "ssid"),
        ({"ssid": "x", "wifi_password": "short"}, "wifi_password"),
        ({"ssid": "x", "wifi_password": "y" * 64}, "ssid"),
        ({"ssid": "x", "url": "host", "id": "a"}, "url"),
        ({"ssid": "x", "url": "ws://host"}, "id"),
        ({"ssid": "x", "url": "ws://host", "id": "a b"}, "id"),
        ({"ssid": "x", "url": "ws://host", "id": "\u00e4"}, "id"),
        ({"ssid": "x", "url": "ws://host", "id": "a" * 49}, "id"),
        ({"ssid": "x", "url": "ws://host", "id": "a", "password": "p" * 41}, "password"),
        ({"ssid": "x", "url": "wss://host", "id": "a", "ca": "x"}, "ca"),
        ({"ssid": "x", "url": "wss://host", "id": "a", "ca": PEM + "x" * 3000}, "ca"),
        ({"ssid": "x", "url": "wss://host", "id": "a", "ca": 7}, "ca"),
    ):
        assert wrong(**form) == field, form
    assert wrong(ssid="x", url="wss://host", id="a", ca=PEM) is None


def test_a_password_is_made_of_characters_that_are_hard_to_confuse():
    bytes_left = list(range(256)) * 2
    assert password.made(lambda n: bytes([bytes_left.pop(0)])) == "abcdefghjk"
    assert len(password.ALPHABET) == 31 and not set(password.ALPHABET) & set("ilo01")
    skipped = [31, 63, 95] + [0] * 10  # of 32 places one is none
    assert password.made(lambda n: bytes([skipped.pop(0)])) == "a" * 10
    for fit, text in (
        (True, "k7mq3xrt9h"),
        (True, "x" * 63),
        (False, "x" * 64),
        (False, "short77"),
        (False, "p\u00e4ssword"),
        (False, None),
        (False, 12345678),
    ):
        assert password.is_fit(text) == fit, text


def test_the_password_of_the_identity_comes_before_that_of_the_file():
    in_a_folder(_the_password_of_the_identity_comes_first)


def _the_password_of_the_identity_comes_first(root):
    assert password.own(root) is None and password.identity(root) is None
    own = password.make(root, lambda n: b"\0" * n)
    assert own == "aaaaaaaaaa" and password.own(root) == own
    for text, found in (
        ('{"page": {"password": "owl in the barn"}}', "owl in the barn"),
        ('{"page": {"password": "short"}}', own),
        ('{"page": 7}', own),
        ("[]", own),
        ("{", own),
    ):
        with open(root + "/identity.json", "w") as file:
            file.write(text)
        assert password.own(root) == found, text
    with open(root + "/identity.json", "w") as file:
        file.write("{}")
    with open(root + "/password", "w") as file:
        file.write("short\n")
    assert password.own(root) is None
