"""Starts that cross one another: several cards, remote starts and vehicles at once, and answers
that are half right."""

from station_bench import StationBench, profile

NINE_AMPS = profile(id=7, purpose="TxProfile", kind="Relative", periods=((0, 9),))


def starts(bench):
    return [(p["connectorId"], p["idTag"]) for p in bench.actions("StartTransaction")]


def remote_start(bench, connector, tag, **more):
    return bench.ask("RemoteStartTransaction", dict(more, idTag=tag, connectorId=connector))[
        "status"
    ]


def test_one_card_for_all_remote_starts_waits_at_each_connector_it_was_sent_to():
    for asks_first in ("false", "true"):
        bench = StationBench(connectors=2, keys={"AuthorizeRemoteTxRequests": asks_first})
        bench.silent = True
        assert remote_start(bench, 1, "FLEET") == remote_start(bench, 2, "FLEET") == "Accepted"
        bench.answer_all()
        bench.plug(1)
        bench.plug(2)
        assert starts(bench) == [(1, "FLEET"), (2, "FLEET")], asks_first


def test_the_limit_of_a_remote_start_outlives_the_card_that_is_shown_after_it():
    bench = StationBench()
    assert remote_start(bench, 1, "Tag", chargingProfile=NINE_AMPS) == "Accepted"
    bench.card("TAG")
    bench.plug()
    assert starts(bench) == [(1, "TAG")] and bench.limits[1] == 90


def test_the_limit_of_a_remote_start_is_not_lost_while_its_card_is_being_asked_about():
    bench = StationBench(keys={"AuthorizeRemoteTxRequests": "true"})
    bench.silent = True
    bench.card("TAG")
    assert remote_start(bench, 1, "TAG", chargingProfile=NINE_AMPS) == "Accepted"
    bench.answer_all()
    bench.plug()
    assert starts(bench) == [(1, "TAG")] and bench.limits[1] == 90


def test_who_shows_a_card_last_pays_where_one_connector_waits_for_two():
    bench = StationBench()
    bench.card("GONE")
    bench.card("HERE")
    bench.plug()
    assert starts(bench) == [(1, "HERE")]
    bench.card("HERE")
    bench.pass_time(5)
    assert starts(bench) == [(1, "HERE")] and bench.statuses()[-1] == "Finishing"


def test_two_cards_and_two_connectors_go_in_the_order_of_the_cards():
    bench = StationBench(connectors=2)
    bench.card("A")
    bench.card("B")
    bench.plug(2)
    bench.card("A")
    bench.pass_time(5)
    assert starts(bench) == [(2, "A")]
    bench.plug(1)
    assert starts(bench) == [(2, "A"), (1, "B")]


def test_a_card_does_not_begin_at_a_connector_that_was_taken_while_it_was_asked_about():
    bench = StationBench()
    bench.silent = True
    bench.card("SLOW")
    assert remote_start(bench, 1, "APP") == "Accepted"
    bench.plug()
    bench.answer_all()
    bench.ask("RemoteStopTransaction", {"transactionId": 1})
    bench.pass_time(5)
    assert starts(bench) == [(1, "APP")]


def test_the_card_of_the_next_driver_does_not_pay_for_the_vehicle_that_is_left_at_the_other_connector():
    bench = StationBench(connectors=2)
    bench.charge(1, "FIRST")
    bench.card("FIRST")
    bench.card("NEXT")
    bench.pass_time(5)
    assert starts(bench) == [(1, "FIRST")] and bench.statuses(1)[-1] == "Finishing"
    bench.plug(2)
    bench.end(1)
    assert starts(bench) == [(1, "FIRST"), (2, "NEXT")]


def test_the_driver_who_ended_may_begin_again_without_unplugging():
    for connectors, tag in ((2, "first"), (1, "ANOTHER")):
        bench = StationBench(connectors=connectors)
        bench.charge(1, "FIRST")
        bench.card("FIRST")
        bench.card(tag)
        assert starts(bench) == [(1, "FIRST"), (1, tag)], tag


def test_the_id_of_a_transaction_is_taken_from_an_answer_whose_rest_cannot_be_read():
    for info in (
        {"status": "Accepted", "expiryDate": ""},
        {"status": "Accepted", "parentIdTag": "P" * 21},
        {},
        None,
    ):
        bench = StationBench()
        bench.answers["StartTransaction"] = lambda payload: {
            "transactionId": 4711,
            "idTagInfo": info,
        }
        bench.charge()
        bench.unplug()
        assert bench.actions("StopTransaction")[0]["transactionId"] == 4711, info


def test_a_start_whose_answer_has_no_id_is_told_by_its_stop():
    for number in ("4711", True, None, 1.5):
        bench = StationBench()
        bench.answers["StartTransaction"] = lambda payload: {
            "transactionId": number,
            "idTagInfo": {"status": "Accepted"},
        }
        bench.charge()
        bench.unplug()
        assert bench.actions("StopTransaction")[0]["transactionId"] == -1, number


def test_a_remote_start_is_refused_at_once_when_its_profile_has_no_room():
    bench = StationBench(keys={"MaxChargingProfilesInstalled": "1"})
    bench.set_profile(id=1)
    bench.plug()
    assert remote_start(bench, 1, "R", chargingProfile=NINE_AMPS) == "Rejected"
    replacing = dict(NINE_AMPS, chargingProfileId=1)
    assert (
        remote_start(bench, 1, "R", chargingProfile=replacing) == "Accepted"
        and bench.limits[1] == 90
    )


def test_a_card_that_is_refused_by_an_answer_whose_rest_cannot_be_read_is_refused():
    bench = StationBench()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 4711,
        "idTagInfo": {"status": "Blocked", "expiryDate": ""},
    }
    bench.plug()
    bench.card()
    stop = bench.actions("StopTransaction")[0]
    assert (stop["transactionId"], stop["reason"]) == (4711, "DeAuthorized")


def test_a_remote_start_without_connector_takes_the_vehicle_that_waits():
    bench = StationBench(connectors=3)
    bench.charge(1, "FIRST")
    bench.card("FIRST")
    bench.end(1)
    bench.plug(3)
    for expected in (3, 2, 1):
        assert (
            bench.ask("RemoteStartTransaction", {"idTag": "R%d" % expected})["status"] == "Accepted"
        )
        bench.plug(expected)
        assert starts(bench)[-1] == (expected, "R%d" % expected)


def anywhere(bench, tag, **more):
    return bench.ask("RemoteStartTransaction", dict(more, idTag=tag))["status"]


def test_a_remote_start_without_connector_begins_wherever_a_vehicle_is_plugged_in_first():
    """Also where the plug went in half a second before, which the station does not know yet."""
    for asks_first in ("false", "true"):
        for connector in (1, 2, 3):
            bench = StationBench(connectors=3, keys={"AuthorizeRemoteTxRequests": asks_first})
            assert anywhere(bench, "APP", chargingProfile=NINE_AMPS) == "Accepted"
            assert bench.statuses(connector)[-1] == "Preparing"
            bench.plug(connector)
            assert starts(bench) == [(connector, "APP")]
            bench.draw(connector)
            assert bench.limits[connector] == 90
            other = 1 + connector % 3
            bench.plug(other)
            assert len(starts(bench)) == 1 and bench.limits[other] == 320, (
                "the rest waits for nobody any more"
            )


def test_remote_starts_without_connector_are_as_many_as_there_are_free_connectors():
    bench = StationBench(connectors=3)
    bench.charge(2)
    assert [anywhere(bench, tag) for tag in ("A", "B", "C")] == ["Accepted", "Accepted", "Rejected"]
    bench.plug(3)
    bench.plug(1)
    assert starts(bench)[1:] == [(3, "A"), (1, "B")]


def test_a_remote_start_without_connector_leaves_the_one_that_another_is_sent_to():
    bench = StationBench(connectors=2)
    assert anywhere(bench, "FIRST") == "Accepted"
    assert remote_start(bench, 2, "SENT") == "Accepted", "the first one may begin at connector 1"
    assert remote_start(bench, 1, "LATE") == "Rejected"
    bench.plug(2)
    bench.plug(1)
    assert starts(bench) == [(2, "SENT"), (1, "FIRST")]
    again = StationBench(connectors=2)
    assert remote_start(again, 2, "SENT") == anywhere(again, "ANY") == "Accepted"
    again.plug(1)
    again.plug(2)
    assert starts(again) == [(1, "ANY"), (2, "SENT")]


def test_a_remote_start_without_connector_does_not_begin_at_a_vehicle_that_has_charged_while_another_place_is_free():
    for tag in ("FLEET", "APP"):
        bench = StationBench(connectors=2)
        bench.charge(1, "FLEET")
        bench.ask("RemoteStopTransaction", {"transactionId": 1})
        bench.end(1)
        assert anywhere(bench, tag) == "Accepted"
        assert len(starts(bench)) == 1
        bench.plug(2)
        assert starts(bench)[1:] == [(2, tag)]


def test_a_remote_start_without_connector_ends_with_connection_time_out_and_its_limit_with_it():
    bench = StationBench(connectors=2)
    assert anywhere(bench, "APP", chargingProfile=NINE_AMPS) == "Accepted"
    bench.pass_time(61)
    bench.plug(2)
    assert starts(bench) == [] and bench.statuses(1)[-1] == "Available" and bench.limits[2] == 320


def test_a_remote_start_without_connector_that_is_sent_twice_is_one():
    bench = StationBench(connectors=2)
    assert anywhere(bench, "APP") == anywhere(bench, "app", chargingProfile=NINE_AMPS) == "Accepted"
    bench.plug(2)
    bench.plug(1)
    assert starts(bench) == [(2, "app")] and bench.limits[2] == 90


def test_a_remote_start_without_connector_passes_a_faulted_one_by():
    bench = StationBench(connectors=2)
    bench.fault("GroundFailure", connector=1)
    assert anywhere(bench, "APP") == "Accepted" and anywhere(bench, "NEXT") == "Rejected"
    bench.plug(2)
    assert starts(bench) == [(2, "APP")]
    late = StationBench(connectors=2)
    assert anywhere(late, "APP") == "Accepted"
    late.fault("GroundFailure", connector=1)
    assert remote_start(late, 2, "SENT") == "Rejected", "there is no other place for the first one"
