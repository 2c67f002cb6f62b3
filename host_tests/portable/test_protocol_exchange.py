"""One call in flight, and whose answer is whose (OCPP-J 1.6, section 4.1.1)."""

import json

from setpoint.protocol.exchange import Exchange
from setpoint.protocol.ocppj import parse


def started(at_ms=1000):
    exchange = Exchange(30000, "a1b2")
    text = exchange.start("Heartbeat", {}, at_ms)
    return exchange, json.loads(text)


def test_a_call_and_its_result():
    exchange, call = started()
    assert call[0] == 2 and call[2:] == ["Heartbeat", {}]
    assert not exchange.idle
    assert exchange.settle((3, call[1], {"currentTime": "x"})) == ("result", {"currentTime": "x"})
    assert exchange.idle


def test_a_call_and_its_error():
    exchange, call = started()
    assert exchange.settle(parse('[4,"%s","InternalError","no",{}]' % call[1])) == (
        "error",
        "InternalError",
        "no",
    )
    assert exchange.idle


def test_a_second_call_waits_for_the_first():
    exchange, call = started()
    try:
        exchange.start("Heartbeat", {}, 1000)
    except RuntimeError:
        assert exchange.settle((3, call[1], {})) == ("result", {})
        return
    raise AssertionError("two calls in flight")


def test_an_answer_with_another_id_is_a_stray_and_changes_nothing():
    exchange, call = started()
    for message_id in ("", "-1", call[1] + "0", call[1].upper()):
        assert exchange.settle((3, message_id, {})) is None
        assert exchange.settle((4, message_id, "GenericError", "", {})) is None
    assert not exchange.idle


def test_a_late_answer_is_a_stray():
    exchange, call = started()
    assert exchange.timed_out(31000)
    exchange.cancel()
    assert exchange.idle and not exchange.timed_out(99000)
    assert exchange.settle((3, call[1], {})) is None
    second = json.loads(exchange.start("Heartbeat", {}, 40000))
    assert exchange.settle((3, call[1], {})) is None
    assert exchange.settle((3, second[1], {})) == ("result", {})
    assert exchange.settle((3, second[1], {})) is None


def test_the_time_out_is_exact():
    exchange, _ = started(1000)
    assert not exchange.timed_out(30999)
    assert exchange.timed_out(31000)
    exchange.cancel()


def test_ids_do_not_repeat_and_stay_short():
    exchange = Exchange(30000, "01234567")
    seen = set()
    for i in range(1000):
        message_id = json.loads(exchange.start("Heartbeat", {}, i))[1]
        assert message_id.startswith("01234567") and len(message_id) <= 36
        seen.add(message_id)
        exchange.cancel()
    assert len(seen) == 1000
    other = Exchange(30000, "89abcdef")
    assert json.loads(other.start("Heartbeat", {}, 0))[1] not in seen
