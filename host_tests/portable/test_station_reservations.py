"""Reservations (OCPP 1.6, 5.1, 5.13): whom they let charge where, and how each of them ends."""

from station_bench import NOON, StationBench

from setpoint.protocol.iso8601 import text_from

GROUP = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
ALONE = {"idTagInfo": {"status": "Accepted"}}


def reserve(bench, connector=1, tag="MINE", id=5, lasts_s=3600, parent=None):
    request = {
        "connectorId": connector,
        "expiryDate": text_from((bench.now or NOON) + lasts_s),
        "idTag": tag,
        "reservationId": id,
    }
    if parent is not None:
        request["parentIdTag"] = parent
    return bench.ask("ReserveNow", request)["status"]


def cancel(bench, id=5):
    return bench.ask("CancelReservation", {"reservationId": id})["status"]


def remote_start(bench, tag, connector=None):
    request = {"idTag": tag}
    if connector is not None:
        request["connectorId"] = connector
    return bench.ask("RemoteStartTransaction", request)["status"]


def reserved(connector=1, tag="MINE", connectors=2, **more):
    bench = StationBench(connectors=connectors)
    assert reserve(bench, connector, tag, **more) == "Accepted"
    return bench


def family(bench):
    bench.answers["Authorize"] = lambda payload: GROUP if payload["idTag"] != "STRANGER" else ALONE
    return bench


def starts(bench):
    """(connector, card, reservationId or None) of every StartTransaction."""
    return [
        (p["connectorId"], p["idTag"], p.get("reservationId"))
        for p in bench.actions("StartTransaction")
    ]


def stored(bench):
    return [entry[0] for entry in bench.memory.read("reservations", [])]


# -- who may charge


def test_a_reserved_connector_is_for_its_card_only_and_the_start_names_the_reservation():
    bench = reserved()
    assert bench.statuses(1)[-1] == "Reserved" and bench.statuses(2)[-1] == "Available"
    bench.plug(1)
    bench.card("STRANGER", [1])
    assert starts(bench) == [] and not bench.permits[1]
    assert bench.statuses(1)[-1] == "Reserved", "a vehicle without the card changes nothing"
    bench.card("mine", [1])
    assert starts(bench) == [(1, "mine", 5)] and bench.permits[1]
    assert bench.statuses(1)[-2:] == ["Preparing", "SuspendedEV"]
    assert stored(bench) == [] and bench.station.facts.reservations is None
    bench.card("MINE", [1])
    bench.unplug(1)
    bench.plug(1)
    bench.card("STRANGER", [1])
    assert starts(bench)[-1] == (1, "STRANGER", None), "used once, it is over"


def test_the_card_may_come_before_the_plug_and_the_reservation_outlives_its_time_out():
    bench = reserved()
    bench.card("MINE", [1])
    assert bench.statuses(1)[-1] == "Preparing"
    bench.pass_time(61)
    assert bench.statuses(1)[-1] == "Reserved"
    bench.card("MINE", [1])
    bench.plug(1)
    assert starts(bench) == [(1, "MINE", 5)]


def test_at_a_reader_for_both_a_stranger_gets_the_other_connector():
    bench = reserved()
    bench.card("STRANGER")
    assert [bench.statuses(i)[-1] for i in (1, 2)] == ["Reserved", "Preparing"]
    bench.plug(1)
    assert starts(bench) == []
    bench.plug(2)
    assert starts(bench) == [(2, "STRANGER", None)]


def test_with_its_card_at_another_connector_the_reservation_stays():
    bench = reserved()
    bench.plug(2)
    bench.card("MINE", [2])
    assert starts(bench) == [(2, "MINE", None)] and stored(bench) == [5]
    assert bench.statuses(1)[-1] == "Reserved"


def test_a_card_of_the_group_may_use_it_and_only_authorize_knows_the_group():
    for keys in ({}, {"LocalPreAuthorize": "true"}):
        bench = family(StationBench(connectors=2, keys=keys))
        assert reserve(bench, parent="family") == "Accepted"
        bench.plug(1)
        bench.card("STRANGER", [1])
        assert starts(bench) == []
        bench.card("SISTER", [1])
        assert starts(bench) == [(1, "SISTER", 5)] and stored(bench) == []


def test_a_cached_card_whose_group_is_not_known_is_asked_about():
    bench = StationBench(keys={"LocalPreAuthorize": "true"})
    bench.card("SISTER")
    bench.pass_time(61)
    family(bench)
    assert reserve(bench, parent="FAMILY") == "Accepted"
    bench.plug()
    bench.sent.clear()
    bench.card("SISTER")
    assert len(bench.actions("Authorize")) == 1 and starts(bench) == [(1, "SISTER", 5)]


def test_offline_the_cache_knows_the_group():
    bench = family(StationBench(connectors=2, keys={"AllowOfflineTxForUnknownId": "true"}))
    bench.card("SISTER", [2])
    bench.pass_time(61)
    assert reserve(bench, parent="FAMILY") == "Accepted"
    bench.disconnect()
    bench.plug(1)
    bench.card("UNKNOWN", [1])
    assert not bench.permits[1], "an unknown card is of no group"
    bench.card("SISTER", [1])
    assert bench.permits[1]
    bench.connect()
    assert starts(bench) == [(1, "SISTER", 5)]


def test_a_remote_start_needs_the_reserved_card():
    bench = reserved()
    bench.plug(1)
    assert remote_start(bench, "STRANGER", 1) == "Rejected"
    assert remote_start(bench, "STRANGER") == "Accepted", "connector 2 is free"
    bench.pass_time(61)
    assert remote_start(bench, "MINE", 1) == "Accepted"
    assert starts(bench) == [(1, "MINE", 5)] and bench.actions("Authorize") == []


def test_a_remote_start_for_the_group_is_authorised_first():
    bench = family(reserved(parent="FAMILY"))
    bench.plug(1)
    assert remote_start(bench, "STRANGER", 1) == "Accepted", "it may be of the group"
    assert starts(bench) == [] and len(bench.actions("Authorize")) == 1
    assert remote_start(bench, "SISTER", 1) == "Accepted"
    assert starts(bench) == [(1, "SISTER", 5)]
    assert remote_start(bench, "STRANGER", 2) == "Accepted"
    assert len(bench.actions("Authorize")) == 2, "elsewhere AuthorizeRemoteTxRequests says it"


def test_a_start_that_fails_leaves_the_reservation():
    bench = reserved(connectors=1)
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
        },
    }
    request = {"idTag": "MINE", "connectorId": 1, "chargingProfile": profile}
    assert bench.ask("RemoteStartTransaction", request) == {"status": "Accepted"}
    bench.memory.fails = True  # flash does not take the profile
    bench.plug()
    assert starts(bench) == [] and stored(bench) == [5]
    assert bench.statuses()[-1] == "Reserved"


# -- connector 0


def test_connector_0_keeps_one_connector_whichever_that_is():
    bench = reserved(0)
    assert bench.statuses(0)[-1] == "Available"
    assert bench.statuses(1)[-1] == bench.statuses(2)[-1] == "Available"
    bench.plug(1)
    bench.card("STRANGER")
    assert starts(bench) == [(1, "STRANGER", None)]
    assert bench.statuses(2)[-1] == "Reserved"
    bench.plug(2)
    bench.card("OTHER", [2])
    assert remote_start(bench, "OTHER", 2) == remote_start(bench, "OTHER") == "Rejected"
    assert len(starts(bench)) == 1 and bench.statuses(2)[-1] == "Reserved"
    bench.card("MINE", [2])
    assert starts(bench)[1:] == [(2, "MINE", 5)] and stored(bench) == []


def test_a_connector_with_a_vehicle_is_not_vacant_for_connector_0():
    bench = StationBench(connectors=2)
    bench.plug(1)
    assert reserve(bench, 0) == "Accepted"
    assert [bench.statuses(i)[-1] for i in (1, 2)] == ["Preparing", "Reserved"]
    bench.card("STRANGER", [2])
    bench.plug(2)
    assert starts(bench) == []
    bench.card("STRANGER", [1])
    assert starts(bench) == [], "the last vacant connector is taken by a vehicle"
    bench.unplug(2)
    bench.card("STRANGER", [1])
    assert starts(bench) == [(1, "STRANGER", None)]


def test_a_card_that_waits_loses_the_connector_that_must_stay_vacant():
    bench = reserved(0)
    bench.card("FIRST")
    bench.card("SECOND")
    assert [bench.statuses(i)[-1] for i in (1, 2)] == ["Preparing", "Preparing"]
    bench.plug(1)
    assert starts(bench) == [(1, "FIRST", None)]
    assert bench.statuses(2)[-1] == "Reserved"
    bench.plug(2)
    assert len(starts(bench)) == 1
    assert cancel(bench) == "Accepted"
    assert starts(bench)[1:] == [(2, "SECOND", None)], "it waited no longer than ConnectionTimeOut"


def test_strangers_who_wait_do_not_push_out_who_has_reserved():
    bench = reserved(0)
    bench.card("MINE")
    bench.card("FIRST")
    bench.card("SECOND")
    bench.plug(1)
    bench.plug(2)
    assert sorted(starts(bench)) == [(1, "MINE", 5), (2, "SECOND", None)]


def test_a_remote_start_takes_what_a_waiting_stranger_may_not_have():
    bench = reserved(0)
    bench.card("FIRST")
    bench.card("SECOND")
    bench.plug(1)
    assert remote_start(bench, "MINE", 2) == "Accepted"
    bench.plug(2)
    assert starts(bench) == [(1, "FIRST", None), (2, "MINE", 5)]


def test_both_kinds_side_by_side():
    bench = StationBench(connectors=3)
    assert reserve(bench, 0, "ANY", 1) == "Accepted"
    assert reserve(bench, 0, "ANY", 2) == "Occupied", "the charge point is reserved already"
    assert reserve(bench, 1, "ONE", 3) == "Accepted"
    assert reserve(bench, 1, "ONE", 4) == "Occupied", "for the same card too"
    assert reserve(bench, 2, "TWO", 5) == "Accepted"
    assert [bench.statuses(i)[-1] for i in (1, 2, 3)] == ["Reserved"] * 3
    assert reserve(bench, 3, "ALL", 6) == "Occupied", "it is kept for whoever reserved connector 0"
    bench.plug(3)
    bench.card("ONE", [3])
    assert starts(bench) == []
    bench.card("ANY", [3])
    bench.plug(1)
    bench.card("ANY", [1])
    assert starts(bench) == [(3, "ANY", 1)] and stored(bench) == [3, 5]


# -- what ReserveNow answers


def test_what_is_not_free_cannot_be_reserved():
    bench = StationBench(connectors=2)
    assert reserve(bench, 7) == reserve(bench, -1) == "Rejected"
    assert reserve(bench, 1, lasts_s=0) == reserve(bench, 0, lasts_s=-10) == "Rejected"
    bench.plug(1)
    assert reserve(bench, 1) == "Occupied", "a vehicle is there"
    bench.card("A", [1])
    assert reserve(bench, 1) == "Occupied", "it charges"
    bench.card("A", [1])
    assert bench.statuses(1)[-1] == "Finishing" and reserve(bench, 1) == "Occupied"
    bench.card("B", [2])
    assert reserve(bench, 2) == "Occupied", "a card waits for a plug there"
    assert reserve(bench, 0) == "Occupied", "and would take the last vacant one"
    bench.pass_time(61)
    assert reserve(bench, 0) == "Accepted"
    assert bench.statuses(2)[-1] == "Reserved"


def test_what_is_faulted_or_unavailable_cannot_be_reserved():
    for connector in (1, 0):
        bench = StationBench(connectors=2)
        bench.fault("GroundFailure", connector=connector)
        assert reserve(bench, connector) == "Faulted", connector
        bench.fault("GroundFailure", False, connector)
        bench.ask("ChangeAvailability", {"connectorId": connector, "type": "Inoperative"})
        assert reserve(bench, connector) == "Unavailable", connector
    bench = StationBench(connectors=2)
    bench.fault("GroundFailure", connector=1)
    bench.fault("WeakSignal", connector=2)
    assert reserve(bench, 0) == "Accepted", "the other one is enough, and a warning is no fault"
    bench = StationBench(connectors=2)
    bench.ask("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    bench.ask("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert reserve(bench, 0) == "Unavailable" and reserve(bench, 1) == "Accepted"


def test_a_station_may_be_set_up_without_reservations_or_without_those_of_connector_0():
    bench = StationBench(keys={"ReserveConnectorZeroSupported": "false"})
    assert reserve(bench, 0) == "Rejected" and reserve(bench, 1) == "Accepted"
    bench = StationBench(keys={"SupportedFeatureProfiles": "Core"})
    assert reserve(bench, 0) == reserve(bench, 1) == "Rejected"


def test_without_the_time_nothing_is_reserved():
    bench = StationBench(now=None, register=False)
    bench.boot_answer = {"status": "Pending", "currentTime": "1960-01-01T00:00:00Z", "interval": 60}
    bench.connect()
    assert reserve(bench) == "Rejected"
    assert bench.station.facts.reservations is None and stored(bench) == []


def test_the_same_id_replaces_wherever_it_was():
    bench = reserved(1)
    assert reserve(bench, 1, "YOURS", lasts_s=7200) == "Accepted"
    bench.plug(1)
    bench.card("MINE", [1])
    assert starts(bench) == []
    assert reserve(bench, 1, "YOURS", lasts_s=9000) == "Accepted", "a vehicle without card is there"
    bench.unplug(1)
    assert reserve(bench, 2, "YOURS") == "Accepted"
    assert [bench.statuses(i)[-1] for i in (1, 2)] == ["Available", "Reserved"]
    assert reserve(bench, 0, "YOURS") == "Accepted"
    assert [bench.statuses(i)[-1] for i in (1, 2)] == ["Available", "Available"]
    assert stored(bench) == [5]
    bench.plug(1)
    assert reserve(bench, 1, "YOURS") == "Occupied" and stored(bench) == [5], "the old one stays"
    assert bench.memory.read("reservations")[0][1] == 0


def test_what_flash_does_not_take_is_not_reserved():
    bench = StationBench()
    bench.memory.fails = True
    assert reserve(bench) == "Rejected" and bench.statuses()[-1] == "Available"
    assert bench.station.facts.reservations is None
    bench.memory.fails = False
    assert reserve(bench) == "Accepted"
    bench.memory.fails = True
    assert cancel(bench) == "Rejected" and bench.statuses()[-1] == "Reserved"
    assert reserve(bench, tag="YOURS") == "Rejected"
    bench.memory.fails = False
    bench.plug()
    bench.card("MINE")
    assert starts(bench) == [(1, "MINE", 5)]


def test_what_has_ended_does_not_come_back_because_flash_did_not_take_the_end():
    for connector in (0, 1):
        bench = reserved(connector, lasts_s=100)
        bench.memory.fails = True
        bench.pass_time(110)
        assert bench.statuses(1)[-1] == "Available" and stored(bench) == [5]
        assert reserve(bench, connector, "YOURS", id=6) == "Rejected"
        assert bench.statuses(1)[-1] == "Available"
        bench.memory.fails = False
        bench.pass_time(60)
        assert stored(bench) == [] and bench.station.facts.reservations is None
        assert reserve(bench, connector, "YOURS", id=6) == "Accepted"


# -- how it ends


def test_cancelled():
    bench = reserved()
    assert cancel(bench, 6) == "Rejected"
    assert cancel(bench) == "Accepted" and bench.statuses(1)[-1] == "Available"
    assert cancel(bench) == "Rejected" and stored(bench) == []
    bench.plug(1)
    bench.card("STRANGER", [1])
    assert starts(bench) == [(1, "STRANGER", None)]


def test_expired_to_the_second():
    bench = reserved(lasts_s=250)
    bench.pass_time(249)
    assert bench.statuses(1)[-1] == "Reserved"
    assert bench.station.due_at_ms() == bench.up_ms + 1000
    bench.pass_time(1)
    assert bench.statuses(1)[-1] == "Available" and stored(bench) == []
    bench = reserved(lasts_s=250)
    bench.plug(1)
    bench.pass_time(250)
    assert bench.statuses(1)[-1] == "Preparing"


def test_ended_by_a_fault_or_by_unavailability_for_good():
    for happens, ends in (
        (lambda bench, active: bench.fault("GroundFailure", active, 1), True),
        (lambda bench, active: bench.fault("GroundFailure", active, 0), True),
        (lambda bench, active: bench.fault("GroundFailure", active, 2), False),
        (lambda bench, active: bench.fault("WeakSignal", active, 1), False),
        (lambda bench, active: make_available(bench, 1, not active), True),
        (lambda bench, active: make_available(bench, 0, not active), True),
    ):
        bench = reserved()
        happens(bench, True)
        happens(bench, False)
        assert stored(bench) == ([] if ends else [5])
        assert bench.statuses(1)[-1] == ("Available" if ends else "Reserved")


def make_available(bench, connector, operative):
    kind = "Operative" if operative else "Inoperative"
    bench.ask("ChangeAvailability", {"connectorId": connector, "type": kind})


def test_that_of_connector_0_ends_when_no_connector_can_serve():
    bench = reserved(0)
    bench.fault("GroundFailure", connector=1)
    assert stored(bench) == [5] and bench.statuses(2)[-1] == "Reserved"
    bench.fault("GroundFailure", connector=2)
    assert stored(bench) == []
    bench = reserved(0)
    make_available(bench, 0, False)
    assert stored(bench) == []
    bench = reserved(0)
    bench.charge(1)
    bench.fault("GroundFailure", connector=2)
    assert stored(bench) == [5], "the one that charges will be free again"


def test_what_becomes_vacant_in_the_middle_of_a_pass_counts_in_that_pass():
    bench = reserved(0)
    bench.ask("ChangeConfiguration", {"key": "StopTransactionOnEVSideDisconnect", "value": "false"})
    bench.silent = True
    bench.plug(1)
    bench.card("STRANGER", [1])
    while bench.unanswered[0][1] != "StartTransaction":
        message_id, action, payload = bench.unanswered.pop(0)
        bench.reply(message_id, bench.answers[action](payload))
    bench.unplug(1)
    assert bench.station.facts.connector(2).status() == "Reserved"
    invalid = {"transactionId": 1, "idTagInfo": {"status": "Invalid"}}
    bench.reply(bench.unanswered.pop(0)[0], invalid)
    assert bench.station.facts.connector(1).transaction is None
    assert bench.station.facts.connector(2).status() == "Available"


# -- over a restart


def restarted(bench, **more):
    return StationBench(connectors=2, memory=bench.memory, now=bench.now, **more)


def test_it_survives_a_restart():
    bench = reserved(parent="FAMILY")
    bench.plug(1)
    again = family(restarted(bench))
    assert again.statuses(1)[-1] == "Reserved"
    again.plug(1)
    again.card("STRANGER", [1])
    assert starts(again) == []
    again.card("SISTER", [1])
    assert starts(again) == [(1, "SISTER", 5)]


def test_one_that_expired_meanwhile_is_over():
    bench = reserved(lasts_s=250)
    bench.now += 251
    again = restarted(bench)
    assert again.statuses(1)[-1] == "Available" and stored(again) == []


def test_while_the_time_is_not_known_it_holds_for_as_long_as_it_was_to_last():
    keys = {"AllowOfflineTxForUnknownId": "true"}
    bench = reserved(lasts_s=250)
    bench.now = None
    again = restarted(bench, register=False, keys=keys)
    again.plug(1)
    again.card("STRANGER", [1])
    assert not again.permits[1]
    again.pass_time(249)
    again.card("STRANGER", [1])
    assert not again.permits[1]
    again.pass_time(1)
    again.card("STRANGER", [1])
    assert again.permits[1], "no clock ever comes, and the connector is not lost"


def test_the_clock_that_becomes_known_decides():
    for late_s, status in ((249, "Reserved"), (250, "Available")):
        bench = reserved(lasts_s=250)
        bench.now = None
        again = restarted(bench, register=False)
        again.boot_answer = dict(again.boot_answer, currentTime=text_from(NOON + late_s))
        again.connect()
        assert again.statuses(1)[-1] == status


def test_power_that_fails_between_the_start_and_the_end_of_its_reservation():
    for resumes in ("true", "false"):
        for connector in (0, 1):
            bench = reserved(connector)
            bench.plug(1)
            bench.memory.fails = True  # the journal has the start, the document stays as it was
            bench.card("MINE", [1])
            assert starts(bench) == [(1, "MINE", 5)] and stored(bench) == [5]
            bench.memory.fails = False
            again = restarted(bench, keys={"ResumeTransactionAfterPowerLoss": resumes})
            assert stored(again) == [], (resumes, connector)
            assert again.statuses(2)[-1] == "Available"


def test_an_id_that_is_used_again_while_its_first_transaction_runs():
    bench = reserved()
    bench.charge(1, "MINE")
    bench.pass_time(10)
    assert reserve(bench, 2, "YOURS") == "Accepted"
    assert stored(restarted(bench)) == [5]


def test_an_offline_start_names_its_reservation_after_a_restart_too():
    bench = reserved()
    bench.card("MINE", [1])
    bench.disconnect()
    bench.plug(1)
    assert bench.permits[1] and starts(bench) == []
    again = restarted(bench)
    assert starts(again) == [(1, "MINE", 5)]


def test_a_document_that_another_program_wrote_reserves_nothing():
    for found in ([[5]], [[5, "1", "MINE", None, 9, 0]], ["x"], [[5, 1, "MINE", None, 9, None]]):
        bench = StationBench()
        bench.memory.write("reservations", found)
        again = StationBench(memory=bench.memory)
        assert again.statuses() == ["Available"], found
    bench.memory.write("reservations", [[5, 4, "MINE", None, NOON + 600, NOON]])
    assert StationBench(memory=bench.memory).statuses() == ["Available"], "no such connector"
    assert stored(bench) == []
