"""OCPP-J against Python's json."""

import json
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from official import CODES

from setpoint.protocol.errors import OcppError
from setpoint.protocol.ocppj import call_text, error_text, parse, result_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.text(max_size=36),
    st.text(),
    st.dictionaries(st.text(), JSON, max_size=4),
    st.booleans(),
    st.sampled_from([None, 1]),
)
@settings(max_examples=500)
def test_every_call_that_a_json_writer_writes_is_read(
    message_id, action, payload, ascii_only, indent
):
    text = json.dumps([2, message_id, action, payload], ensure_ascii=ascii_only, indent=indent)
    assert parse(text) == (2, message_id, action, payload)


@given(st.text(), st.dictionaries(st.text(), JSON, max_size=3), st.text())
def test_every_text_we_write_is_strict_json(message_id, payload, description):
    assert json.loads(call_text(message_id, "Heartbeat", payload)) == [
        2,
        message_id,
        "Heartbeat",
        payload,
    ]
    assert json.loads(result_text(message_id, payload)) == [3, message_id, payload]
    assert json.loads(error_text(message_id, "GenericError", description)) == [
        4,
        message_id,
        "GenericError",
        description[:255],
        {},
    ]


VALID_TEXTS = st.sampled_from(
    [
        '[2,"id-1","SetChargingProfile",{"connectorId":1,"x":{"a":[{"s":0,"l":11.3},{"s":1,"l":-1.5e3}]},"b":true,"n":null}]',
        '[2, "i\\u00e9\\ud83d\\ude00", "Reset", {"type": "Ha\\"rd\\\\"}]',
        '[3,"abc",{}]',
        '[4,"x","GenericError","d",{}]',
    ]
)


@given(
    VALID_TEXTS,
    st.lists(
        st.tuples(
            st.integers(0, 120),
            st.sampled_from(["drop", "insert", "put"]),
            st.sampled_from('[]{},:"\\ 012.-eut\n'),
        ),
        max_size=4,
    ),
)
@settings(max_examples=1000)
def test_damaged_texts_are_read_as_json_reads_them_or_refused(text, damages):
    for at, how, character in damages:
        at = min(at, len(text))
        text = text[:at] + (character if how != "drop" else "") + text[at + (how != "insert") :]
    try:
        message = parse(text)
    except OcppError as error:
        assert error.code in CODES and isinstance(error.message_id, str)
        return
    if "\ufffd" not in str(message):  # which takes the place of half a surrogate pair
        want = json.loads(text)
        assert list(message[:2]) == want[:2] and (
            message[0] == 4 or message[-1] == (want[-1] or {})
        )


ESCAPES = st.one_of(
    st.sampled_from(["\\" + letter for letter in '"\\/bfnrt']),
    st.integers(0, 0xFFFF).map("\\u{:04x}".format),
    st.integers(0xD800, 0xDFFF).map("\\u{:04x}".format)
    | st.integers(0xD800, 0xDFFF).map("\\u{:04X}".format),
    st.integers(0x10000, 0x10FFFF).map(lambda code: json.dumps(chr(code))[1:-1]),
    st.sampled_from(["x", "u", '\\"\\\\', "\u20ac", "\U0001f600", "]", "0041"]),
    # What is no escape, and what is none to its end
    st.text(alphabet='\\u0dDcC8 +_xn"', min_size=1, max_size=7),
)


@given(st.lists(ESCAPES, max_size=12), st.integers(1, 40))
@example(["\\ud83d", "\\ude00", "x"], 300)
@settings(max_examples=2000)
def test_escapes_are_read_as_json_reads_them_but_for_half_a_surrogate_pair(pieces, times):
    text = '[2,"a","DataTransfer",{"data":"%s"}]' % ("".join(pieces) * times)
    try:
        want = json.loads(text)
    except ValueError:
        want = None
    try:
        message = parse(text)
    except OcppError as error:
        assert error.code in CODES and (want is None or error.code != "FormationViolation")
        return
    assert want is not None and list(message) == json.loads(
        re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(want, ensure_ascii=False))
    )


@given(st.text(max_size=50) | JSON.map(json.dumps) | st.lists(JSON, max_size=6).map(json.dumps))
@settings(max_examples=500)
def test_any_text_is_a_message_or_an_official_error(text):
    try:
        message = parse(text)
    except OcppError as error:
        assert error.code in CODES
    else:
        assert message[0] in (2, 3, 4)
