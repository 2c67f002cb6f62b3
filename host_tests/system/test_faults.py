"""The judges of `make faults` (host_tests/faults): each must see the loss that it is there for."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from interpreters import command_of

from faults import (
    charging,
    report,
    schedules,
    surviving,
    test_documents,
    test_kills,
    test_refused_day,
    test_update,
)
from faults.bench import Bench, wait_for
from faults.mutations import hostile_payloads
from faults.prepared import Prepared
from tools.station_process import ROOT
from tools.traffic import Message


def test_mutated_payloads_are_many_and_the_same_for_a_seed():
    first = list(hostile_payloads(random.Random(5), 60))
    assert first == list(hostile_payloads(random.Random(5), 60))
    assert len({action for action, _ in first}) > 8


@pytest.fixture
def judged(tmp_path):
    with closing(Bench(tmp_path, command_of("64"))) as judged:
        judged.plugged(16)
        yield judged


def test_a_lost_stop_a_doubled_stop_and_a_limit_too_high_are_seen(judged):
    judged.start()
    judged.station.cmd("swipe", tag="CARD")
    judged.central.wait_for("StartTransaction")
    with pytest.raises(AssertionError, match="never ended"):
        judged.check_transactions()
    judged.end_sessions()
    judged.check_transactions(least=1, most=1)
    with pytest.raises(AssertionError, match="instead of 2"):
        judged.check_transactions(least=2)
    with pytest.raises(AssertionError, match="the limit is 32.0 A"):
        judged.check_limit({160})
    stop = judged.central.seen("StopTransaction")[0]
    judged.central.messages.add(
        type(stop)(re.sub(r'"meterStop": *', '"meterStop":9', stop.text), False, stop.connection)
    )
    with pytest.raises(AssertionError, match="ended twice"):
        judged.check_transactions()


def test_a_profile_that_vanishes_is_seen(judged):
    judged.start()
    life = test_kills.Life(judged, random.Random(1))
    life.installed = {2: {10}}
    with pytest.raises(AssertionError, match="profile 2 was Accepted and is gone"):
        life.check()


def test_a_contactor_that_opens_during_an_attack_is_seen(judged):
    judged.start()
    judged.station.cmd("swipe", tag="CARD")
    judged.station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    judged.watch()
    assert judged.looked()[0] > 0
    judged.station.cmd("contactor", connector=1, stuck="open")
    judged.station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
    with pytest.raises(AssertionError, match="contactor, offer and state of the pilot were"):
        judged.looked()
    judged.station.kill()
    with pytest.raises(AssertionError, match="no answer"):
        judged.looked()


NOON = "2026-01-05T12:00:00Z"


def told(number, action, connection=1, **payload):
    return Message(json.dumps([2, str(number), action, payload]), False, connection)


def answer(number, connection=1, after_s=0.0):
    message = Message(json.dumps([3, str(number), {}]), True, connection)
    message.at += after_s
    return message


def test_what_is_told_again_is_seen_but_for_what_a_lost_answer_explains():
    values = {"transactionId": 1, "connectorId": 1, "meterValue": []}
    stop = {"transactionId": 1, "meterStop": 9}
    record = [
        told(1, "MeterValues", **values),
        answer(1),
        told(2, "StopTransaction", **stop),
        answer(2),
    ]
    assert [action for _, action in charging.once(record)] == ["MeterValues", "StopTransaction"]
    assert len(charging.once([*record, told(3, "StopTransaction", 2, **stop)])) == 2, (
        "the last of a connection"
    )
    assert len(charging.once([*record[:3], told(3, "StopTransaction", **stop)])) == 2, (
        "not answered yet"
    )
    assert (
        len(charging.once([*record[:3], answer(2, after_s=31), told(3, "StopTransaction", **stop)]))
        == 2
    ), "answered too late"
    for again in (told(3, "StopTransaction", **stop), told(3, "MeterValues", 2, **values)):
        with pytest.raises(AssertionError, match="told again, though it was answered"):
            charging.once([*record, again])


def test_a_register_that_differs_and_a_stop_that_is_missing_are_seen():
    visit = charging.Told({"idTag": "A", "meterStart": 100, "timestamp": NOON})
    visit.values = [{"timestamp": "2026-01-05T12:05:00Z", "sampledValue": [{"value": "150"}]}]
    visit.check([100])
    with pytest.raises(AssertionError, match="A never ended"):
        visit.check([100, 200])
    visit.stop = {"meterStop": 200}
    visit.check([100, 201])
    with pytest.raises(AssertionError, match="A ended at 290 Wh, and 200 Wh were told"):
        visit.check([100, 290])
    with pytest.raises(AssertionError, match="A began at 60 Wh"):
        visit.check([60, 200])
    visit.values += visit.values
    with pytest.raises(AssertionError, match="the same meter values of A were told twice"):
        visit.check([100, 200])
    visit.values[0] = {"timestamp": NOON, "sampledValue": [{"value": "250"}]}
    with pytest.raises(AssertionError, match="the register of A went back"):
        visit.check([100, 200])


@pytest.fixture
def unstarted(tmp_path):
    with closing(charging.Charging(tmp_path, command_of("64"))) as unstarted:
        yield unstarted


def test_a_session_that_is_told_never_doubled_or_out_of_order_is_seen(unstarted, monkeypatch):
    monkeypatch.setattr(charging, "_PATIENCE_S", 0)
    unstarted.sessions = {"A": [0, 9]}
    with pytest.raises(AssertionError, match="A was never told"):
        unstarted.check_told()
    start = {"connectorId": 2, "idTag": "A", "meterStart": 0, "timestamp": NOON}
    stop = {"transactionId": 1, "meterStop": 9, "timestamp": NOON}
    unstarted.central._transaction_id(start)
    unstarted.central.messages += [
        told(1, "StartTransaction", **start),
        told(2, "StopTransaction", **stop),
    ]
    unstarted.check_told(in_order_of_time=True)
    late = {"transactionId": 1, "connectorId": 2, "meterValue": [{"timestamp": NOON}]}
    unstarted.central.messages.append(told(3, "MeterValues", **late))
    with pytest.raises(AssertionError, match="MeterValues of transaction 1, which is over"):
        unstarted.check_told()
    unstarted.central.messages[1:] = [
        told(2, "StopTransaction", **{**stop, "timestamp": "2026-01-05T11:59:59Z"})
    ]
    with pytest.raises(AssertionError, match="after what happened at"):
        unstarted.check_told(in_order_of_time=True)
    unstarted.sessions = {}
    with pytest.raises(AssertionError, match="'A'} never charged"):
        unstarted.check_told()


def test_tries_without_patience_and_meter_values_that_are_missing_are_seen(unstarted):
    day = test_refused_day.RefusedDay(unstarted, 24)
    day._tries = [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 9.5]
    day._check_tries()
    day._tries[4:] = [0.9, 1.1]
    with pytest.raises(AssertionError, match="try 5 came after 0.90 s, and not after 1.50 s"):
        day._check_tries()
    visit = charging.Told({"idTag": "A", "timestamp": "2026-01-05T00:00:00Z"})
    visit.values = [
        {"timestamp": "2026-01-05T00:%02d:%02dZ" % moment} for moment in ((5, 0), (9, 59), (14, 58))
    ]
    day._check_times(visit, 0, 1000)
    for missing in range(3):
        visit.values, kept = visit.values[:missing] + visit.values[missing + 1 :], visit.values
        with pytest.raises(AssertionError, match="values of A are missing or too many"):
            day._check_times(visit, 0, 1000)
        visit.values = kept


def test_a_limit_that_the_oracle_does_not_know_is_seen(judged):
    judged.station.start_fields["connectors"] = [{"id": 1}, {"id": 2}]
    judged.start()
    placed = schedules.Schedules(judged)
    placed.install(2, "Relative", [(0, 10)])
    assert placed.check("now") == 10
    placed._placed = []
    with pytest.raises(AssertionError, match="the limit is 10.0 A, and should be 32.0 A"):
        placed.check("now")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    prepared = Prepared(tmp_path_factory.mktemp("prepared"), command_of("64"))
    yield prepared
    prepared.bench.close()


def test_what_is_done_to_files_is_the_same_for_a_seed_and_leaves_none_out(prepared):
    first = list(test_documents.cases(prepared.files, 300, random.Random(5)))
    assert first == list(test_documents.cases(prepared.files, 300, random.Random(5)))
    assert {path for path, _, _ in first} == set(prepared.files) and {
        harm.replace(" ", "_") for _, harm, _ in first
    } == set(test_documents.HARMS)
    assert {test_documents.row_of(path) for path in prepared.files} == set(
        test_documents.ROWS.values()
    )


def test_a_chip_whose_power_failed_holds_every_write_before_and_half_of_that_one(tmp_path):
    (tmp_path / "writes").write_bytes(b"\0\0\0\0\2\0\0\0ab" + b"\1\0\0\0\4\0\0\0cdef")
    writes = test_update.recorded(tmp_path / "writes")
    assert [test_update.cut_at(b"......", writes, number) for number in (1, 2, 3)] == [
        b"a.....",
        b"acd...",
        b"acdef.",
    ]


def test_a_program_that_says_it_is_complete_and_is_not_is_seen():
    manifest = {"version": "1", "files": {"main.py": [1, hashlib.sha256(b"x").hexdigest()]}}
    files = {
        "/a/complete": b"7 1 abc\n",
        "/a/manifest.json": json.dumps(manifest).encode(),
        "/a/main.py": b"x",
        "/b/main.py": b"y",
    }
    assert test_update.Updates.programs(files) == ["1"]
    files["/a/main.py"] = b"y"
    with pytest.raises(AssertionError, match="/a says that it is complete, and main.py is not"):
        test_update.Updates.programs(files)


def test_what_a_damaged_flash_still_says_is_read_without_the_station(prepared):
    assert surviving.profiles(surviving.files_of(prepared.image)) == {1: 20, 2: 10}
    older = re.sub(rb"(setpoint 1 [0-9a-f]{8} 2\n)\[", rb"\1{", prepared.image)
    assert surviving.profiles(surviving.files_of(older)) == {1: 25, 2: 16}
    assert surviving.files_of(bytes(len(prepared.image))) is None
    torn = prepared.files["/journal/2"][:-5]
    assert (
        len(surviving.lines({"/journal/2": torn}))
        == len(surviving.lines({"/journal/2": prepared.files["/journal/2"]})) - 1
    )


def test_what_a_start_makes_of_other_flash_than_it_had_is_seen(prepared):
    """The judges: what is in force is compared whole, with another image than the station
    started from."""
    prepared.bench.restore_flash()
    prepared.bench.central.messages.clear()
    prepared.bench.start()
    try:
        for path, harm, sentence in (
            ("/state/profile-1.b", "emptied", "profiles in force"),
            ("/state/profile-2.b", "emptied", "profiles in force"),
            ("/state/settings.b", "emptied", "ConnectionTimeOut is 2000, and should be 1000"),
            ("/state/faults.a", "emptied", "connectors 2 to 4 are"),
            ("/journal/2", "cut", "messages of the journal were told"),
        ):
            content = getattr(test_documents.Spoiler(prepared.files, random.Random(1)), harm)(
                path, prepared.files[path]
            )
            with pytest.raises(AssertionError, match=sentence):
                prepared.check(surviving.with_file(prepared.image, path, content))
    finally:
        prepared.bench.station.kill()


def test_ctrl_c_ends_what_was_started():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-s",
        "-m",
        "faults",
        "host_tests/faults",
        "--only",
        "kills",
        "--bits",
        "64",
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    children = "/proc/%d/task/%d/children" % (process.pid, process.pid)
    wait_for(lambda: Path(children).read_text(), 30, "no station started")
    # As a terminal does it: to pytest and all that it started.
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_table_counts_trials_looks_and_losses():
    def heard(when="call", outcome="passed", subtest=None, looks=(), has_subtests=False):
        properties = [
            ("row", ("flash", "a write", has_subtests)),
            *(("looks", one) for one in looks),
        ]
        failed = outcome == "failed"
        table.pytest_runtest_logreport(
            SimpleNamespace(
                nodeid="test_flash.py::test", user_properties=properties, when=when, failed=failed,
                skipped=outcome == "skipped", longrepr="it is gone" if failed else None,
                **({"context": subtest} if subtest else {}),
            )
        )  # fmt: skip

    table = report.Report(SimpleNamespace(getoption=None))
    for _ in range(2):
        heard("setup")
        heard()
    heard("teardown", looks=[(5, 80, None), (7, 30, None)])
    batch = SimpleNamespace(msg="batch 1", kwargs={"row": "\"'texts'\"", "count": "'40'"})
    heard(subtest=batch, has_subtests=True)
    heard("failed", "failed", subtest=batch, has_subtests=True)
    heard(outcome="skipped", subtest=batch, has_subtests=True)
    heard(has_subtests=True)
    assert table._rows == {("flash", "a write"): [2, 12, 80, 0], ("flash", "texts"): [40, 0, 0, 1]}
    assert table._losses == ["texts, batch 1: it is gone"]
