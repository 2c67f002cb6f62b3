"""Tables of fields against the official schemas: what they allow is read, what they forbid is
refused."""

import json
import math
from datetime import datetime
from pathlib import Path

import jsonschema
import ocpp.v16
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official import CODES, EPOCH

from setpoint.protocol import answers, fields, requests
from setpoint.protocol.errors import OcppError

SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"


def schema_of(name: str) -> dict:
    schema = json.loads((SCHEMAS / (name + ".json")).read_text(encoding="utf-8-sig"))
    return inlined(schema, schema.get("definitions", {}))


def inlined(schema, definitions):
    """The same without references, which the whitepaper's schemas have."""
    if isinstance(schema, list):
        return [inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    return {key: inlined(one, definitions) for key, one in schema.items()}


def kind_of(schema: dict) -> tuple:
    """What a schema says of one value, in the words of fields.py."""
    known = {
        "type",
        "enum",
        "maxLength",
        "format",
        "multipleOf",
        "additionalProperties",
        "properties",
        "required",
        "items",
        "minItems",
    }
    assert set(schema) <= known, set(schema) - known
    kind = schema["type"]
    if kind == "integer":
        return fields.INTEGER
    if kind == "number":
        return fields.TENTHS
    if kind == "boolean":
        return fields.BOOLEAN
    if kind == "object":
        return fields.object_of(table_of(schema))
    if kind == "array":
        return fields.list_of(kind_of(schema["items"]), schema.get("minItems", 0))
    assert kind == "string"
    if "enum" in schema:
        return fields.one_of(*schema["enum"])
    return (
        fields.INSTANT
        if schema.get("format") == "date-time"
        else fields.string(schema.get("maxLength"))
    )


def table_of(schema: dict) -> tuple:
    needed = schema.get("required", [])
    return tuple(
        (fields.required if name in needed else fields.optional)(name, kind_of(value))
        for name, value in schema["properties"].items()
    )


def comparable(table: tuple) -> dict:
    """A table with sets for what has no order, and without the one deviation."""
    return {name: (needed, *comparable_kind(kind, rule)) for name, needed, kind, rule in table}


def comparable_kind(kind: int, rule) -> tuple:
    if (kind, rule) == fields.UNUSED_TENTHS:
        return fields.TENTHS
    if (kind, rule) == fields.TIME:  # an instant to the schema, too
        return fields.INSTANT
    if kind == fields.object_of(())[0]:
        return kind, comparable(rule)
    if kind == fields.list_of(fields.INTEGER)[0]:
        return kind, comparable_kind(*rule[0]), rule[1]
    return kind, frozenset(rule) if isinstance(rule, tuple) else rule


@pytest.mark.parametrize("action", sorted(requests.ACTIONS.split()))
def test_a_request_table_says_what_the_official_schema_says(action: str):
    assert comparable(requests.spec_for(action)) == comparable(table_of(schema_of(action)))


@pytest.mark.parametrize("action", sorted(answers.ANSWERS.split()))
def test_an_answer_table_says_what_the_official_schema_says(action: str):
    assert comparable(answers.answer_spec_for(action)) == comparable(
        table_of(schema_of(action + "Response"))
    )


def test_every_action_of_ocpp_1_6_is_known_and_no_other():
    names = {path.stem for path in SCHEMAS.glob("*.json")}
    actions = {name for name in names if not name.endswith("Response")}
    others = requests.KNOWN_BUT_NOT_SUPPORTED.split()
    assert sorted([*requests.ACTIONS.split(), *others]) == sorted(actions)
    for action in others:
        with pytest.raises(OcppError, match="NotSupported"):
            requests.spec_for(action)


def values_for(schema: dict):
    kind = schema["type"]
    if kind == "integer":
        return st.integers(-(2**31) + 1, 2**31 - 1)
    if kind == "number":
        return st.integers(-1000000, 1000000).map(lambda n: n / 10) | st.integers(-100000, 100000)
    if kind == "object":
        return payloads_for(schema)
    if kind == "array":
        return st.lists(values_for(schema["items"]), max_size=5)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)).map(
            lambda at: at.isoformat() + "Z"
        )
    return st.text(max_size=schema.get("maxLength", 30))


def payloads_for(schema: dict):
    needed = schema.get("required", [])
    properties = schema["properties"]
    return st.fixed_dictionaries(
        {name: values_for(properties[name]) for name in properties if name in needed},
        optional={name: values_for(properties[name]) for name in properties if name not in needed},
    )


def _time_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def conversion_of(value, schema: dict):
    """What `read` must make of a valid value, written down slowly."""
    kind = schema["type"]
    if kind == "object":
        converted = {
            n: conversion_of(v, schema["properties"][n])
            for n, v in value.items()
            if n != "minChargingRate"
        }
        if "currentTime" in converted:  # the one time whose milliseconds count
            milliseconds = _time_of(value["currentTime"]).microsecond // 1000
            converted["currentTime"] = converted["currentTime"], milliseconds
        return converted
    if kind == "array" and schema["items"]["type"] == "object":
        items = [conversion_of(item, schema["items"]) for item in value]
        return {name: [item.get(name) for item in items] for name in schema["items"]["properties"]}
    if kind == "array":
        return [conversion_of(item, schema["items"]) for item in value]
    if kind == "number":
        return round(value * 10)
    if schema.get("format") == "date-time":
        return math.floor((_time_of(value) - EPOCH).total_seconds())
    return value


ALL_SCHEMAS = {name: schema_of(name) for name in requests.ACTIONS.split()}


ALL_SCHEMAS |= {name + "Response": schema_of(name + "Response") for name in answers.ANSWERS.split()}


def spec_of(name: str) -> tuple:
    return (
        answers.answer_spec_for(name[: -len("Response")])
        if name.endswith("Response")
        else requests.spec_for(name)
    )


@given(
    st.sampled_from(sorted(ALL_SCHEMAS)).flatmap(
        lambda name: st.tuples(st.just(name), payloads_for(ALL_SCHEMAS[name]))
    )
)
@settings(max_examples=400, deadline=None)
def test_what_the_schema_allows_is_read_and_converted(case):
    name, payload = case
    want = conversion_of(payload, ALL_SCHEMAS[name])
    assert fields.read(payload, spec_of(name)) == want


JUNK = st.sampled_from(
    [
        None,
        True,
        False,
        "",
        "x",
        "x" * 600,
        -1,
        0,
        1.5,
        10**30,
        [],
        [None],
        {},
        {"a": 1},
        math.inf,
        math.nan,
    ]
)


def broken(payload, path: list, junk, drop: bool):
    """The payload with one place changed or left out; None when the path leads nowhere."""
    at = payload
    for step in path[:-1]:
        at = at[step]
    if drop and isinstance(at, dict):
        del at[path[-1]]
    else:
        at[path[-1]] = junk
    return payload


def places(payload, path=()):
    if isinstance(payload, dict):
        for name in payload:
            yield [*path, name]
            yield from places(payload[name], (*path, name))
    elif isinstance(payload, list):
        for i in range(len(payload)):
            yield [*path, i]
            yield from places(payload[i], (*path, i))


def without_nulls_and_inf(value):
    """null stands for absent in optional places; no schema minds infinity, and every one minds
    null."""
    if isinstance(value, dict):
        return {k: without_nulls_and_inf(v) for k, v in value.items() if v is not None}
    return [without_nulls_and_inf(v) for v in value] if isinstance(value, list) else value


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_what_the_schema_forbids_is_refused_with_an_official_code(data):
    name = data.draw(
        st.sampled_from(sorted(n for n in ALL_SCHEMAS if ALL_SCHEMAS[n]["properties"]))
    )
    schema = ALL_SCHEMAS[name]
    payload = data.draw(payloads_for(schema))
    paths = list(places(payload))
    if not paths:
        return
    payload = broken(
        payload, data.draw(st.sampled_from(paths)), data.draw(JUNK), data.draw(st.booleans())
    )
    judged = without_nulls_and_inf(json.loads(json.dumps(payload)))
    words = json.dumps(schema).replace(
        '"additionalProperties": false', '"additionalProperties": true'
    )
    tolerant = json.loads(words.replace('"multipleOf": 0.1', '"title": ""'))
    valid = jsonschema.Draft4Validator(tolerant).is_valid(judged)
    try:
        fields.read(payload, spec_of(name))
    except OcppError as error:
        assert error.code in CODES and error.description
        if valid:  # what only we refuse: huge numbers, and texts that are no time
            assert any(
                word in error.description for word in ("ordinary size", "32 bits", "dateTime")
            ), error
    else:
        assert valid, payload
