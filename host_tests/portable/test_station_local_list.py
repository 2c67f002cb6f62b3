"""The Local Authorization List: what a central system can do with it, and whom it lets charge (OCPP
1.6, 3.5.2 to 3.5.4, 5.10, 5.15)."""

from station_bench import NOON, StationBench

from setpoint.protocol.iso8601 import text_from

ACCEPTED = {"status": "Accepted"}
FAILED = {"status": "Failed"}


def card(tag, status="Accepted", **info):
    return {"idTag": tag, "idTagInfo": dict(info, status=status)}


def gone(tag):
    return {"idTag": tag}


def send(bench, version, *cards, kind="Full"):
    payload = {"listVersion": version, "updateType": kind}
    if cards:
        payload["localAuthorizationList"] = list(cards)
    return bench.ask("SendLocalList", payload)


def change(bench, version, *cards):
    return send(bench, version, *cards, kind="Differential")


def version(bench):
    return bench.ask("GetLocalListVersion", {})["listVersion"]


def listed(*cards, **keys):
    bench = StationBench(keys=keys)
    assert send(bench, 1, *cards) == ACCEPTED
    return bench


def may_charge(bench, tag):
    """Does this card begin a transaction? Then it ends it."""
    bench.plug()
    bench.card(tag)
    begun = bench.permits[1]
    if begun:
        bench.card(tag)
    bench.unplug()
    return begun


def asked(bench):
    return [payload["idTag"] for payload in bench.actions("Authorize")]


def said(bench, words):
    return [line for line in bench.logs if words in line]


def test_a_list_has_the_version_it_was_sent_with_and_an_empty_one_has_0():
    bench = StationBench()
    assert version(bench) == 0
    assert send(bench, 7, card("A")) == ACCEPTED and version(bench) == 7
    assert send(bench, 3, card("B")) == ACCEPTED and version(bench) == 3
    assert send(bench, 9) == ACCEPTED and version(bench) == 0
    assert change(bench, 2, card("A")) == ACCEPTED and version(bench) == 2
    assert change(bench, 4, gone("a")) == ACCEPTED and version(bench) == 0
    payload = {"listVersion": 5, "updateType": "Full", "localAuthorizationList": []}
    assert bench.ask("SendLocalList", payload) == ACCEPTED and version(bench) == 0


def test_a_differential_update_needs_a_later_version():
    bench = listed(card("A"))
    assert change(bench, 5, card("B")) == ACCEPTED and version(bench) == 5
    for number in (5, 4, 0, -1):
        assert change(bench, number, card("C")) == {"status": "VersionMismatch"}, number
    assert version(bench) == 5
    assert change(bench, 6) == ACCEPTED and version(bench) == 6
    bench.disconnect()
    assert [may_charge(bench, tag) for tag in ("A", "B", "C")] == [True, True, False]


def test_an_update_without_cards_changes_nothing_of_an_empty_list():
    bench = StationBench()
    assert change(bench, 3) == ACCEPTED and version(bench) == 0
    assert change(bench, 1, card("A")) == ACCEPTED and version(bench) == 1


def test_what_an_update_names_without_info_is_removed_and_the_rest_stays():
    bench = listed(card("A"), card("B"), card("C"), card("D", "Blocked"))
    assert change(bench, 2, gone("b"), card("D"), card("E"), gone("Z")) == ACCEPTED
    bench.disconnect()
    assert [may_charge(bench, tag) for tag in "ABCDEZ"] == [True, False, True, True, True, False]


def test_what_fails_changes_nothing():
    bench = StationBench(keys={"LocalAuthListMaxLength": "5", "SendLocalListMaxLength": "3"})
    assert send(bench, 4, card("A"), card("B"), card("C")) == ACCEPTED
    cards = [card("N%d" % number) for number in range(4)]
    for kind, number, sent in (
        ("Full", 5, cards),  # longer than a message may be
        ("Differential", 5, cards),
        ("Differential", 5, cards[:3]),  # the list would be longer than it may be
        ("Full", 5, [card("A"), card("B"), card("a")]),  # a card twice
        ("Differential", 5, [card("N"), gone("n")]),
        ("Full", 5, [card("A"), gone("B")]),
        ("Full", 0, [card("N")]),  # 0 is the version of an empty list
        ("Full", -1, [card("N")]),
        ("Full", 5, [card("")]),
        ("Full", 5, [card("\u00c4")]),  # a CiString is ASCII
        ("Full", 5, [card("N\u0000")]),
        ("Full", 5, [card("N", parentIdTag="\u20ac")]),
    ):
        assert send(bench, number, *sent, kind=kind) == FAILED, (kind, number, sent)
        assert version(bench) == 4
    assert len(bench.memory.records("local-list").bodies) == 3
    assert change(bench, 5, *cards[:2]) == ACCEPTED
    assert change(bench, 6, gone("A"), gone("B"), cards[2]) == ACCEPTED


def test_a_list_that_flash_does_not_take_is_failed_and_the_old_one_holds():
    bench = listed(card("A"))
    bench.memory.fails = True
    assert send(bench, 2, card("B")) == change(bench, 2, card("B")) == FAILED
    bench.memory.fails = False
    assert version(bench) == 1 and said(bench, "the local list cannot be written")
    bench.disconnect()
    assert may_charge(bench, "A") and not may_charge(bench, "B")


def test_an_equal_list_is_not_written_again():
    bench = listed(card("A"), card("B", parentIdTag="P", expiryDate="2099-01-01T00:00:00Z"))
    writes = bench.memory.records("local-list").writes
    again = [card("b", parentIdTag="p", expiryDate="2099-01-01T00:00:00Z"), card("a")]
    assert send(bench, 1, *again) == ACCEPTED
    assert bench.memory.records("local-list").writes == writes
    assert send(bench, 2, *again) == ACCEPTED and version(bench) == 2


def test_a_list_that_is_not_enabled_is_not_supported_and_lets_nobody_charge():
    bench = listed(card("A"))
    assert bench.ask("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "false"}) == (
        ACCEPTED
    )
    assert version(bench) == -1
    assert send(bench, 2, card("B")) == change(bench, 2) == {"status": "NotSupported"}
    bench.disconnect()
    assert not may_charge(bench, "A")
    bench.connect()
    bench.ask("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "true"})
    assert version(bench) == 1


def test_online_the_central_system_is_asked_unless_local_pre_authorize_is_set():
    bench = listed(card("A"), card("B", "Blocked"))
    assert may_charge(bench, "A") and asked(bench) == ["A"]
    bench = listed(card("A"), card("B", "Blocked"), LocalPreAuthorize="true")
    assert may_charge(bench, "a") and asked(bench) == []
    for tag in ("B", "UNKNOWN"):  # who is not Accepted in the list may be so by now
        assert may_charge(bench, tag)
    assert asked(bench) == ["B", "UNKNOWN"]


def test_with_local_pre_authorize_the_list_needs_no_cache():
    bench = listed(card("A"), LocalPreAuthorize="true", AuthorizationCacheEnabled="false")
    assert may_charge(bench, "A") and asked(bench) == []


def test_a_remote_start_that_is_to_be_authorised_finds_its_card_in_the_list():
    bench = listed(card("A"), LocalPreAuthorize="true", AuthorizeRemoteTxRequests="true")
    bench.plug()
    assert bench.ask("RemoteStartTransaction", {"idTag": "A"}) == ACCEPTED
    assert bench.permits[1] and asked(bench) == []


def test_offline_the_keys_decide_and_a_card_that_is_not_accepted_never_charges():
    for local, unknown, known_may, unknown_may in (
        ("true", "false", True, False),
        ("true", "true", True, True),
        ("false", "false", False, False),
        ("false", "true", True, True),
    ):
        bench = listed(
            card("GOOD"),
            card("BLOCKED", "Blocked"),
            card("EXPIRED", "Expired"),
            card("INVALID", "Invalid"),
            card("BUSY", "ConcurrentTx"),
            LocalAuthorizeOffline=local,
            AllowOfflineTxForUnknownId=unknown,
        )
        bench.disconnect()
        assert may_charge(bench, "good") == known_may, (local, unknown)
        assert may_charge(bench, "UNKNOWN") == unknown_may, (local, unknown)
        for tag in ("BLOCKED", "EXPIRED", "INVALID", "BUSY"):
            assert not may_charge(bench, tag), (local, unknown, tag)


def test_a_card_expires_at_its_date_and_counts_as_expired_without_a_clock():
    bench = listed(
        card("A", expiryDate=text_from(NOON + 3600)),
        card("FORMER", expiryDate="1970-01-01T00:00:00Z"),
        card("LATER", expiryDate="9999-12-31T23:59:59Z"),
        AllowOfflineTxForUnknownId="true",
    )
    bench.disconnect()
    bench.pass_time(3500)
    assert may_charge(bench, "A") and may_charge(bench, "LATER")
    assert not may_charge(bench, "FORMER")
    bench.pass_time(100)
    assert not may_charge(bench, "A")
    without = StationBench(memory=bench.memory, now=None, register=False)
    assert not may_charge(without, "LATER")


def test_a_card_of_the_same_group_ends_a_transaction_offline():
    bench = listed(card("MINE", parentIdTag="FAMILY"), card("YOURS", parentIdTag="family"))
    bench.disconnect()
    bench.plug()
    bench.card("MINE")
    assert bench.permits[1]
    bench.card("YOURS")
    assert not bench.permits[1]
    bench.connect()
    assert bench.actions("StopTransaction")[0]["idTag"] == "YOURS"


def test_the_list_outranks_the_cache_and_its_cards_leave_the_cache():
    bench = StationBench()
    for tag in ("A", "B", "C"):
        assert may_charge(bench, tag)
    assert send(bench, 1, card("a", "Blocked"), card("B")) == ACCEPTED
    assert bench.memory.read("cache") == "\nc\tAccepted\t\t"
    bench.disconnect()
    assert [may_charge(bench, tag) for tag in ("A", "B", "C")] == [False, True, True]
    bench.connect()
    assert change(bench, 2, gone("B"), card("C", "Invalid")) == ACCEPTED
    assert bench.memory.read("cache") == ""
    bench.disconnect()
    assert not may_charge(bench, "B") and not may_charge(bench, "C")


def test_what_is_left_in_the_cache_does_not_outrank_the_list():
    bench = StationBench()
    assert may_charge(bench, "A")
    cached = bench.memory.kept["cache"]
    assert send(bench, 1, card("A", "Blocked")) == ACCEPTED
    bench.memory.kept["cache"] = cached
    bench.disconnect()
    assert not may_charge(bench, "A")


def test_a_card_in_the_list_does_not_come_into_the_cache():
    bench = listed(card("A"))
    assert may_charge(bench, "A") and may_charge(bench, "B")
    assert bench.memory.read("cache") == "\nb\tAccepted\t\t"


def conflicts(bench):
    return [
        (payload["connectorId"], payload["info"])
        for payload in bench.actions("StatusNotification")
        if payload["errorCode"] == "LocalListConflict"
    ]


def test_a_card_that_is_called_something_else_than_in_the_list_is_told_as_a_conflict():
    bench = listed(card("A"), card("B", "Blocked"))
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 1,
        "idTagInfo": {"status": "Invalid"},
    }
    assert not may_charge(bench, "A")
    assert conflicts(bench) == [(0, "A: list Accepted, now Invalid")]
    assert bench.permits[1] is False and bench.statuses()[-1] != "Faulted"
    bench.answers["StartTransaction"] = bench._start
    assert may_charge(bench, "B")
    assert conflicts(bench)[1:] == [(0, "B: list Blocked, now Accepted")]
    assert send(bench, 2, card("B")) == ACCEPTED
    status = [p for p in bench.actions("StatusNotification") if p["connectorId"] == 0][-1]
    assert status["errorCode"] == "NoError"


def test_what_is_equal_or_says_nothing_of_the_card_is_no_conflict():
    bench = listed(card("A"), card("B", "Blocked"), card("LONG" * 5, "ConcurrentTx"))
    for tag, status in (("A", "ConcurrentTx"), ("B", "Invalid"), ("OTHER", "Blocked")):
        bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": status}}
        assert not may_charge(bench, tag)
    assert may_charge(listed(card("A")), "A")
    assert conflicts(bench) == []
    bench.answers["Authorize"] = lambda payload: {"idTagInfo": ACCEPTED}
    assert may_charge(bench, "LONG" * 5) and len(conflicts(bench)[0][1]) <= 50


def test_a_damaged_list_lets_nobody_charge_unasked_and_has_the_version_0():
    bench = listed(
        card("A"),
        card("B", "Blocked"),
        LocalPreAuthorize="true",
        AllowOfflineTxForUnknownId="true",
    )
    bench.memory.records("local-list").damaged = True
    assert version(bench) == 0 and said(bench, "the local list cannot be read")
    assert may_charge(bench, "A") and asked(bench) == ["A"] and conflicts(bench) == []
    bench.disconnect()
    assert not may_charge(bench, "A") and not may_charge(bench, "UNKNOWN")
    bench.connect()
    assert change(bench, 2, card("A")) == FAILED
    assert send(bench, 2, card("A")) == ACCEPTED and version(bench) == 2
    bench.disconnect()
    assert may_charge(bench, "A") and may_charge(bench, "UNKNOWN")


def test_the_list_survives_a_restart():
    bench = listed(card("A"), card("B", "Blocked"))
    again = StationBench(memory=bench.memory, register=False)
    assert may_charge(again, "A") and not may_charge(again, "B")
    again.connect()
    assert version(again) == 1


def test_a_card_of_nonsense_is_looked_up_and_is_not_there():
    bench = listed(card("A"), AllowOfflineTxForUnknownId="true")
    bench.disconnect()
    for tag in ("", "\u00c4", "A\u0000", "A" * 40, "\n", "a b\t"):
        assert may_charge(bench, tag), tag
