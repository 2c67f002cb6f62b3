"""Who may charge: cards, groups, the authorisation cache, being offline, and cards that turn out
invalid."""

from station_bench import StationBench

GROUP = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}


def offline(bench):
    bench.disconnect()
    bench.sent.clear()
    return bench


def refuses(status):
    return lambda payload: {"idTagInfo": {"status": status}}


def test_only_an_accepted_card_begins_a_transaction():
    for status in ("Blocked", "Expired", "Invalid", "ConcurrentTx"):
        bench = StationBench()
        bench.answers["Authorize"] = refuses(status)
        bench.plug()
        bench.card()
        assert bench.actions("StartTransaction") == [] and not bench.permits[1], status


def test_the_same_card_ends_its_transaction_without_asking_whatever_its_case():
    bench = StationBench()
    bench.charge(tag="card")
    bench.sent.clear()
    bench.card("CARD")
    bench.end()
    assert bench.actions("Authorize") == []
    assert bench.actions("StopTransaction")[0]["reason"] == "Local"


def test_another_card_ends_nothing_unless_it_is_of_the_same_group():
    bench = StationBench()
    bench.answers["Authorize"] = lambda payload: (
        GROUP if payload["idTag"] != "STRANGER" else {"idTagInfo": {"status": "Accepted"}}
    )
    bench.charge(tag="MINE")
    bench.card("STRANGER")
    assert bench.actions("StopTransaction") == []
    bench.card("YOURS")
    bench.end()
    stop = bench.actions("StopTransaction")[0]
    assert (stop["reason"], stop["idTag"]) == ("Local", "YOURS")


def test_the_group_is_also_learnt_from_the_start_and_survives_a_restart():
    bench = StationBench()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 5,
        "idTagInfo": GROUP["idTagInfo"],
    }
    bench.charge(tag="MINE")
    again = StationBench(memory=bench.memory)
    again.answers["Authorize"] = lambda payload: GROUP
    again.plug()
    again.card("YOURS")
    assert again.actions("StopTransaction")[0]["idTag"] == "YOURS"


def test_one_reader_serves_two_connectors():
    bench = StationBench(connectors=2)
    bench.card("A")
    assert bench.statuses(1)[-1] == bench.statuses(2)[-1] == "Preparing"
    bench.plug(2)
    assert (
        bench.actions("StartTransaction")[0]["connectorId"] == 2
        and bench.statuses(1)[-1] == "Available"
    )
    bench.plug(1)
    bench.card("B")
    assert [p["connectorId"] for p in bench.actions("StartTransaction")] == [2, 1]
    bench.card("A")
    assert (
        bench.station.facts.connector(2).transaction is None
        and bench.station.facts.connector(1).transaction is not None
    )


def test_a_card_that_is_shown_twice_is_asked_about_once():
    bench = StationBench()
    bench.silent = True
    bench.card()
    bench.card()
    bench.answer_all()
    assert len(bench.actions("Authorize")) == 1


def test_offline_a_card_that_was_accepted_before_may_charge_and_an_unknown_one_may_not():
    bench = StationBench()
    bench.charge()
    bench.card("TAG1")
    bench.unplug()
    again = offline(StationBench(memory=bench.memory))
    again.plug()
    again.card("UNKNOWN")
    assert not again.permits[1]
    again.card("tag1")
    assert again.permits[1]


def test_offline_the_keys_decide():
    for cache, local, unknown, known_may, unknown_may in (
        ("true", "true", "false", True, False),
        ("true", "true", "true", True, True),
        ("true", "false", "false", False, False),
        ("true", "false", "true", True, True),
        ("false", "true", "false", False, False),
        ("false", "true", "true", True, True),
    ):
        keys = {
            "AuthorizationCacheEnabled": cache,
            "LocalAuthorizeOffline": local,
            "AllowOfflineTxForUnknownId": unknown,
        }
        for tag, may in (("TAG1", known_may), ("UNKNOWN", unknown_may)):
            bench = StationBench()
            bench.charge()
            bench.card("TAG1")
            bench = offline(StationBench(memory=bench.memory, keys=keys))
            bench.plug()
            bench.card(tag)
            assert bench.permits[1] == may, (keys, tag)


def test_offline_a_card_that_is_known_to_be_bad_never_charges():
    bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
    bench.answers["Authorize"] = refuses("Blocked")
    bench.card("STOLEN")
    offline(bench)
    bench.plug()
    bench.card("STOLEN")
    assert not bench.permits[1]
    bench.card("UNKNOWN")
    assert bench.permits[1]


def test_a_cached_card_expires_at_its_date_and_counts_as_expired_without_a_clock():
    bench = StationBench()
    bench.answers["Authorize"] = lambda payload: {
        "idTagInfo": {"status": "Accepted", "expiryDate": "2025-06-15T13:00:00Z"}
    }
    bench.card()
    offline(bench)
    bench.pass_time(3500)
    bench.plug()
    bench.card()
    assert bench.permits[1]
    bench.card()
    bench.pass_time(100)
    bench.card()
    assert not bench.permits[1]
    without = StationBench(memory=bench.memory, now=None, register=False)
    without.plug()
    without.card()
    assert not without.permits[1]


def test_the_link_that_goes_away_during_authorize_leaves_it_to_the_cache():
    bench = StationBench()
    bench.card()
    bench.pass_time(61)
    bench.silent = True
    bench.plug()
    bench.card()
    assert not bench.permits[1]
    offline(bench)
    assert bench.permits[1]


def test_with_local_pre_authorize_a_known_card_is_not_asked_about():
    bench = StationBench(keys={"LocalPreAuthorize": "true", "AuthorizeRemoteTxRequests": "true"})
    bench.charge()
    bench.card("TAG1")
    bench.unplug()
    bench.sent.clear()
    bench.plug()
    bench.card("TAG1")
    assert bench.actions("Authorize") == [] and len(bench.actions("StartTransaction")) == 1
    bench.card("TAG1")
    bench.ask("RemoteStartTransaction", {"idTag": "TAG1"})
    assert bench.actions("Authorize") == [] and len(bench.actions("StartTransaction")) == 2
    bench.card("TAG1")
    bench.ask("ClearCache", {})
    bench.card("TAG1")
    assert len(bench.actions("Authorize")) == 1 and len(bench.actions("StartTransaction")) == 3


def test_with_local_pre_authorize_a_card_that_was_refused_is_asked_about_again():
    bench = StationBench(keys={"LocalPreAuthorize": "true"})
    bench.answers["Authorize"] = refuses("Blocked")
    bench.card()
    bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": "Accepted"}}
    bench.plug()
    bench.card()
    assert len(bench.actions("Authorize")) == 2 and bench.permits[1]


def test_without_the_cache_nothing_is_kept():
    bench = StationBench(keys={"AuthorizationCacheEnabled": "false"})
    bench.card()
    assert bench.memory.names() == []


def test_news_of_a_card_leaves_its_neighbours_in_the_cache_alone():
    bench = StationBench()
    for tag in ("A", "B", "C"):
        bench.card(tag)
    bench.answers["Authorize"] = refuses("Blocked")
    bench.card("B")
    assert bench.memory.read("cache") == "\na\tAccepted\t\t\nb\tBlocked\t\t\nc\tAccepted\t\t"


def test_the_cache_writes_only_what_is_new_and_is_bounded():
    bench = StationBench()
    bench.card("ONE")
    writes = bench.memory.writes
    for _ in range(5):
        bench.card("ONE")
    assert bench.memory.writes == writes
    for number in range(60):
        bench.card("CARD%d" % number)
    text = bench.memory.read("cache")
    assert text.count("\n") == 40 and "one" not in text and "card59" in text
    assert bench.ask("ClearCache", {}) == {"status": "Accepted"}
    assert bench.memory.read("cache") == ""


def test_what_a_start_or_a_stop_says_of_a_card_is_kept_and_a_concurrent_one_is_not():
    bench = StationBench()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 1,
        "idTagInfo": {"status": "Expired"},
    }
    bench.answers["StopTransaction"] = lambda payload: {"idTagInfo": {"status": "Blocked"}}
    bench.plug()
    bench.card("A")
    assert "\na\tExpired" in bench.memory.read("cache")
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 2,
        "idTagInfo": {"status": "ConcurrentTx"},
    }
    bench.ask("ChangeConfiguration", {"key": "StopTransactionOnInvalidId", "value": "false"})
    bench.card("B")
    assert "\nb\tAccepted" in bench.memory.read("cache")
    bench.card("B")
    assert "\nb\tBlocked" in bench.memory.read("cache")


def test_a_cache_that_cannot_be_written_stops_nobody():
    bench = StationBench()
    bench.memory.fails = True
    bench.plug()
    bench.card()
    assert bench.permits[1]
    assert bench.ask("ClearCache", {}) == {"status": "Rejected"}


def invalid_after_start(**keys):
    bench = StationBench(keys=keys)
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 9,
        "idTagInfo": {"status": "Invalid"},
    }
    bench.plug()
    bench.card()
    bench.draw()
    return bench


def test_a_card_found_invalid_after_the_start_ends_the_transaction():
    bench = invalid_after_start()
    stop = bench.actions("StopTransaction")[0]
    assert (stop["reason"], stop["transactionId"]) == ("DeAuthorized", 9) and not bench.permits[1]


def test_a_card_found_invalid_gets_no_energy_where_the_transaction_may_go_on():
    bench = invalid_after_start(StopTransactionOnInvalidId="false")
    assert bench.actions("StopTransaction") == [] and not bench.permits[1]
    assert bench.statuses()[-1] == "SuspendedEVSE"
    again = StationBench(memory=bench.memory)
    assert not again.permits[1], "nor after a restart"
    bench.card()
    bench.answers["StartTransaction"] = bench._start
    bench.card()
    assert bench.permits[1], "the next card has nothing to do with it"


def test_a_card_found_invalid_gets_the_energy_that_the_key_allows():
    bench = invalid_after_start(StopTransactionOnInvalidId="false", MaxEnergyOnInvalidId="500")
    assert bench.permits[1]
    bench.wh[1] = 1499
    bench.pass_time(60)
    assert bench.permits[1]
    bench.wh[1] = 1500
    bench.pass_time(5)
    assert not bench.permits[1] and bench.statuses()[-1] == "SuspendedEVSE"
    bench.card()
    bench.end()
    assert bench.actions("StopTransaction")[0]["reason"] == "Local"


def test_the_cable_of_an_invalid_card_is_kept_until_its_owner_shows_it_again():
    bench = StationBench(locks=[1])
    bench.cable()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 9,
        "idTagInfo": {"status": "Invalid"},
    }
    bench.plug()
    bench.card("TAG")
    bench.plug()
    assert bench.locks[1]
    bench.card("TAG")
    assert not bench.locks[1] and len(bench.actions("StartTransaction")) == 1


def test_a_fault_in_mid_charge_stops_energy_and_not_the_transaction():
    bench = StationBench()
    bench.charge()
    bench.fault("OverCurrentFailure")
    assert not bench.permits[1] and bench.statuses()[-1] == "Faulted"
    assert bench.actions("StopTransaction") == []
    bench.plug()
    bench.fault("OverCurrentFailure", False)
    assert bench.permits[1] and bench.statuses()[-1] == "SuspendedEVSE"
    bench.pause()
    assert bench.statuses()[-1] == "SuspendedEV"
    bench.fault("WeakSignal")
    assert bench.permits[1] and bench.actions("StatusNotification")[-1]["errorCode"] == "WeakSignal"


def test_a_card_before_the_time_out_counts_and_after_it_does_not_whichever_came_first():
    bench = StationBench(keys={"ConnectionTimeOut": "20"})
    bench.plug()
    bench.pass_time(1000)
    bench.card()
    assert bench.permits[1], "plug first: no time-out runs"
    bench = StationBench(keys={"ConnectionTimeOut": "20"})
    bench.ask("RemoteStartTransaction", {"idTag": "R"})
    bench.pass_time(21)
    assert bench.statuses()[-1] == "Available"
    bench.plug()
    assert not bench.permits[1]
