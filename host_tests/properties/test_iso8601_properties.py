"""Times against datetime."""

from datetime import datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st
from official import EPOCH

from setpoint.protocol.iso8601 import instant_from, text_from


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59)),
    st.integers(-1439, 1439),
    st.integers(0, 9),
    st.sampled_from(["", ":", "hour"]),
)
@example(datetime(2000, 2, 29), -1, 0, ":")
@settings(max_examples=1000)
def test_times_are_what_datetime_says(at, offset_minutes, digits, colon):
    if colon == "hour":
        offset_minutes = int(offset_minutes / 61) * 60
    at = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset_minutes)))
    sign = "-" if offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(offset_minutes), 60)
    offset = "%s%02d%s" % (sign, hours, "" if colon == "hour" else "%s%02d" % (colon, minutes))
    text = at.replace(tzinfo=None).isoformat() + ("." + "9" * digits if digits else "") + offset
    assert instant_from(text) == (at - EPOCH).total_seconds()


@given(st.integers(-63713433600, 251824463999))
@example(-63713433600)
@example(251824463999)
@settings(max_examples=1000)
def test_texts_of_instants_are_what_datetime_says(instant):
    assert (
        text_from(instant)
        == (EPOCH + timedelta(seconds=instant)).replace(tzinfo=None).isoformat() + "Z"
    )
    assert instant_from(text_from(instant)) == instant


@given(st.text(alphabet="0123456789-+:TtZz. ", max_size=30) | st.text(max_size=40))
@settings(max_examples=500)
def test_any_text_is_an_instant_or_a_value_error(text):
    try:
        instant = instant_from(text)
    except ValueError as error:
        assert str(error)
    else:
        assert isinstance(instant, int)
