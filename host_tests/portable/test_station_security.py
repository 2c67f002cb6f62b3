"""Security profiles, the AuthorizationKey, and security events (OCPP 1.6 security whitepaper)."""

import json

from station_bench import StationBench

KEY = "00112233445566778899aabbccddeeff"
OTHER = "ff112233445566778899aabbccddeeff00112233"
FILES = {"ca_file": "ca.pem", "check_hostname": True, "cert_file": "own.pem", "key_file": "own.key"}


def secured(url="ws://x", memory=None, keys=None, **identity):
    identity["csms_url"] = url
    return StationBench(memory=memory, keys=keys, identity=identity)


def security_of(bench):
    credentials = bench.station.facts.credentials
    before = credentials.before
    return credentials.now[:2], None if before is None else before[:2]


def change(bench, key, value):
    return bench.ask("ChangeConfiguration", {"key": key, "value": value})["status"]


def profile_told(bench):
    entry = bench.ask("GetConfiguration", {"key": ["SecurityProfile"]})["configurationKey"][0]
    assert entry["readonly"] is False
    return entry["value"]


def trial(bench, passed):
    bench.trial_ends(passed)


def event(bench, kind, info=None):
    bench.security_event(kind, info)


def test_without_the_key_the_profile_is_what_url_and_password_make_it():
    for url, identity, profile in (
        ("ws://x", {}, 0),
        ("ws://x", {"basic_auth": "pw"}, 1),
        ("WSS://x", {"basic_auth": {"user": "u", "password": "pw"}}, 2),
        ("wss://x", {"tls": FILES}, 3),
        ("wss://x", {"tls": {"ca_file": "ca.pem"}}, 0),
        ("ws://x", {"tls": FILES}, 0),
    ):
        assert security_of(secured(url, **identity)) == ((profile, None), None), (url, identity)
    assert security_of(secured(keys={"SecurityProfile": "2", "AuthorizationKey": KEY})) == (
        (2, KEY),
        None,
    )
    assert security_of(secured(keys={"AuthorizationKey": KEY})) == ((1, KEY), None)


def test_the_key_is_never_told():
    bench = secured(keys={"AuthorizationKey": KEY})
    assert change(bench, "AuthorizationKey", OTHER) == "Accepted"
    assert change(bench, "AuthorizationKey", "short") == "Rejected"
    asked = bench.ask("GetConfiguration", {"key": ["AuthorizationKey"]})
    assert asked == {
        "configurationKey": [{"key": "AuthorizationKey", "readonly": False}],
        "unknownKey": [],
    }
    everything = json.dumps(bench.ask("GetConfiguration", {})) + "".join(bench.logs)
    assert KEY not in everything and OTHER not in everything and "short" not in everything


def test_a_new_key_is_tried_and_the_one_before_kept_until_it_connects():
    bench = secured(keys={"SecurityProfile": "1", "AuthorizationKey": KEY})
    assert change(bench, "AuthorizationKey", OTHER) == "Accepted"
    assert security_of(bench) == ((1, OTHER), (1, KEY)) and bench.renewals == 1
    after_a_power_cut = secured(memory=bench.memory)
    assert security_of(after_a_power_cut) == ((1, OTHER), (1, KEY))
    trial(bench, True)
    assert security_of(bench) == ((1, OTHER), None)
    assert security_of(secured(memory=bench.memory)) == ((1, OTHER), None)


def test_what_does_not_connect_is_taken_back():
    bench = secured(tls=FILES, keys={"SecurityProfile": "1", "AuthorizationKey": KEY})
    assert change(bench, "SecurityProfile", "2") == "Accepted" and profile_told(bench) == "2"
    trial(bench, False)
    assert security_of(bench) == ((1, KEY), None) and profile_told(bench) == "1"
    assert security_of(secured(memory=bench.memory)) == ((1, KEY), None)


def test_two_changes_before_the_new_connection_go_back_to_where_it_was_sound():
    bench = secured(tls=FILES, keys={"SecurityProfile": "1", "AuthorizationKey": KEY})
    change(bench, "AuthorizationKey", OTHER)
    change(bench, "SecurityProfile", "3")
    assert security_of(bench) == ((3, OTHER), (1, KEY))


def test_a_key_waits_for_a_profile_that_uses_it():
    bench = secured()
    assert change(bench, "SecurityProfile", "1") == "Rejected"  # no password
    assert change(bench, "AuthorizationKey", KEY) == "Accepted"
    assert security_of(bench) == ((0, KEY), None) and bench.renewals == 0
    assert change(bench, "SecurityProfile", "1") == "Accepted"
    assert security_of(bench) == ((1, KEY), (0, KEY)) and bench.renewals == 1


def test_a_profile_is_raised_only_with_what_it_needs_and_never_lowered():
    for profile, wanted, identity, status in (
        (0, "0", {}, "Accepted"),
        (0, "2", {"basic_auth": "pw"}, "Rejected"),
        (0, "2", {"basic_auth": "pw", "tls": {"ca_file": "ca.pem"}}, "Accepted"),
        (0, "3", {"tls": {"ca_file": "ca.pem"}}, "Rejected"),
        (0, "3", {"tls": FILES}, "Accepted"),
        (2, "1", {"basic_auth": "pw", "tls": FILES}, "Rejected"),
        (3, "2", {"basic_auth": "pw", "tls": FILES}, "Rejected"),
        (1, "4", {"basic_auth": "pw", "tls": FILES}, "Rejected"),
        (1, "x", {"basic_auth": "pw", "tls": FILES}, "Rejected"),
    ):
        bench = secured(keys={"SecurityProfile": str(profile)}, **identity)
        assert change(bench, "SecurityProfile", wanted) == status, (profile, wanted)
        assert profile_told(bench) == (wanted if status == "Accepted" else str(profile)), (
            profile,
            wanted,
        )


def test_a_change_that_cannot_be_stored_is_rejected_and_changes_nothing():
    bench = secured(keys={"SecurityProfile": "1", "AuthorizationKey": KEY})
    bench.memory.fails = True
    assert change(bench, "AuthorizationKey", OTHER) == "Rejected"
    assert security_of(bench) == ((1, KEY), None) and bench.renewals == 0


def test_security_events_wait_until_they_can_be_told():
    bench = StationBench(register=False)
    for i in range(10):
        event(bench, "InvalidCentralSystemCertificate", "try %d" % i)
    assert bench.actions("SecurityEventNotification") == []
    bench.connect()
    sent = bench.actions("SecurityEventNotification")
    # The latest
    assert [payload["techInfo"] for payload in sent] == ["try %d" % i for i in range(2, 10)]
    assert sent[0]["type"] == "InvalidCentralSystemCertificate" and sent[0]["timestamp"][-1] == "Z"
    event(bench, "TamperDetectionActivated")
    assert "techInfo" not in bench.actions("SecurityEventNotification")[-1]


def test_a_security_event_that_was_not_taken_is_told_again_and_a_refused_one_is_not():
    bench = StationBench()
    bench.silent = True
    event(bench, "TamperDetectionActivated", "lid")
    bench.disconnect()
    bench.silent = False
    bench.connect()
    assert len(bench.actions("SecurityEventNotification")) == 2
    bench.silent = True
    event(bench, "TamperDetectionActivated", "door")
    bench.deliver('[4,"%s","NotImplemented","what is that?",{}]' % bench.unanswered[-1][0])
    bench.disconnect()
    bench.silent = False
    bench.connect()
    assert len(bench.actions("SecurityEventNotification")) == 3


def test_a_stored_security_profile_of_another_shape_is_not_in_force_and_stops_no_start():
    for nonsense in (
        {},
        {"now": 5},
        {"now": [1]},
        {"now": [9, None], "before": None},
        {"now": ["a", "b"], "before": []},
        {"now": [1, "aa"], "before": 7},
    ):
        bench = secured(url="wss://x")
        bench.memory.kept["security"] = json.dumps(nonsense)
        assert profile_told(secured(url="wss://x", memory=bench.memory)) == profile_told(
            secured(url="wss://x")
        ), nonsense
