"""A station and its central system change security profiles and keys (OCPP 1.6 security
whitepaper)."""

import base64

import pytest
from certificates import Authority, server_context

KEY = "00112233445566778899aabbccddeeff"
NEW_KEY = "ffeeddccbbaa99887766554433221100"
QUICK = {"reconnect": {"minimum_s": 0.05, "random_s": 0}}
KEYS = {"SecurityProfile": "1", "AuthorizationKey": KEY}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ca")


def password_in(request) -> str:
    """What an HTTP request shows, in hexadecimal digits."""
    header = request.headers.get("Authorization", "")
    user, _, password = base64.b64decode(header.partition(" ")[2]).partition(b":")
    assert header == "" or user == b"cp001"
    return password.hex()


def only(key: str):
    """A central system's door: 401 to whoever does not show this key."""
    return lambda request: None if password_in(request) == key else 401


def change(central, key: str, value: str) -> str:
    return central.call("ChangeConfiguration", {"key": key, "value": value})["status"]


def told(central, key: str) -> "str | None":
    return central.call("GetConfiguration", {"key": [key]})["configurationKey"][0].get("value")


def events(central) -> "list[str]":
    return [message.payload["type"] for message in central.seen("SecurityEventNotification")]


def restart(central, tls=None) -> None:
    """The central system comes back at the same port."""
    central.stop()
    central.tls = tls
    central.start()


def secrets_in(station) -> "list[str]":
    return [line for line in station.log if KEY in line.lower() or NEW_KEY in line.lower()]


def test_a_new_key_is_used_at_once_and_survives_a_power_cut(start_station, central):
    central.refuse = only(KEY)
    station = start_station(device=QUICK, keys=KEYS)
    central.wait_for("BootNotification")
    central.refuse = only(NEW_KEY)
    assert change(central, "AuthorizationKey", NEW_KEY.upper()) == "Accepted"
    central.wait_for(
        "SecurityEventNotification",
        lambda payload: payload["type"] == "ReconfigurationOfSecurityParameters",
    )
    assert len(central.paths) == 2 and len(central.seen("BootNotification")) == 1
    assert told(central, "AuthorizationKey") is None
    station.kill()
    central.wait_disconnected()
    station.start()
    central.wait_connected()
    assert not secrets_in(station)


def test_a_key_that_the_central_system_does_not_take_is_taken_back(start_station, central):
    central.refuse = only(KEY)
    station = start_station(device=QUICK, keys=KEYS)
    central.wait_for("BootNotification")
    assert change(central, "AuthorizationKey", NEW_KEY) == "Accepted"
    central.wait_for(
        "SecurityEventNotification",
        lambda payload: payload["type"] == "FailedToAuthenticateAtCentralSystem",
    )
    assert [line for line in station.log if "back to those before" in line] and not secrets_in(
        station
    )
    central.drop()
    central.wait_disconnected()
    central.wait_connected()  # with the key from before, at once


def test_from_a_password_to_tls_and_to_a_certificate_of_its_own(start_station, central, authority):
    certificate = authority.sign("central", names=["127.0.0.1"])
    own = authority.sign("cp001")
    tls = {"ca_file": str(authority.cert), "cert_file": str(own.cert), "key_file": str(own.key)}
    station = start_station(device=QUICK, keys=KEYS, tls=tls)
    central.wait_for("BootNotification")
    for profile, context, door in (
        ("2", server_context(certificate), only(KEY)),
        (
            "3",
            server_context(certificate, authority.cert),
            lambda request: 401 if "Authorization" in request.headers else None,
        ),
    ):
        assert change(central, "SecurityProfile", profile) == "Accepted"
        central.refuse = door
        restart(central, context)
        central.wait_for(
            "SecurityEventNotification",
            lambda payload, profile=profile: (
                payload.get("techInfo") == "security profile " + profile
            ),
        )
        assert told(central, "SecurityProfile") == profile
    assert change(central, "SecurityProfile", "2") == "Rejected"  # never back
    restart(central)  # and to no server without TLS, however long it waits
    station.wait_until(lambda state: not state["connected"])
    seen = len(station.log)
    station.wait_until(
        lambda state: (
            len([line for line in station.log[seen:] if "does not answer in TLS" in line]) > 4
        )
    )
    assert not central.connected
    assert len(central.seen("BootNotification")) == 1


def test_a_profile_that_does_not_connect_falls_back(start_station, central, authority):
    station = start_station(device=QUICK, keys=KEYS, tls={"ca_file": str(authority.cert)})
    central.wait_for("BootNotification")
    assert change(central, "SecurityProfile", "2") == "Accepted"  # but there is no TLS at this port
    central.wait_disconnected()
    central.wait_connected()
    station.wait_until(lambda state: state["connected"])
    assert told(central, "SecurityProfile") == "1"
    assert [line for line in station.log if "back to those before, security profile 1" in line]


def test_a_bad_certificate_is_reported_once_the_central_system_is_sound(
    start_station, central, authority
):
    central.stop()
    central.tls = server_context(authority.sign("old", names=["127.0.0.1"], days=(-20, -10)))
    central.start()
    station = start_station(device=QUICK, tls={"ca_file": str(authority.cert)}, basic_auth="pw")
    station.wait_until(
        lambda state: len([line for line in station.log if "has expired; next try" in line]) > 1
    )
    assert not central.paths
    restart(central, server_context(authority.sign("central", names=["127.0.0.1"])))
    event = central.wait_for("SecurityEventNotification").payload
    assert event["type"] == "InvalidCentralSystemCertificate" and "has expired" in event["techInfo"]
    station.cmd("security_event", type="TamperDetectionActivated", info="lid")
    central.wait_for("SecurityEventNotification", lambda payload: payload.get("techInfo") == "lid")
    assert events(central).count("InvalidCentralSystemCertificate") == 1


def test_the_clock_of_the_day_is_asked_for_over_tls(start_station, central, authority):
    """A station without a battery-backed clock, as most are."""
    restart(central, server_context(authority.sign("central", names=["127.0.0.1"])))
    station = start_station(tls={"ca_file": str(authority.cert)}, clock={"unset": True})
    assert station.wait_until(lambda state: state["registered"] and state["now"])
