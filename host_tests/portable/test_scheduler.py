"""The scheduler by itself: OCPP's requests go in as they come from the wire."""

from setpoint.scheduler import OcppError, Scheduler, Supply, Transaction, instant_from, text_from

NOON = instant_from("2025-06-15T12:00:00Z")


def a_scheduler(connectors=1):
    return Scheduler(Supply(230, 3, False, 320, connectors=connectors))


def request(
    id=1,
    connector=1,
    purpose="TxDefaultProfile",
    kind="Absolute",
    level=0,
    periods=((0, 16),),
    **more,
):
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit} for start, limit in periods
        ],
    }
    if kind != "Relative":
        schedule["startSchedule"] = "2025-06-15T12:00:00Z"
    profile = {
        "chargingProfileId": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    profile.update(more)
    return {"connectorId": connector, "csChargingProfiles": profile}


def code_of(call, *arguments):
    try:
        call(*arguments)
    except OcppError as error:
        return error.code
    return None


def test_a_request_from_the_wire_limits_until_its_next_period():
    scheduler = a_scheduler()
    assert scheduler.set_charging_profile(request(periods=((0, 16), (3600, 8.5))), NOON) == (
        {"status": "Accepted"},
        None,
    )
    limit_da, phases, until, profile = scheduler.limit_at(1, NOON)
    assert (limit_da, phases, until, profile.id) == (160, 3, NOON + 3600, 1)
    assert scheduler.limit_at(1, until)[0] == 85


def test_a_request_that_is_wrong_in_form_is_a_callerror():
    scheduler = a_scheduler(connectors=2)
    assert code_of(scheduler.set_charging_profile, {"connectorId": 1}, NOON) == "FormationViolation"
    assert (
        code_of(scheduler.set_charging_profile, request(id="1"), NOON) == "TypeConstraintViolation"
    )
    assert (
        code_of(scheduler.set_charging_profile, request(kind="Sometimes"), NOON)
        == "PropertyConstraintViolation"
    )
    assert (
        code_of(scheduler.set_charging_profile, request(connector=3), NOON)
        == "PropertyConstraintViolation"
    )
    assert code_of(scheduler.clear_charging_profile, {"id": "x"}) == "TypeConstraintViolation"
    assert (
        code_of(scheduler.get_composite_schedule, {"connectorId": 1}, NOON) == "FormationViolation"
    )
    assert scheduler.documents() == []


def test_a_request_is_as_it_was_afterwards():
    scheduler = a_scheduler()
    sent = request(periods=((0, 16), (3600, 8.5)))
    for _ in range(2):
        assert scheduler.set_charging_profile(sent, NOON) == ({"status": "Accepted"}, None)
    assert sent == request(periods=((0, 16), (3600, 8.5)))


def test_a_refusal_comes_with_its_reason_and_changes_nothing():
    scheduler = a_scheduler()
    conf, reason = scheduler.set_charging_profile(
        request(purpose="TxProfile", kind="Relative"), NOON
    )
    assert conf == {"status": "Rejected"} and "transaction" in reason
    assert scheduler.documents() == [] and scheduler.limit_at(1, NOON)[0] == 320


def test_a_transactions_profile_goes_with_it():
    scheduler = a_scheduler()
    transaction = Transaction(5, NOON - 60, 77)
    running = {1: transaction}
    wanted = request(
        purpose="TxProfile", kind="Relative", periods=((0, 10), (120, 12)), transactionId=77
    )
    assert scheduler.set_charging_profile(wanted, NOON, running) == ({"status": "Accepted"}, None)
    assert scheduler.limit_at(1, NOON, transaction)[:3] == (100, 3, NOON + 60)
    scheduler.transaction_ended(transaction)
    assert scheduler.limit_at(1, NOON)[0] == 320


def test_the_composite_schedule_is_the_payload_of_its_answer():
    scheduler = a_scheduler()
    scheduler.set_charging_profile(request(periods=((0, 16), (3600, 8.5))), NOON)
    conf = scheduler.get_composite_schedule({"connectorId": 1, "duration": 7200}, NOON + 600)
    assert (
        conf["status"] == "Accepted"
        and conf["scheduleStart"] == "2025-06-15T12:10:00Z"
        and conf["connectorId"] == 1
    )
    schedule = conf["chargingSchedule"]
    assert schedule["duration"] == 7200 and schedule["chargingRateUnit"] == "A"
    assert [
        (p["startPeriod"], p["limit"], p["numberPhases"])
        for p in schedule["chargingSchedulePeriod"]
    ] == [(0, 16.0, 3), (3000, 8.5, 3)]
    for wrong, now in (
        ({"connectorId": 2, "duration": 1}, NOON),
        ({"connectorId": 1, "duration": -1}, NOON),
        ({"connectorId": 1, "duration": 1}, None),
    ):
        assert scheduler.get_composite_schedule(wrong, now) == {"status": "Rejected"}


def test_what_was_cleared_is_gone_and_what_was_stored_comes_back():
    scheduler = a_scheduler()
    for id, level in ((1, 0), (2, 1)):
        scheduler.set_charging_profile(request(id, level=level, periods=((0, 10 + id),)), NOON)
    assert scheduler.clear_charging_profile({"id": 2}) == {"status": "Accepted"}
    assert scheduler.clear_charging_profile({"id": 2}) == {"status": "Unknown"}
    again = a_scheduler()
    again.restore(scheduler.documents())
    assert again.limit_at(1, NOON)[0] == 110 and again.documents() == scheduler.documents()
    try:
        again.restore([{"id": 1}])
    except ValueError:
        pass
    else:
        raise AssertionError("not a profile")


def test_instants_are_what_texts_say():
    assert instant_from("2020-01-01T00:00:10Z") == 10 and text_from(10) == "2020-01-01T00:00:10Z"
