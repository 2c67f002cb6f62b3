"""OCPP-J messages: what is right, and what each wrong one is told (OCPP-J 1.6, section 4)."""

import json
import time

from memory import bytes_taken

from setpoint.protocol import ocppj
from setpoint.protocol.errors import OcppError
from setpoint.protocol.ocppj import call_text, error_text, parse, result_text

LONG_ID = "x" * 37
PROFILE_LIKE = '[2,"%s","SetChargingProfile",{"a":[%s]}]'


def fault_in(text):
    try:
        message = parse(text)
    except OcppError as error:
        return error
    raise AssertionError("%r was read as %r" % (text, message))


# text, code, id of the answer
WRONG_CALLS = (
    ("", "FormationViolation", "-1"),
    ("   ", "FormationViolation", "-1"),
    ("not json", "FormationViolation", "-1"),
    ("{", "FormationViolation", "-1"),
    ("[", "FormationViolation", "-1"),
    ("[]", "FormationViolation", "-1"),
    ("{}", "FormationViolation", "-1"),
    ('"2"', "FormationViolation", "-1"),
    ("2", "FormationViolation", "-1"),
    ("null", "FormationViolation", "-1"),
    ("\ufeff[2]", "FormationViolation", "-1"),
    # the end is missing, or another one: the id is known
    ('[2,"a","Reset",{"type":"Hard"}', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard"]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard"}}', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard"}]]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard"}]x', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard"}][]', "FormationViolation", "a"),
    ('[ 2 , "a" , "Reset", {', "FormationViolation", "a"),
    ('[2,"a', "FormationViolation", "-1"),
    # commas and colons
    ('[2,"a","Reset",{"type":"Hard"},]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"Hard",}]', "FormationViolation", "a"),
    ('[2,"a","Reset",,{"type":"Hard"}]', "FormationViolation", "a"),
    ('[,2,"a","Reset",{"type":"Hard"}]', "FormationViolation", "-1"),
    ('[2,"a","Reset" {"type":"Hard"}]', "FormationViolation", "a"),
    ('[2,"a" "Reset",{"type":"Hard"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type" "Hard"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":,"x":"Hard"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":1,"x"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type","x"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",["type":1]]', "FormationViolation", "a"),
    ('[2,"a","Reset",{1:2}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{[]:2}]', "FormationViolation", "a"),
    # words, escapes
    ('[2,"a","Reset",{"type":hard}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"\\x"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"\\u12"}]', "FormationViolation", "a"),
    ('[2,"a","Reset",{"type":"\\u12g4"}]', "FormationViolation", "a"),
    ('[2,"a\\","Reset",{}]', "FormationViolation", "-1"),
    # the frame of the message
    ("[2]", "ProtocolError", "-1"),
    ('[2,"a"]', "ProtocolError", "a"),
    ('[2,"a","Reset"]', "ProtocolError", "a"),
    ('[2,"a","Reset",{},{}]', "FormationViolation", "a"),
    ('["2","a","Reset",{}]', "TypeConstraintViolation", "a"),
    ('[2.0,"a","Reset",{}]', "TypeConstraintViolation", "a"),
    ('[true,"a","Reset",{}]', "TypeConstraintViolation", "a"),
    ('[null,"a","Reset",{}]', "TypeConstraintViolation", "a"),
    ('[[2],"a","Reset",{}]', "TypeConstraintViolation", "a"),
    ('[1,"a","Reset",{}]', "PropertyConstraintViolation", "a"),
    ('[5,"a","Reset",{}]', "PropertyConstraintViolation", "a"),
    ('[-2,"a","Reset",{}]', "PropertyConstraintViolation", "a"),
    ('[9999999999999999999999,"a","Reset",{}]', "PropertyConstraintViolation", "a"),
    ('[2,7,"Reset",{}]', "TypeConstraintViolation", "-1"),
    ('[2,null,"Reset",{}]', "TypeConstraintViolation", "-1"),
    ('[2,{"a":1},"Reset",{}]', "TypeConstraintViolation", "-1"),
    ('[2,"%s","Reset",{}]' % LONG_ID, "PropertyConstraintViolation", LONG_ID),
    ('[2,"a",5,{}]', "TypeConstraintViolation", "a"),
    ('[2,"a",null,{}]', "TypeConstraintViolation", "a"),
    ('[2,"a","Reset",[]]', "FormationViolation", "a"),
    ('[2,"a","Reset",null]', "FormationViolation", "a"),
    ('[2,"a","Reset","{}"]', "FormationViolation", "a"),
    # depth
    ('[2,"a","Reset",' + "[" * 4000 + "]" * 4000 + "]", "FormationViolation", "a"),
    ('[2,"a","Reset",' + '{"a":' * 100 + "1" + "}" * 100 + "]", "FormationViolation", "a"),
)


def test_a_wrong_call_is_told_its_code_under_its_id():
    for text, code, message_id in WRONG_CALLS:
        error = fault_in(text)
        assert (error.code, error.message_id) == (code, message_id), (
            text[:60],
            error.code,
            error.message_id,
        )
        assert error.answerable, text[:60]
        assert error.description, text[:60]


def test_a_call():
    assert parse('[2,"a","Reset",{"type":"Hard"}]') == (2, "a", "Reset", {"type": "Hard"})
    assert parse(' [ 2 , "a" ,\n"Reset",\t{ } ] \r\n') == (2, "a", "Reset", {})
    assert parse('[2,"%s","X",{}]' % ("i" * 36))[1] == "i" * 36
    assert parse('[2,"","X",{}]')[1] == ""


def test_brackets_commas_and_colons_inside_strings_are_just_text():
    for inside in (
        "}",
        "]",
        "{",
        "[",
        ",]",
        "[[[[[[[[[[",
        ":,",
        ",,",
        "\u00fc}",
        '\\"',
        "\\\\",
        '\\"}',
        "\\\\\\\\",
        '\\\\\\",]',
    ):
        text = '[2,"a","DataTransfer",{"vendorId":"v","data":"%s"}]' % inside
        assert parse(text)[3]["data"] == inside.replace("\\\\", "\x00").replace('\\"', '"').replace(
            "\x00", "\\"
        ), inside


def test_escapes_come_out_as_what_they_mean():
    text = '[2,"a","X",{"s":"\\u00fc\\t\\/\\u0022\\u005c\\u20ac\\ud83d\\ude00\\n"}]'
    assert parse(text)[3]["s"] == '\u00fc\t/"\\\u20ac\U0001f600\n'


def test_half_a_surrogate_pair_never_comes_back_to_the_peer():
    # it would be sent as UTF-8 that no server accepts
    for half in (
        "\\ud83d",
        "\\ude00",
        "\\uDE00\\uD83D",
        "\\ud83dx",
        "\\ud83d\\n",
        "\\ud83d\\u0041",
    ):
        message_id = parse('[2,"%s","X",{}]' % half)[1]
        assert "\ufffd" in message_id, half
        assert message_id.encode().find(b"\xed") < 0, half


def test_a_long_text_is_cut_at_no_place_without_notice():
    periods = ",".join(['{"startPeriod":%d,"limit":11.3}' % (i * 60) for i in range(40)])
    text = PROFILE_LIKE % ("a", periods)
    assert len(text) > 1000 and len(parse(text)[3]["a"]) == 40
    for length in range(1, len(text), 7):
        error = fault_in(text[:length])
        assert error.code == "FormationViolation", length
        assert error.message_id == ("a" if length >= 6 else "-1"), length


def test_a_long_text_may_come_as_a_view_of_its_bytes():
    periods = ",".join(['{"startPeriod":%d,"limit":11.3}' % (i * 60) for i in range(40)])
    for text in (
        PROFILE_LIKE % ("a\u00fc", periods),
        PROFILE_LIKE % ("a", periods.replace("start", "st\\u0061rt")),
    ):
        buffer = bytearray(text.encode() + b"[[[ of an earlier, longer message")
        message = parse(memoryview(buffer)[: len(text.encode())])
        assert message == parse(text) and message[3]["a"][39]["startPeriod"] == 2340, text[:20]
        for broken in (text[:-1], text + "]", "[[[[[[" + text):
            try:
                parse(memoryview(broken.encode()))
                raise AssertionError(broken[:20])
            except OcppError as error:
                assert error.code == "FormationViolation"


def test_a_message_for_which_there_is_no_memory_is_answered_if_its_id_can_be_had():
    def no_memory(text):
        raise MemoryError

    loaded = ocppj._loaded
    try:
        ocppj._loaded = no_memory
        long = memoryview((PROFILE_LIKE % ("a", '{"x":1},' * 200 + "1")).encode())
        try:
            parse(long)
            raise AssertionError("parsed")
        except OcppError as error:
            assert (error.code, error.message_id, error.answerable) == ("InternalError", "a", True)
        try:
            parse(memoryview(b" " * 250 + bytes(long)))
            raise AssertionError("parsed")
        except MemoryError:
            pass
    finally:
        ocppj._loaded = loaded


def test_answers():
    assert parse('[3,"a",{"status":"Accepted"}]') == (3, "a", {"status": "Accepted"})
    assert parse('[4,"a","GenericError","because",{"x":1}]') == (
        4,
        "a",
        "GenericError",
        "because",
        {"x": 1},
    )


def test_an_answer_with_less_than_it_should_have_still_settles_its_call():
    assert parse('[3,"a",null]') == (3, "a", {})
    assert parse('[4,"a","GenericError","",null]') == (4, "a", "GenericError", "", {})
    assert parse('[4,"a","GenericError"]') == (4, "a", "GenericError", "", {})
    assert parse('[4,"a"]') == (4, "a", "GenericError", "", {})
    for text in ('[3,"a"]', '[3,"a",[]]', '[3,"a",{},1]', '[3,"a",5]'):
        message = parse(text)
        assert message[:3] == (4, "a", "FormationViolation"), text


def test_a_broken_answer_is_never_answered():
    for text in (
        "[3]",
        "[4]",
        "[3,5,{}]",
        '[4,null,"a","b",{}]',
        '[3,"a",{',
        '[4,"a","b"',
        " [ 4 ,",
        "[3,,]",
    ):
        assert not fault_in(text).answerable, text


def test_texts_of_answers_are_json_whatever_is_in_them():
    nasty = 'a"b\\c\n\x00\u00fc\U0001f600]'
    assert json.loads(result_text(nasty, {"status": "Accepted"})) == [
        3,
        nasty,
        {"status": "Accepted"},
    ]
    assert json.loads(result_text("a", '{"status":"Accepted"}')) == [3, "a", {"status": "Accepted"}]
    assert json.loads(error_text(nasty, "GenericError", nasty)) == [
        4,
        nasty,
        "GenericError",
        nasty,
        {},
    ]
    assert json.loads(call_text("a", "Heartbeat", {})) == [2, "a", "Heartbeat", {}]
    assert json.loads(call_text("a", "Heartbeat", "{}")) == [2, "a", "Heartbeat", {}]


def test_the_description_of_an_error_is_cut_to_255_characters():
    assert len(json.loads(error_text("a", "GenericError", "\u00fc" * 300))[3]) == 255


# each, and what it means
ESCAPES = (
    ('\\"', '"'), ("\\\\", "\\"), ("\\/", "/"), ("\\b", "\b"), ("\\f", "\f"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"),
    ("\\u0041", "A"), ("\\u00e4", "\u00e4"), ("\\uAC00", "\uac00"), ("\\ud7ff", "\ud7ff"), ("\\ue000", "\ue000"),
    ("\\ud83d\\ude00", "\U0001f600"), ("\\uD800\\uDC00", "\U00010000"), ("\\udbff\\udfff", "\U0010ffff"),
    ("\\ude00", "\ufffd"), ("\\uDFFF", "\ufffd"), ("\\ud83d", "\ufffd"), ("\\uDBFF", "\ufffd"),
)  # fmt: skip
NO_ESCAPES = (
    ("u", "u"),
    ("d83d", "d83d"),
    ("\u20ac", "\u20ac"),
    ("\U0001f600", "\U0001f600"),
    ("]", "]"),
    ("", ""),
)
HIGH, LOW = ("\\ud83d", "\\uDBFF"), ("\\ude00", "\\uDFFF")
UNKNOWN = (
    "\\x", "\\N", "\\U0041", "\\ ", "\\\u00e4", "\\'", "\\\\\\x", "\\u", "\\u0", "\\u004", "\\u00g0", "\\u+041", "\\u 041",
    "\\u0_41", "\\u0x1", "\\ud83d\\ude0",
)  # fmt: skip


def test_a_text_full_of_escapes_takes_little_longer_than_a_plain_one():
    plain = '[2,"a","DataTransfer",{"vendorId":"v","data":"%s"}]' % ("ab" * 3900)
    json_inside = (
        ('{\\"a\\":1}', '{"a":1}'),
        ("]}[{", "]}[{"),
        ("\\nx\\u0041", "\nxA"),
        ("\\ud83d\\ude00x", "\U0001f600x"),
    )
    for escape, means in ESCAPES + json_inside:
        text = plain.replace("ab" * 3900, escape * (7800 // len(escape)))
        assert parse(text)[3]["data"] == means * (7800 // len(escape)), escape
        for _ in range(50):  # other programs only add: one try within the bound is proof
            taken_us, bound_us = least_us(text), 12 * (least_us(plain) + of_a_loop_us(text))
            if taken_us < bound_us:
                break
        else:
            raise AssertionError((escape, taken_us, bound_us))
    for wrong in ("\\", "\\x", "\\\\\\", '\\\\"', "\\u00\\\\41"):
        text = plain.replace("ab" * 3900, '{\\"a\\":1}' * 700 + wrong)
        assert error_of(text) == "FormationViolation", wrong


def test_each_escape_beside_each_other_one():
    for filling in ("", "x" * 900):  # a long message takes another way
        for first, meant_first in ESCAPES + NO_ESCAPES:
            inside = meant = ""
            for second, meant_second in ESCAPES + NO_ESCAPES:
                if first not in HIGH or second not in LOW:  # they would be a pair
                    inside += first + second + "."
                    meant += meant_first + meant_second + "."
            assert parse('[2,"a","DataTransfer",{"data":"%s%s"}]' % (filling, inside))[3] == {
                "data": filling + meant
            }, (first, filling[:1])


def test_what_is_no_escape_is_no_json():
    for filling in ("", "x" * 900):
        for wrong in UNKNOWN:
            for before, after in (
                ("", ""),
                ("\\u0041", "x"),
                ("\\\\", "\\\\"),
                ("\\ud83d", "\\n"),
                ("", "\\ude00"),
            ):
                assert (
                    error_of('[2,"a","X",{"s":"%s%s%s%s"}]' % (filling, before, wrong, after))
                    == "FormationViolation"
                ), (before, wrong, after)
            for text in (
                '[2,"a","X",{}]' + wrong,
                '[2,"a","X",' + wrong + "{}]",
                '[2,"a","X",{}' + wrong,
            ):
                assert error_of(filling.replace("x", " ") + text) == "FormationViolation", text


def test_escapes_take_memory_by_the_length_of_their_text_and_not_by_their_number():
    for escape in ("\\n", "\\u0041", "\\ud83d\\ude00", "\\ud83d", "\\n\\u00e4\\ude00x"):
        text = memoryview(
            ('[2,"a","DataTransfer",{"data":"%s"}]' % (escape * (6000 // len(escape)))).encode()
        )
        parse(text)
        taken = bytes_taken(lambda: parse(text))
        assert taken < 12 * len(text), (escape, taken)


def now_us():
    """What this process has taken of the processor, where that is told finely: a busy host does not
    add to it. Never the firmware's clock: other tests in this process make that stand still."""
    return time.process_time_ns() // 1000 if hasattr(time, "process_time_ns") else time.ticks_us()


def measured_us(function):
    began_us = now_us()
    function()
    return now_us() - began_us


def least_us(text):
    """Of ten times, as other programs only add."""
    text = memoryview(text.encode())
    return min([measured_us(lambda: parse(text)) for _ in range(10)])


def of_a_loop_us(text):
    """What a few steps for each byte of the text take: by that the bound knows how fast the host is
    now."""

    def loop():
        number = 0
        for byte in data:
            number = (number << 4 | byte) & 0xFFFF

    data = text.encode()
    return min([measured_us(loop) for _ in range(10)])


def error_of(text):
    try:
        parse(text)
    except OcppError as error:
        return error.code
