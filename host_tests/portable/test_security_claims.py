"""What SECURITY.md says, as far as no other test shows it."""

import json

from station_bench import StationBench

SECRET = "00112233445566778899aabbccddeeff"


def test_a_guessed_id_answers_no_call():
    bench = StationBench()
    bench.silent = True
    bench.card("CARD")
    right = bench.unanswered[-1][0]
    assert bench.unanswered[-1][1] == "Authorize"
    for number in range(20):
        for guess in (
            "%d" % number,
            "%08x-%d" % (number, number),
            right[:-1],
            right + "0",
            right.upper() + " ",
        ):
            bench.deliver(json.dumps([3, guess, {"idTagInfo": {"status": "Accepted"}}]))
    bench.plug()
    assert bench.station.facts.connectors[0].transaction is None and not bench.permits[1]
    bench.reply(right, {"idTagInfo": {"status": "Accepted"}})
    assert bench.station.facts.connectors[0].transaction is not None


def test_a_path_in_a_key_names_no_file():
    bench = StationBench()
    kept = dict(bench.memory.kept)
    for key in (
        "../settings",
        "/identity.json",
        "..",
        "",
        "settings",
        "profile-1",
        "a/b",
        "__class__",
    ):
        assert bench.ask("ChangeConfiguration", {"key": key, "value": "1"}) == {
            "status": "NotSupported"
        }, key
        assert bench.ask("GetConfiguration", {"key": [key]}) == {
            "configurationKey": [],
            "unknownKey": [key],
        }, key
    for number in (0, -1, 2147483647):
        bench.set_profile(id=number, level=0)
    assert sorted(bench.memory.kept) == sorted(list(kept) + ["profile-2147483647"])


def test_data_transfer_reads_four_things_and_writes_none_but_the_plan():
    bench = StationBench()
    bench.set_profile(id=1)
    kept, limits = dict(bench.memory.kept), dict(bench.limits)
    for vendor in ("Setpoint", "setpoint", "", "Other", "../Setpoint"):
        for message in (
            None,
            "",
            "Limits",
            "Profiles",
            "Plan",
            "Profile",
            "profile",
            "setplan",
            "Reset",
            "__import__",
            "Limits/../x",
        ):
            for data in (None, "", "1", "{}", "../1"):
                payload = {"vendorId": vendor}
                if message is not None:
                    payload["messageId"] = message
                if data is not None:
                    payload["data"] = data
                answer = bench.ask("DataTransfer", payload)
                known = vendor == "Setpoint" and (
                    message in ("Limits", "Profiles", "Plan")
                    or (message == "Profile" and data == "1")
                )
                assert (answer["status"] == "Accepted") == known, (payload, answer)
    assert bench.memory.kept == kept and bench.limits == limits
    plan = {"vendorId": "Setpoint", "messageId": "SetPlan", "data": "zone UTC0\notherwise 80"}
    assert bench.ask("DataTransfer", plan)["status"] == "Accepted"
    assert all([bench.limits[c] <= limits[c] for c in limits]), "a plan lifts nothing"


def test_no_secret_stands_in_the_log_or_in_an_answer():
    identity = {
        "csms_url": "ws://central",
        "charge_point_id": "cp",
        "basic_auth": "pass-in-identity",
        "wifi": {"password": "wifi-pass"},
    }
    bench = StationBench(identity=identity)
    said = []
    for payload in (
        {"key": "AuthorizationKey", "value": SECRET},
        {"key": "AuthorizationKey", "value": SECRET[:-1] + "x"},
        {"key": "authorizationkey", "value": SECRET},
        {"key": "SecurityProfile", "value": "0"},
    ):
        said.append(bench.ask("ChangeConfiguration", payload))
    said.append(bench.ask("GetConfiguration", {}))
    said.append(
        bench.ask(
            "GetConfiguration",
            {"key": ["AuthorizationKey", "basic_auth", "wifi", "password", "identity"]},
        )
    )
    said.append(bench.sent)
    text = json.dumps(said) + json.dumps(bench.logs)
    for secret in (SECRET, SECRET[:-1], "pass-in-identity", "wifi-pass"):
        assert secret not in text, text


def test_somebody_with_a_wrong_clock_gets_no_more_than_the_hardware_bears():
    bench = StationBench()
    bench.set_profile(id=1, periods=((0, 16), (46800, 63)))
    bench.charge()
    for stamp in (
        "1999-01-01T00:00:00Z",
        "2025-06-15T11:59:00Z",
        "2037-12-31T23:59:59Z",
        "2025-06-15T14:00:00Z",
    ):
        bench.answers["Heartbeat"] = lambda payload: {"currentTime": stamp}
        bench.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        assert bench.limits[1] <= 320, stamp
        assert bench.station.facts.connectors[0].transaction is not None
