"""The local list in the OCPP 1.6 compliancy test tool's cases for charge points, one test for each
case.

The names are those of public test reports; the table in host_tests/README.md lists them all."""

from station_bench import StationBench

ACCEPTED = {"status": "Accepted"}


def configured(**keys):
    bench = StationBench()
    for name in keys:
        assert bench.ask("ChangeConfiguration", {"key": name, "value": keys[name]}) == ACCEPTED
    return bench


def send(bench, kind, version, *tags):
    payload = {"updateType": kind, "listVersion": version}
    if tags:
        payload["localAuthorizationList"] = [
            {"idTag": tag, "idTagInfo": {"status": "Accepted"}} for tag in tags
        ]
    return bench.ask("SendLocalList", payload)


def version(bench):
    return bench.ask("GetLocalListVersion", {})["listVersion"]


def test_tc_008_1_a_card_in_the_local_list():
    bench = configured(LocalAuthListEnabled="true", LocalPreAuthorize="true")
    assert send(bench, "Full", 1, "LISTED") == ACCEPTED
    bench.sent.clear()
    bench.plug()
    bench.card("LISTED")
    bench.draw()
    assert [action for action, _ in bench.sent][:2] == ["StatusNotification", "StartTransaction"]
    assert bench.statuses()[-1] == "Charging" and bench.actions("Authorize") == []


def test_tc_008_2_a_remote_start_with_a_card_in_the_local_list():
    bench = configured(
        LocalAuthListEnabled="true", LocalPreAuthorize="true", AuthorizeRemoteTxRequests="true"
    )
    assert send(bench, "Full", 1, "LISTED") == ACCEPTED
    bench.sent.clear()
    start = {"idTag": "LISTED", "connectorId": 1}
    assert bench.ask("RemoteStartTransaction", start) == ACCEPTED
    bench.plug()
    bench.draw()
    assert bench.actions("Authorize") == []
    assert [payload["idTag"] for payload in bench.actions("StartTransaction")] == ["LISTED"]
    assert bench.statuses()[-1] == "Charging"


def test_tc_042_1_the_version_of_a_list_that_is_not_supported():
    assert version(configured(LocalAuthListEnabled="false")) == -1


def test_tc_042_2_the_version_of_an_empty_list():
    bench = configured(LocalAuthListEnabled="true")
    assert send(bench, "Full", 1) == ACCEPTED and version(bench) == 0


def test_tc_043_a_full_list_and_a_differential_one():
    bench = configured(LocalAuthListEnabled="true", LocalPreAuthorize="true")
    assert send(bench, "Full", 1, "ONE") == ACCEPTED
    assert send(bench, "Differential", 2, "TWO") == ACCEPTED
    for tag in ("ONE", "TWO"):
        bench.plug()
        bench.card(tag)
        assert bench.permits[1]
        bench.card(tag)
        bench.unplug()
    assert bench.actions("Authorize") == []


def test_tc_043_1_a_list_that_is_not_supported():
    bench = configured(LocalAuthListEnabled="false")
    assert send(bench, "Full", 1, "ONE") == {"status": "NotSupported"}


def test_tc_043_2_a_list_of_a_version_that_is_not_later():
    bench = configured(LocalAuthListEnabled="true")
    assert send(bench, "Full", 2, "ONE") == ACCEPTED and version(bench) == 2
    assert send(bench, "Differential", 5, "TWO") == ACCEPTED and version(bench) == 5
    assert send(bench, "Differential", 4, "THREE") == {"status": "VersionMismatch"}
    assert version(bench) == 5


def test_tc_043_3_a_list_that_fails():
    bench = configured(LocalAuthListEnabled="true")
    assert send(bench, "Full", 2, "ONE", "ONE") == {"status": "Failed"}
