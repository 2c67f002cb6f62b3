"""Whatever bytes come from the network or from flash: nothing is raised, no limit rises, the next
valid message is answered.

The pure rooms, on CPython; `make faults ARGS="--only hostile"` sends the like to a live station.
"""

import copy
import json
import os
import random
from binascii import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from station_bench import StationBench
from store_in_ram import JournalInRam

from faults.mutations import hostile_payloads
from setpoint.board.simulated import start_file
from setpoint.protocol.websocket import FrameReader
from setpoint.store.documents import Documents
from setpoint.store.journal import Journal

OUTPUTS = ("limits", "permits", "phases", "locks")

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["1", "A", "Accepted", "2025-06-15T12:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def places(value):
    """Every (container, key) inside."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@st.composite
def damaged(draw, whole):
    """A JSON value with one or two places replaced or gone."""
    value = {"whole": copy.deepcopy(whole)}
    for _ in range(draw(st.integers(1, 2))):
        container, key = draw(st.sampled_from(places(value)))
        if isinstance(container, dict) and len(container) > 1 and draw(st.booleans()):
            del container[key]
        else:
            container[key] = draw(anything)
        if not places(value):
            break
    return value.get("whole")


def outputs(bench):
    return [dict(getattr(bench, name)) for name in OUTPUTS]


def answers(bench):
    answer = bench.ask("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert answer["configurationKey"][0]["key"] == "HeartbeatInterval"


def session(bench, connector, tag):
    """Whether it begins or not."""
    bench.plug(connector)
    bench.card(tag, [connector])
    bench.draw(connector)


def charging():
    bench = StationBench(connectors=2)
    bench.set_profile(id=1, periods=((0, 16),))
    bench.charge(1)
    return bench


# -- from the network


@given(
    text=st.text(max_size=60)
    | st.builds(json.dumps, anything)
    | st.builds(lambda v: json.dumps([2, "f", *v]), st.lists(anything, max_size=3))
)
def test_no_text_of_a_central_system_raises_or_changes_an_output(text):
    bench = charging()
    before = outputs(bench)
    bench.last_answer = None
    bench.deliver(text)
    assert outputs(bench) == before
    answers(bench)


@given(seed=st.integers(0, 2**32))
def test_no_payload_that_breaks_its_schema_changes_an_output(seed):
    bench = charging()
    before = outputs(bench)
    for action, payload in hostile_payloads(random.Random(seed), 5):
        if "null" in json.dumps(payload):
            continue  # null for an optional field stands for its absence
        answer = bench.ask(action, payload)
        assert type(answer) is tuple or answer.get("status") != "Accepted", (
            action,
            payload,
            answer,
        )
        assert outputs(bench) == before, (action, payload)
    answers(bench)


@given(
    action=st.sampled_from(
        [
            "BootNotification",
            "Authorize",
            "StartTransaction",
            "StatusNotification",
            "StopTransaction",
            "MeterValues",
        ]
    ),
    payload=anything,
)
def test_no_answer_of_a_central_system_raises(action, payload):
    bench = StationBench()
    bench.answers[action] = lambda request: payload
    session(bench, 1, "card")
    bench.ask("TriggerMessage", {"requestedMessage": "MeterValues"})
    bench.unplug(1)
    bench.deliver(json.dumps([3, "t-99", payload]))
    bench.pass_time(100)
    assert all(0 <= da <= 320 for da in bench.limits.values())
    answers(bench)


@given(
    data=st.binary(max_size=300),
    cuts=st.lists(st.integers(1, 40), max_size=20),
    most=st.integers(0, 400),
)
def test_no_bytes_of_a_server_raise_or_hold_more_than_a_message(data, cuts, most):
    reader = FrameReader(most, bytearray(64))
    over = False
    for size in [*cuts, len(data)]:
        piece, data = data[:size], data[size:]
        for event in reader.feed(piece):
            assert not over, "after a close or a fault nothing more comes"
            over = event[0] in ("close", "fault")
            assert event[0] not in ("text", "binary") or len(event[1]) <= most
        assert len(reader.buffer) <= max(64, most + 256)


# -- from flash

DOCUMENTS = {
    "settings": {"HeartbeatInterval": "60", "ConnectionTimeOut": "30"},
    "availability": [2],
    "security": {"now": [0, None], "before": None},
    "cache": "\ncard\tAccepted\t\t\nother\tBlocked\t999999999\tgroup",
}


def written():
    bench = charging()
    bench.set_profile(id=2, level=1, periods=((0, 10), (3600, 12)))
    return (
        {name: json.loads(text) for name, text in bench.memory.kept.items()},
        bench.journal.lines,
        bench.journal.marked,
    )


@settings(max_examples=int(os.environ.get("SETPOINT_EXAMPLES", "60")) // 2)
@given(data=st.data())
def test_no_document_in_flash_keeps_the_station_from_starting(tmp_path_factory, data):
    kept = {**DOCUMENTS, **written()[0]}
    name = data.draw(st.sampled_from(sorted(kept)))
    kept[name] = data.draw(
        anything.filter(lambda value: value is not None and not isinstance(value, type(kept[name])))
    )
    documents = Documents(str(tmp_path_factory.mktemp("state")))
    for one in kept:
        if kept[one] is not None:
            documents.write(one, kept[one])
    bench = StationBench(connectors=2, memory=documents)
    session(bench, 1, "card")
    bench.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "40"})
    assert bench.limits[1] in (120, 160) or not name.startswith("profile")
    assert bench.limits[1] <= 320 and set(written()[0]) - {name} <= set(documents.names()), (
        "its neighbours stay"
    )
    answers(bench)


@settings(max_examples=int(os.environ.get("SETPOINT_EXAMPLES", "60")) // 2)
@given(data=st.data())
def test_no_document_that_is_wrong_in_a_place_or_two_keeps_the_station_from_starting(
    tmp_path_factory, data
):
    """Its shape is right, so that it is read further; a limit that it changes is still one that the
    hardware bears."""
    kept = {**DOCUMENTS, **written()[0]}
    name = data.draw(
        st.sampled_from(sorted(one for one in kept if isinstance(kept[one], (dict, list))))
    )
    kept[name] = data.draw(damaged(kept[name]))
    documents = Documents(str(tmp_path_factory.mktemp("state")))
    for one in kept:
        if kept[one] is not None:
            documents.write(one, kept[one])
    bench = StationBench(connectors=2, memory=documents)
    session(bench, 1, "card")
    bench.pass_time(100)
    assert all(0 <= da <= 320 for da in bench.limits.values())
    answers(bench)


@given(data=st.data())
def test_no_line_of_the_journal_keeps_the_station_from_starting(data):
    _, lines, marks = written()
    lines = list(lines)
    lines[data.draw(st.integers(0, len(lines) - 1))] = json.dumps(data.draw(anything))
    journal = JournalInRam()
    journal.segments, journal.lines, journal.marked = (
        [1],
        lines,
        [*marks, json.dumps(data.draw(anything))],
    )
    bench = StationBench(connectors=2, journal=journal)
    session(bench, 2, "other")
    bench.unplug(2)
    bench.pass_time(100)
    answers(bench)


@given(
    segments=st.lists(st.binary(max_size=300), max_size=3),
    marks=st.lists(st.binary(max_size=60), max_size=2),
    sound=st.booleans(),
)
def test_no_bytes_in_the_journal_raise(tmp_path_factory, segments, marks, sound):
    folder = tmp_path_factory.mktemp("journal")
    for name, content in [*enumerate(segments, 1), *zip(("mark0", "mark1"), marks)]:
        if sound:  # the checksum is right, and what it stands before is not
            content = b"".join(
                b"%08x " % crc32(line) + line + b"\n" for line in content.split(b"\n")
            )
        (folder / str(name)).write_bytes(content)
    journal = Journal(str(folder))
    bench = StationBench(journal=journal)
    session(bench, 1, "card")
    answers(bench)


# -- from whoever sets it up

START = {
    "csms_url": "ws://127.0.0.1:9000",
    "charge_point_id": "cp001",
    "connectors": [{"id": 1, "lock": True}],
    "keys": {"HeartbeatInterval": "60"},
    "device": {
        "grid_amps": 32,
        "reconnect": {"minimum_s": 1},
        "limits_without_profile": {"amps": 16, "phases": 3, "volts": 230},
    },
    "tls": {"ca_file": "ca.pem"},
    "control": {"host": "127.0.0.1", "port": 7000},
    "clock": {"at": "2025-06-15T12:00:00Z"},
    "vehicles": [{"connector": 1, "amps": 16}],
}


@given(document=damaged(START))
@settings(max_examples=300)
def test_a_start_file_is_read_or_named_wrong_and_nothing_else(document):
    try:
        found, _ = start_file.read(json.dumps(document), "/")
    except start_file.StartFileError as error:
        assert str(error)
        return
    assert found["device"]["limits_without_profile"]["amps"] > 0 and found["connectors"]


@given(text=st.text(max_size=40))
def test_a_start_file_that_is_no_json_is_named(text):
    with pytest.raises(start_file.StartFileError):
        start_file.read("{" + text, "/")
