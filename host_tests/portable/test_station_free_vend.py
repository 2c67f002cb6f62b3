"""Charging without a card: FreeVendActive and FreeVendIdTag."""

from station_bench import StationBench

ACCEPTED = {"status": "Accepted"}


def free(connectors=1, **more):
    return StationBench(connectors, keys=dict(more.pop("keys", {}), FreeVendActive="true"), **more)


def starts(bench):
    return [(p["connectorId"], p["idTag"]) for p in bench.actions("StartTransaction")]


def set_key(bench, key, value):
    return bench.ask("ChangeConfiguration", {"key": key, "value": value})["status"]


def test_a_plug_begins_a_transaction_with_the_tag_of_the_key_and_asks_nobody():
    bench = free(2, keys={"FreeVendIdTag": "GUEST"})
    bench.plug(2)
    assert starts(bench) == [(2, "GUEST")] and bench.permits[2] and not bench.permits[1]
    assert bench.statuses(2)[:2] == ["Available", "Preparing"] and not bench.actions("Authorize")
    bench.plug(1)
    assert starts(bench)[1:] == [(1, "GUEST")]
    bench.unplug(2)
    assert bench.actions("StopTransaction")[0]["reason"] == "EVDisconnected"
    bench.plug(2)
    assert len(starts(bench)) == 3


def test_it_is_off_until_somebody_wants_it_and_then_the_next_plug_counts():
    bench = StationBench()
    bench.plug()
    assert starts(bench) == []
    assert set_key(bench, "FreeVendActive", "true") == "Accepted"
    bench.pass_time(60)
    assert starts(bench) == [] and not bench.permits[1]
    bench.unplug()
    bench.plug()
    assert starts(bench) == [(1, "FREEVEND")]
    assert set_key(bench, "FreeVendActive", "false") == "Accepted" and bench.permits[1]
    bench.unplug()
    bench.plug()
    assert len(starts(bench)) == 1


def test_the_tag_is_one_that_ocpp_knows():
    bench = StationBench()
    for tag in ("", "x" * 21, "\u00c4", "a\tb"):
        assert set_key(bench, "FreeVendIdTag", tag) == "Rejected", tag
    assert set_key(bench, "FreeVendIdTag", " Guest 1 ") == "Accepted"
    assert bench.station.settings["FreeVendIdTag"] == "Guest 1"


def test_offline_and_without_a_clock_a_plug_begins_one_too():
    bench = free(register=False, now=None)
    bench.plug()
    assert bench.permits[1]
    bench.connect()
    assert starts(bench) == [(1, "FREEVEND")]


def test_a_card_or_a_remote_start_that_comes_first_wins():
    bench = free()
    bench.card("MINE")
    bench.plug()
    assert starts(bench) == [(1, "MINE")]
    bench = free()
    assert bench.ask("RemoteStartTransaction", {"idTag": "REMOTE"}) == ACCEPTED
    bench.plug()
    assert starts(bench) == [(1, "REMOTE")]
    bench.ask("RemoteStopTransaction", {"transactionId": 1})
    bench.pass_time(600)
    assert len(starts(bench)) == 1, "this plug has had its transaction"


def test_a_card_that_is_being_asked_about_is_waited_for():
    for status, tag in (("Accepted", "MINE"), ("Blocked", "FREEVEND")):
        bench = free(2)
        bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": status}}
        bench.silent = True
        bench.card("MINE", [1])
        bench.plug(1)
        bench.plug(2)
        assert not bench.permits[1] and bench.permits[2]
        bench.answer_all()
        assert sorted(starts(bench)) == [(1, tag), (2, "FREEVEND")]


def test_a_refusal_of_the_start_is_obeyed_and_the_plug_begins_no_other():
    bench = free()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 4,
        "idTagInfo": {"status": "Invalid"},
    }
    bench.plug()
    bench.pass_time(600)
    assert not bench.permits[1] and len(starts(bench)) == 1
    assert bench.actions("StopTransaction")[0]["reason"] == "DeAuthorized"
    bench = free(keys={"StopTransactionOnInvalidId": "false"})
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 4,
        "idTagInfo": {"status": "Invalid"},
    }
    bench.plug()
    assert not bench.permits[1] and bench.actions("StopTransaction") == []


def test_a_tag_that_is_known_to_be_refused_is_asked_about_and_offline_refused():
    bench = free()
    blocked = [{"idTag": "FREEVEND", "idTagInfo": {"status": "Blocked"}}]
    payload = {"updateType": "Full", "listVersion": 1, "localAuthorizationList": blocked}
    assert bench.ask("SendLocalList", payload) == ACCEPTED
    bench.plug()
    assert [p["idTag"] for p in bench.actions("Authorize")] == ["FREEVEND"] and bench.permits[1]
    bench.unplug()
    bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": "Blocked"}}
    bench.plug()
    bench.pass_time(600)
    assert len(bench.actions("Authorize")) == 2 and not bench.permits[1]
    bench.unplug()
    bench.disconnect()
    bench.plug()
    bench.pass_time(600)
    assert not bench.permits[1]


def test_whoever_ends_it_ends_it_for_this_plug():
    bench = free(keys={"FreeVendIdTag": "GUEST"})
    bench.plug()
    bench.card("guest")
    bench.pass_time(600)
    assert bench.actions("StopTransaction")[0]["reason"] == "Local" and len(starts(bench)) == 1
    bench.unplug()
    bench.plug()
    bench.emergency_stop()
    bench.pass_time(600)
    assert len(starts(bench)) == 2 and not bench.permits[1]


def test_an_emergency_stop_ends_what_only_waits():
    bench = free()
    bench.fault("GroundFailure")
    bench.plug()
    bench.emergency_stop()
    bench.fault("GroundFailure", False)
    bench.pass_time(60)
    assert starts(bench) == []


def test_a_plug_waits_for_a_fault_to_go_and_for_the_connector_to_be_operative():
    bench = free()
    bench.fault("GroundFailure")
    bench.plug()
    assert starts(bench) == []
    bench.fault("GroundFailure", False)
    assert starts(bench) == [(1, "FREEVEND")]
    bench = free()
    bench.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    bench.plug()
    assert starts(bench) == []
    bench.unplug()
    bench.ask("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert starts(bench) == [] and bench.statuses()[-1] == "Available"
    bench.plug()
    assert starts(bench) == [(1, "FREEVEND")]


def test_a_plug_that_waits_begins_nothing_once_the_key_is_off():
    bench = free()
    bench.fault("GroundFailure")
    bench.plug()
    assert set_key(bench, "FreeVendActive", "false") == "Accepted"
    bench.fault("GroundFailure", False)
    assert starts(bench) == []


def test_a_transaction_that_goes_on_after_a_restart_is_the_only_one_of_its_plug():
    bench = free()
    bench.plug()
    again = free(memory=bench.memory)
    again.plug()
    again.ask("RemoteStopTransaction", {"transactionId": 1})
    again.pass_time(600)
    assert starts(again) == [] and len(again.actions("StopTransaction")) == 1


def test_a_vehicle_that_leaves_and_comes_back_within_its_transaction_goes_on_with_it():
    bench = free(keys={"StopTransactionOnEVSideDisconnect": "false"})
    bench.plug()
    bench.unplug()
    bench.plug()
    bench.card("FREEVEND")
    bench.pass_time(600)
    assert len(starts(bench)) == 1
