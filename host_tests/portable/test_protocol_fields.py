"""What the fields of a payload are turned into, and what is wrong with them (R2, R3)."""

import json

from setpoint.protocol.answers import answer_spec_for
from setpoint.protocol.errors import OcppError
from setpoint.protocol.fields import (
    BOOLEAN,
    INSTANT,
    INTEGER,
    TENTHS,
    list_of,
    object_of,
    one_of,
    optional,
    read,
    readable,
    required,
    string,
)
from setpoint.protocol.iso8601 import instant_from
from setpoint.protocol.requests import spec_for

INNER = (required("n", INTEGER), optional("m", TENTHS))
TABLE = (
    required("integer", INTEGER),
    optional("number", TENTHS),
    optional("text", string(5)),
    optional("kind", one_of("A", "W")),
    optional("at", INSTANT),
    optional("flag", BOOLEAN),
    optional("inner", object_of(INNER)),
    optional("inners", list_of(object_of(INNER), 1)),
    optional("words", list_of(string(3))),
)

PERIODS = '{"startPeriod":0,"limit":11.3,"numberPhases":3},{"startPeriod":3600,"limit":15},{"startPeriod":7200,"limit":7.77,"numberPhases":null}'
PROFILE = (
    '{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"transactionId":null,"stackLevel":0,'
    '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","validTo":"2099-01-01T00:00:00+02:00","customData":{"a":[1]},'
    '"chargingSchedule":{"duration":86400,"startSchedule":"2025-06-15T00:00:00.5Z","chargingRateUnit":"A","minChargingRate":6.0,'
    '"chargingSchedulePeriod":[' + PERIODS + "]}}}"
)


def fault_in(payload, table):
    try:
        clean = read(payload, table)
    except OcppError as error:
        return error
    raise AssertionError("%r was read as %r" % (payload, clean))


# payload as JSON, code, what the description begins with
WRONG = (
    ("{}", "FormationViolation", "integer is required"),
    ('{"integer":null}', "TypeConstraintViolation", "integer must not be null"),
    ('{"integer":"5"}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":5.5}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":1e10}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":1e400}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":true}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":false}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":[1]}', "TypeConstraintViolation", "integer must be an integer"),
    ('{"integer":2147483648}', "PropertyConstraintViolation", "integer "),
    ('{"integer":-2147483649}', "PropertyConstraintViolation", "integer "),
    ('{"integer":123456789012345678901234567890}', "PropertyConstraintViolation", "integer "),
    ('{"integer":1,"number":"5"}', "TypeConstraintViolation", "number must be a number"),
    ('{"integer":1,"number":true}', "TypeConstraintViolation", "number must be a number"),
    ('{"integer":1,"number":1e400}', "PropertyConstraintViolation", "number "),
    ('{"integer":1,"number":-1e400}', "PropertyConstraintViolation", "number "),
    ('{"integer":1,"number":1e30}', "PropertyConstraintViolation", "number "),
    ('{"integer":1,"number":100000001}', "PropertyConstraintViolation", "number "),
    ('{"integer":1,"text":5}', "TypeConstraintViolation", "text must be a string"),
    (
        '{"integer":1,"text":"123456"}',
        "PropertyConstraintViolation",
        "text must not be longer than 5",
    ),
    ('{"integer":1,"kind":"a"}', "PropertyConstraintViolation", "kind must be one of A, W"),
    ('{"integer":1,"kind":""}', "PropertyConstraintViolation", "kind must be one of A, W"),
    ('{"integer":1,"kind":1}', "TypeConstraintViolation", "kind must be a string"),
    ('{"integer":1,"kind":["A"]}', "TypeConstraintViolation", "kind must be a string"),
    ('{"integer":1,"at":"yesterday"}', "PropertyConstraintViolation", "at is no dateTime"),
    (
        '{"integer":1,"at":"2025-02-30T00:00:00Z"}',
        "PropertyConstraintViolation",
        "at is no dateTime: this month has no such day",
    ),
    ('{"integer":1,"at":1750000000}', "TypeConstraintViolation", "at must be a string"),
    ('{"integer":1,"flag":1}', "TypeConstraintViolation", "flag must be true or false"),
    ('{"integer":1,"flag":"true"}', "TypeConstraintViolation", "flag must be true or false"),
    ('{"integer":1,"inner":[]}', "TypeConstraintViolation", "inner must be an object"),
    ('{"integer":1,"inner":{}}', "FormationViolation", "inner.n is required"),
    ('{"integer":1,"inner":{"n":"1"}}', "TypeConstraintViolation", "inner.n must be an integer"),
    ('{"integer":1,"inners":{}}', "TypeConstraintViolation", "inners must be a list"),
    ('{"integer":1,"inners":[]}', "OccurenceConstraintViolation", "inners must have at least 1"),
    (
        '{"integer":1,"inners":[{"n":1},5]}',
        "TypeConstraintViolation",
        "inners[1] must be an object",
    ),
    (
        '{"integer":1,"inners":[{"n":1},null]}',
        "TypeConstraintViolation",
        "inners[1] must be an object",
    ),
    (
        '{"integer":1,"inners":[{"n":1},{"n":2},{"m":1}]}',
        "FormationViolation",
        "inners[2].n is required",
    ),
    (
        '{"integer":1,"inners":[{"n":1},{"n":2,"m":"x"}]}',
        "TypeConstraintViolation",
        "inners[1].m must be a number",
    ),
    ('{"integer":1,"words":["abc",5]}', "TypeConstraintViolation", "words[1] must be a string"),
    (
        '{"integer":1,"words":["abc","abcd"]}',
        "PropertyConstraintViolation",
        "words[1] must not be longer than 3",
    ),
    ('{"integer":1,"words":[null]}', "TypeConstraintViolation", "words[0] must be a string"),
    ("[]", "TypeConstraintViolation", "the payload must be an object"),
)


def test_a_wrong_field_is_named_with_its_code():
    for text, code, begins in WRONG:
        error = fault_in(json.loads(text), TABLE)
        assert error.code == code, (text, error.code)
        assert error.description.startswith(begins), (text, error.description)


def test_nan_is_out_of_range():
    infinity = json.loads("1e400")
    for number in (infinity, -infinity, infinity - infinity):
        assert (
            fault_in({"integer": 1, "number": number}, TABLE).code == "PropertyConstraintViolation"
        )


def test_whole_numbers_with_a_point_and_the_lowest_of_32_bits_are_integers():
    for text, number in (
        ("300.0", 300),
        ("0.0", 0),
        ("-0.0", 0),
        ("-7.00", -7),
        ("3e2", 300),
        ("16777215.0", 16777215),
        ("-2147483648", -2147483648),
    ):
        for table, payload in (
            (TABLE, '{"integer":%s}'),
            (TABLE, '{"integer":1,"inners":[{"n":2},{"n":%s}]}'),
        ):
            clean = read(json.loads(payload % text), table)
            found = clean["inners"]["n"][1] if "inners" in clean else clean["integer"]
            assert found == number and type(found) is int, text


def test_what_cannot_be_read_of_an_answer_takes_nothing_else_with_it():
    for text, expected, told in (
        (
            '{"integer":5,"number":"x","at":"2020-01-01T00:01:00Z"}',
            {"integer": 5, "number": None, "at": 60},
            1,
        ),
        (
            '{"inner":{"n":"x","m":1},"text":"123456"}',
            {"inner": {"n": None, "m": 10}, "text": None},
            3,
        ),
        ('{"integer":null,"number":null,"more":1}', {}, 1),
        ('{"integer":1,"inner":5}', {"integer": 1, "inner": {}}, 1),
        ('{"integer":1,"inners":[{"n":1},{"n":"2"}]}', {"integer": 1, "inners": None}, 1),
        ("5", {}, 1),
        ("null", {}, 1),
    ):
        problems = []
        assert readable(json.loads(text), TABLE, problems) == expected, text
        assert len(problems) == told, (text, problems)


def test_values_are_converted():
    clean = read(
        {
            "integer": -2147483647,
            "number": 8.1,
            "text": "12345",
            "kind": "W",
            "at": "2020-01-01T00:01:00Z",
            "flag": False,
        },
        TABLE,
    )
    assert clean == {
        "integer": -2147483647,
        "number": 81,
        "text": "12345",
        "kind": "W",
        "at": 60,
        "flag": False,
    }
    for given, tenths in (
        (0, 0),
        (16, 160),
        (7.77, 77),
        (22080.0, 220800),
        (-1, -10),
        (-0.5, -5),
        (100000000, 1000000000),
    ):
        assert read({"integer": 1, "number": given}, TABLE)["number"] == tenths, given
        assert type(read({"integer": 1, "number": given}, TABLE)["number"]) is int


def test_strings_are_measured_in_characters():
    assert (
        read({"integer": 1, "text": "\u00fc\u20ac\U0001f600ab"}, TABLE)["text"]
        == "\u00fc\u20ac\U0001f600ab"
    )


def test_an_optional_null_and_an_unknown_field_are_left_out():
    payload = json.loads(
        '{"integer":1,"number":null,"inner":null,"inners":[{"n":1,"m":null,"x":2},{"n":2,"m":3}],"other":{"deep":[1]},"more":null}'
    )
    assert read(payload, TABLE) == {"integer": 1, "inners": {"n": [1, 2], "m": [None, 30]}}


def test_an_empty_table_takes_anything_and_keeps_nothing():
    assert read({"a": 1, "b": None}, ()) == {}


def test_a_charging_profile():
    clean = read(json.loads(PROFILE), spec_for("SetChargingProfile"))
    assert clean == {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "validTo": instant_from("2098-12-31T22:00:00Z"),
            "chargingSchedule": {
                "duration": 86400,
                "startSchedule": instant_from("2025-06-15T00:00:00Z"),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": {
                    "startPeriod": [0, 3600, 7200],
                    "limit": [113, 150, 77],
                    "numberPhases": [3, None, None],
                },
            },
        },
    }


def test_the_path_of_a_wrong_limit_leads_to_it():
    error = fault_in(json.loads(PROFILE.replace("7.77", '"7.77"')), spec_for("SetChargingProfile"))
    assert error.code == "TypeConstraintViolation"
    assert (
        error.description
        == "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].limit must be a number"
    )


def test_a_minimum_rate_of_another_type_is_told_though_nobody_uses_it():
    error = fault_in(json.loads(PROFILE.replace("6.0", '"6"')), spec_for("SetChargingProfile"))
    assert (
        error.description == "csChargingProfiles.chargingSchedule.minChargingRate must be a number"
    )


def test_an_action_is_supported_known_or_unknown():
    assert spec_for("ClearCache") == ()
    for action, code in (
        ("SignedFirmwareStatusNotification", "NotSupported"),
        ("BootNotification", "NotSupported"),
        ("Foo", "NotImplemented"),
        ("setChargingProfile", "NotImplemented"),
        ("", "NotImplemented"),
        (" ", "NotImplemented"),
        ("GetLog Heartbeat", "NotImplemented"),
        ("Log", "NotImplemented"),
        ("GetVariables", "NotImplemented"),
    ):
        try:
            spec_for(action)
        except OcppError as error:
            assert error.code == code, action
        else:
            raise AssertionError(action)


def test_answers_of_a_central_system():
    boot = {"status": "Accepted", "currentTime": "2025-06-15T10:00:00.123Z", "interval": 300}
    assert read(boot, answer_spec_for("BootNotification")) == {
        "status": "Accepted",
        "currentTime": (instant_from("2025-06-15T10:00:00Z"), 123),
        "interval": 300,
    }
    whole = read({"currentTime": "2025-06-15T10:00:00Z"}, answer_spec_for("Heartbeat"))
    assert whole == {"currentTime": (instant_from("2025-06-15T10:00:00Z"), 0)}
    assert read(
        {"idTagInfo": {"status": "Blocked", "expiryDate": None}}, answer_spec_for("Authorize")
    ) == {"idTagInfo": {"status": "Blocked"}}
    assert read({}, answer_spec_for("StopTransaction")) == {}
    assert (
        fault_in({"transactionId": 1}, answer_spec_for("StartTransaction")).code
        == "FormationViolation"
    )
