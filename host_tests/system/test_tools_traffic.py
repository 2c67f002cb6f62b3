"""tools/traffic: the judges find what is wrong, let pass what is right, and one line tells what a
message says."""

import json

import pytest

from tools.traffic import Message, Record, gist, violations

BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
BOOT_ANSWER = '[3,"1",{"status":"Accepted","currentTime":"2025-06-15T00:00:00Z","interval":60}]'


def record_of(*texts: str) -> Record:
    """Messages as `<text` from the station and `>text` to it, an hour apart."""
    record = Record()
    for number, text in enumerate(texts):
        record.add(Message(text[1:], to_station=text[0] == ">", at=number * 3600.0))
    return record


def composite(limit: str) -> Record:
    schedule = (
        '{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":%s}]}' % limit
    )
    call = '>[2,"9","GetCompositeSchedule",{"connectorId":1,"duration":60}]'
    return record_of(call, '<[3,"9",{"status":"Accepted","chargingSchedule":%s}]' % schedule)


def test_a_correct_exchange_passes():
    assert violations(record_of("<" + BOOT, ">" + BOOT_ANSWER)) == []


@pytest.mark.parametrize("limit", ["11.3", "16", "16.0", "0.1", "22080.0", "8.1"])
def test_a_limit_with_one_decimal_passes(limit):
    assert violations(composite(limit)) == []


@pytest.mark.parametrize(
    "limit", ["11.30000019", "11.300000190734863", "11.35", '"16"', "NaN", "null"]
)
def test_a_limit_that_the_schema_forbids_is_found(limit):
    assert len(violations(composite(limit))) == 1


@pytest.mark.parametrize(
    "text, fault",
    [
        ("<hello", "not JSON"),
        ('<[2,"1","BootNotification"]', "not an OCPP-J message"),
        (
            '<[2,"1","BootNotification",{"chargePointVendor":"V"}]',
            "'chargePointModel' is a required property",
        ),
        (
            '<[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","x":1}]',
            "Additional properties",
        ),
        (
            '<[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","chargePointModel":"M"}]',
            "stands twice",
        ),
        ('<[2,"1","Invented",{}]', "no action 'Invented'"),
        ('<[2,"1","../call",{}]', "no action"),
        ('<[2,"%s","Heartbeat",{}]' % ("x" * 37), "more than 36"),
        (
            '<[2,"1","StopTransaction",{"meterStop":1,"timestamp":"2025-06-15 00:00","transactionId":1}]',
            "is not a 'date-time'",
        ),
        ('<[3,"7",{}]', "answers a call that nobody made"),
        ('<[4,"-1","MadeUp","",{}]', "is not one of OCPP-J"),
    ],
)
def test_a_fault_is_found(text, fault):
    found = violations(record_of(text))
    assert len(found) == 1 and fault in found[0]


def test_two_calls_in_flight_are_found():
    record = record_of('<[2,"1","Heartbeat",{}]', '<[2,"2","Heartbeat",{}]')
    assert violations(record) == []  # an hour later: the first has timed out
    record[1].at = record[0].at + 0.5
    assert len(violations(record)) == 1


def test_an_id_that_comes_twice_is_found():
    answer = '>[3,"1",{"currentTime":"2025-06-15T00:00:00Z"}]'
    found = violations(
        record_of('<[2,"1","Heartbeat",{}]', answer, '<[2,"1","Heartbeat",{}]', answer)
    )
    assert len(found) == 1 and "used before" in found[0]


def test_two_answers_to_one_call_are_found():
    call = '>[2,"9","ClearCache",{}]'
    found = violations(
        record_of(call, '<[3,"9",{"status":"Accepted"}]', '<[3,"9",{"status":"Accepted"}]')
    )
    assert len(found) == 1 and "again" in found[0]


def test_what_the_bench_sent_wrong_on_purpose_is_not_judged_but_its_answer_is():
    record = Record()
    record.add(Message('[2,"9","SetChargingProfile",7]', to_station=True, deliberate=True))
    record.add(Message('[4,"9","FormationViolation","no object",{}]', to_station=False))
    assert violations(record) == []
    record.add(Message('[4,"9","Oops","no object",{}]', to_station=False))
    assert len(violations(record)) == 1


def test_a_line_tells_what_a_message_says():
    profile = {
        "chargingProfileId": 7,
        "stackLevel": 3,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 16},
                {"startPeriod": 60, "limit": 8.5},
            ],
        },
    }
    text = json.dumps(
        [2, "1", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}]
    )
    assert (
        gist(Message(text, True)).split("  ")[-1]
        == "connectorId 1, TxProfile 7, level 3, Absolute: 16 A; from 60 s 8.5 A"
    )
    assert gist(Message("hello", False)) == "not an OCPP-J message: hello"
    assert gist(Message('[4,"1","NotSupported","why",{}]', False)).endswith("NotSupported: why")
