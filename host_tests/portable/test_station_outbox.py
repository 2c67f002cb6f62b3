"""The messages of transactions: in order, never twice, not for ever."""

import json

from folders import in_a_folder
from station_bench import NOON, StationBench, profile
from store_in_ram import DocumentsInRam

from setpoint.store.journal import Journal

ALL = "Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,Voltage,Temperature"
OFFLINE = {"AllowOfflineTxForUnknownId": "true"}


def begin(bench, connector=1, tag="TAG"):
    """A transaction whose card needs nobody's word."""
    bench.plug(connector)
    bench.station.authorisation.grant(tag, [connector], None)
    bench.wake()


def refuse(bench, action):
    """The central system answers what waits: `action` with an error, the rest well."""
    waiting = bench.unanswered
    bench.unanswered = []
    for message_id, asked, _ in waiting:
        if asked == action:
            bench.deliver('[4,"%s","InternalError","no",{}]' % message_id)
        else:
            bench.reply(message_id, bench.answers[asked]({}))


def test_a_transaction_whose_start_was_given_up_is_told_by_its_stop_alone():
    bench = StationBench(
        keys={"TransactionMessageAttempts": "1", "TransactionMessageRetryInterval": "0"}
    )
    bench.silent = True
    begin(bench)
    while not bench.actions("StartTransaction"):
        refuse(bench, None)
    refuse(bench, "StartTransaction")
    assert bench.permits[1], "charging goes on"
    bench.answer_all()
    bench.unplug()
    stop = bench.actions("StopTransaction")[0]
    assert (
        stop["transactionId"] == -1
        and stop["idTag"] == "TAG"
        and stop["reason"] == "EVDisconnected"
    )
    moments = [
        (m["timestamp"], m["sampledValue"][0]["context"], m["sampledValue"][0]["value"])
        for m in stop["transactionData"]
    ]
    assert moments == [
        ("2025-06-15T12:00:00Z", "Transaction.Begin", "1000"),
        ("2025-06-15T12:00:00Z", "Transaction.End", "1000"),
    ]
    assert len(bench.station.outbox) == 0


def test_after_a_restart_the_messages_of_two_connectors_come_in_the_order_of_their_events():
    bench = StationBench(connectors=2, keys=OFFLINE)
    bench.disconnect()
    bench.charge(1)
    bench.pass_time(10)
    bench.charge(2)
    bench.pass_time(10)
    bench.unplug(1)
    bench.pass_time(10)
    bench.unplug(2)
    again = StationBench(connectors=2, memory=bench.memory, now=bench.now)
    assert [
        (a, p.get("connectorId", p.get("transactionId")))
        for a, p in again.sent
        if "Transaction" in a
    ] == [
        ("StartTransaction", 1),
        ("StartTransaction", 2),
        ("StopTransaction", 1),
        ("StopTransaction", 2),
    ]
    assert len(again.station.outbox) == 0 and not again.permits[1]


def test_a_message_that_was_refused_waits_longer_with_each_attempt():
    bench = StationBench(
        keys={"TransactionMessageAttempts": "5", "TransactionMessageRetryInterval": "10"}
    )
    bench.silent = True
    begin(bench)
    sent_at = []
    for _ in range(90):
        if len(bench.actions("StartTransaction")) > len(sent_at):
            sent_at.append(bench.up_ms // 1000)
        refuse(bench, "StartTransaction")
        bench.pass_time(1)
    waits = [b - a for a, b in zip(sent_at, sent_at[1:])]
    assert len(waits) >= 3 and waits[:3] == [10, 20, 30], waits


def test_meter_values_from_before_the_clock_was_known_get_their_true_times():
    bench = StationBench(
        now=None,
        register=False,
        keys={"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "60"},
    )
    bench.plug()
    bench.card()
    bench.pass_time(150)
    bench.connect()
    times = [p["meterValue"][0]["timestamp"] for p in bench.actions("MeterValues")]
    assert times == ["2025-06-15T11:58:30Z", "2025-06-15T11:59:30Z"]


def test_the_meter_at_the_end_is_never_below_the_one_at_the_start():
    bench = StationBench()
    bench.charge()
    bench.wh[1] = 7
    bench.unplug()
    assert bench.actions("StopTransaction")[0]["meterStop"] == 1000


def test_another_card_does_not_end_a_transaction():
    bench = StationBench()
    bench.charge()
    bench.card("OTHER", [1])
    assert bench.actions("StopTransaction") == [] and bench.permits[1]


def test_a_connector_that_waits_for_a_plug_is_not_started_for_somebody_else():
    bench = StationBench()
    assert bench.ask("RemoteStartTransaction", {"idTag": "A", "connectorId": 1}) == {
        "status": "Accepted"
    }
    assert bench.ask("RemoteStartTransaction", {"idTag": "B", "connectorId": 1}) == {
        "status": "Rejected"
    }


def test_the_order_of_installation_decides_after_a_power_cut_whatever_the_names():
    bench = StationBench()
    bench.set_profile(id=2, periods=((0, 32),))
    old = bench.memory.kept["profile-2"]
    bench.set_profile(id=1, periods=((0, 8),))
    bench.memory.kept["profile-2"] = old
    again = StationBench(memory=bench.memory)
    assert again.limits[1] == 80 and again.memory.names() == ["profile-1"]


def test_without_a_link_nothing_is_asked_and_with_it_once():
    bench = StationBench(register=False)
    bench.pass_time(200)
    assert bench.sent == []
    bench.connect()
    assert len(bench.actions("BootNotification")) == 1


def test_statuses_and_starts_keep_their_order_while_the_central_system_is_slow():
    bench = StationBench()
    bench.sent.clear()
    bench.silent = True
    begin(bench)
    bench.draw()
    bench.unplug()
    bench.answer_all()
    assert [p.get("status", a) for a, p in bench.sent] == [
        "Preparing",
        "StartTransaction",
        "SuspendedEV",
        "Charging",
        "StopTransaction",
        "Available",
    ]


def test_a_call_that_was_in_flight_when_the_link_broke_does_not_block_the_next_connection():
    bench = StationBench()
    bench.silent = True
    bench.pass_time(300)
    assert len(bench.actions("Heartbeat")) == 1
    bench.disconnect()
    bench.silent = False
    bench.plug()
    bench.connect()
    assert bench.statuses()[-1] == "Preparing"


def test_a_remote_start_whose_profile_cannot_be_kept_leaves_the_connector_free():
    bench = StationBench()
    bench.plug()
    bench.memory.fails = True
    with_profile = {
        "idTag": "R",
        "connectorId": 1,
        "chargingProfile": profile(purpose="TxProfile", periods=((0, 9),)),
    }
    bench.ask("RemoteStartTransaction", with_profile)
    bench.memory.fails = False
    assert bench.ask("RemoteStartTransaction", with_profile) == {"status": "Accepted"}
    assert bench.limits[1] == 90 and StationBench(memory=DocumentsInRam()).limits[1] == 320


def test_the_station_wants_to_be_woken_when_a_call_has_waited_too_long():
    bench = StationBench()
    bench.silent = True
    bench.plug()
    assert len(bench.unanswered) == 1 and bench.station.due_at_ms() == bench.up_ms + 30000
    bench.up_ms += 10000
    bench.now += 10
    bench.wake()
    assert bench.station.due_at_ms() == bench.up_ms + 20000
    bench.disconnect()
    assert bench.station.due_at_ms() > bench.up_ms + 20000


def test_the_station_does_not_ask_to_be_woken_again_and_again():
    bench = StationBench(
        keys={"TransactionMessageRetryInterval": "60", "MinimumStatusDuration": "5"}
    )
    bench.silent = True
    begin(bench)
    for _ in range(300):  # the second attempt is in flight for 30 s
        bench.pass_time(1)
        assert bench.station.due_at_ms() > bench.up_ms, bench.up_ms
    bench = StationBench(keys={"MinimumStatusDuration": "5"})
    bench.plug()
    bench.disconnect()
    bench.pass_time(20)
    assert bench.station.due_at_ms() > bench.up_ms


def times_of(payloads):
    return [payload["meterValue"][0]["timestamp"] for payload in payloads]


def test_what_was_sampled_offline_arrives_with_its_own_times_after_a_power_cut_but_for_the_last_five_minutes():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    transaction = bench.charge()
    bench.disconnect()
    bench.pass_time(100 * 60)
    again = StationBench(memory=bench.memory, now=bench.now)
    values = again.actions("MeterValues")
    assert 95 <= len(values) <= 100, len(values)
    assert times_of(values)[:2] == ["2025-06-15T12:01:00Z", "2025-06-15T12:02:00Z"]
    assert times_of(values) == sorted(times_of(values))
    assert {payload["transactionId"] for payload in values} == {transaction}
    assert again.actions("StartTransaction") == [] and again.permits[1]


def test_what_was_answered_is_not_sent_again_after_a_power_cut():
    bench = StationBench(keys=OFFLINE)
    bench.disconnect()
    bench.charge()
    bench.pass_time(3600)
    bench.unplug()
    bench.silent = True
    bench.connect()
    for _ in range(20):
        refuse(bench, None)
    told = len(bench.actions("MeterValues")) - 1  # the last one was not answered
    assert told > 5
    again = StationBench(memory=bench.memory, now=bench.now)
    assert times_of(again.actions("MeterValues")) == times_of(bench.actions("MeterValues"))[
        told:
    ] + ["2025-06-15T12:%02d:00Z" % minute for minute in range(told + 2, 60)] + [
        "2025-06-15T13:00:00Z"
    ]
    assert again.actions("StartTransaction") == []
    assert again.actions("StopTransaction")[0]["transactionId"] == 1


def test_online_an_answered_sample_costs_no_line_in_the_journal():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    bench.charge()
    lines = len(bench.journal.lines)
    bench.pass_time(3600)
    assert len(bench.actions("MeterValues")) == 60 and len(bench.journal.lines) == lines
    assert len(bench.journal.marked) <= 62


def test_a_driver_does_not_wait_until_the_history_is_told():
    bench = StationBench(connectors=2, keys=OFFLINE)
    bench.charge(1)
    bench.disconnect()
    bench.pass_time(3 * 3600)
    bench.sent.clear()
    bench.silent = True
    bench.connect()
    bench.plug(2)
    bench.card("NEW", [2])
    for _ in range(8):
        refuse(bench, None)
    assert "NEW" in [payload["idTag"] for payload in bench.actions("Authorize")]
    assert len(bench.actions("MeterValues")) < 8
    bench.answer_all()
    assert len(bench.actions("MeterValues")) == 180


def test_a_start_that_is_never_answered_while_others_are_holds_nobody_up_for_ever():
    bench = StationBench(
        connectors=2,
        keys={"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "10"},
    )
    bench.ask("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "20"})
    bench.answers["StartTransaction"] = lambda payload: None
    reply = bench.reply
    bench.reply = lambda message_id, payload: (
        None if payload is None else reply(message_id, payload)
    )
    begin(bench)
    bench.pass_time(600)
    assert 2 <= len(bench.actions("StartTransaction")) <= 5
    bench.unplug()
    assert bench.actions("StopTransaction")[0]["transactionId"] == -1


def test_where_the_central_system_says_nothing_at_all_no_message_is_given_up():
    bench = StationBench(
        keys={"TransactionMessageAttempts": "1", "TransactionMessageRetryInterval": "10"}
    )
    bench.silent = True
    begin(bench)
    bench.pass_time(3600)
    assert len(bench.actions("StartTransaction")) > 50
    bench.silent = False
    bench.pass_time(60)
    bench.unplug()
    assert bench.actions("StopTransaction")[0]["transactionId"] == 1


def test_times_before_the_clock_was_known_are_right_after_a_restart_too():
    bench = StationBench(
        now=None,
        register=False,
        keys={"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "60"},
    )
    bench.plug()
    bench.card()
    bench.pass_time(600)
    bench.silent = True
    bench.connect()
    refuse(bench, None)  # BootNotification is answered, nothing else
    again = StationBench(memory=bench.memory)
    assert again.actions("StartTransaction")[0]["timestamp"] == "2025-06-15T11:50:00Z"
    times = times_of(again.actions("MeterValues"))
    assert len(times) >= 5 and times[:2] == ["2025-06-15T11:51:00Z", "2025-06-15T11:52:00Z"]


def test_while_nothing_can_be_written_starts_and_stops_wait_in_ram_and_meter_values_are_bounded():
    bench = StationBench(keys=OFFLINE)
    bench.disconnect()
    bench.journal.fails = True
    bench.charge()
    bench.pass_time(3 * 3600)
    bench.unplug()
    assert [log for log in bench.logs if "cannot be written" in log] != []
    assert bench.station.outbox.dropped > 100
    bench.journal.fails = False
    bench.connect()
    assert len(bench.actions("StartTransaction")) == len(bench.actions("StopTransaction")) == 1
    assert bench.actions("StopTransaction")[0]["transactionId"] == 1
    assert 30 <= len(bench.actions("MeterValues")) <= 50
    assert len(bench.station.outbox) == 0


def test_a_journal_that_is_full_keeps_starts_and_stops_thins_meter_values_and_says_so():
    def test(folder):
        keys = {"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "60"}
        bench = StationBench(connectors=2, keys=keys, journal=Journal(folder, 4))
        bench.disconnect()
        for _ in range(4):
            bench.charge(1)
            bench.charge(2)
            bench.pass_time(3600)
            bench.unplug(1)
            bench.unplug(2)
        assert [log for log in bench.logs if "journal is full" in log] != []
        again = StationBench(
            connectors=2, memory=bench.memory, now=bench.now, journal=Journal(folder, 4)
        )
        starts, stops = again.actions("StartTransaction"), again.actions("StopTransaction")
        assert len(starts) == len(stops) == 8
        assert [stop["transactionId"] for stop in stops] == list(range(1, 9))
        values = again.actions("MeterValues")
        assert len(values) == 8 * 60 - bench.station.outbox.dropped and 100 < len(values) < 400
        for transaction in range(1, 9):
            times = times_of([v for v in values if v["transactionId"] == transaction])
            assert len(times) >= 5 and times == sorted(times), transaction
        told = [again.sent.index(sent) for sent in again.sent if "Transaction" in sent[0]]
        assert told == sorted(told) and len(again.station.outbox) == 0

    in_a_folder(test)


def test_a_stop_with_the_most_data_and_the_longest_card_is_read_back_from_flash():
    """Short registers make many moments, one measurand of many makes long ones, and a heading holds
    those of all connectors."""
    for data, wh, tag, now in (
        ("Energy.Active.Import.Register", 0, "T", NOON),
        ("Energy.Active.Import.Register", 0, "T", None),
        ("Energy.Active.Import.Register", 7, "\u00fc" * 20, None),
        ("Energy.Active.Import.Register", 123456789, "\u20ac" * 20, None),
        (ALL, 123456789, "0123456789ABCDEF0123", None),
    ):

        def test(folder):
            keys = dict(
                OFFLINE,
                StopTxnSampledData=data,
                MeterValuesSampledData="Temperature",
                MeterValueSampleInterval="60",
            )
            bench = StationBench(
                connectors=4,
                keys=keys,
                journal=Journal(folder),
                now=now,
                register=False,
                wh=dict([(i, wh) for i in (1, 2, 3, 4)]),
            )
            for connector in (1, 2, 3, 4):
                begin(bench, connector, tag[:19] + str(connector))
            bench.pass_time(73 * 60)
            while len(bench.journal.segments) < 2:
                bench.station.outbox.store(bench.station.facts.connector(4).transaction)
            for connector in (1, 2):
                bench.unplug(connector)
            again = StationBench(
                connectors=4,
                keys=keys,
                memory=bench.memory,
                now=NOON + 5000,
                journal=Journal(folder),
                wh=bench.wh,
            )
            for connector in (3, 4):
                again.unplug(connector)
            assert again.journal.problems == [], (data, tag)
            assert (
                len(again.actions("StartTransaction")) == len(again.actions("StopTransaction")) == 4
            ), (data, tag)
            for stop in again.actions("StopTransaction"):
                assert len(json.dumps(stop)) < 6000, len(json.dumps(stop))
                contexts = [m["sampledValue"][0]["context"] for m in stop["transactionData"]]
                assert contexts[0] == "Transaction.Begin" and contexts[-1] == "Transaction.End", (
                    data,
                    tag,
                )

        in_a_folder(test)


NONSENSE = (
    "null", "[]", "[0]", "[0,1]", '["0","H",1]', '[0,"H"]', '[0,"H","1",0,0,[],[],[]]', '[0,"H",0,0,0,[],[[1]],[]]', '[0,"H",0,0,0,[],[],[[1]]]',
    '[0,"H",0,0,0,[[1,2]],[],[]]', '[9,"S",1]', '[9,"S","1","x",5,null,null]', '[9,"M",1,1,null,3,"x"]', '[9,"E",1,2,3,4,5,6]', '[0,"I",1,{}]',
    '[0,"R",1,"x",5,null]', '[0,"T",1,null,2]', '[0,"S:isisivt M",1,"x",1,1,null]', '[0,"",1]',
    '[9,"S",1,"x",5,7,null,"5"]', '[9,"S",1,"x",5,7,null,5,5]',
)  # fmt: skip


def test_a_line_of_the_journal_that_says_nothing_is_left_out_and_told_and_costs_no_other():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    transaction = bench.charge()
    bench.disconnect()
    bench.pass_time(600)
    whole, marks = list(bench.memory.journal.lines), list(bench.memory.journal.marked)
    told = StationBench(memory=bench.memory, now=bench.now).actions("MeterValues")
    for place in (1, 2, len(whole)):  # behind the heading, in a transaction, at the end
        for nonsense in NONSENSE:
            memory = DocumentsInRam()
            memory.journal.segments = [1]
            memory.journal.lines = whole[:place] + [nonsense] + whole[place:]
            memory.journal.marked = list(marks)
            again = StationBench(memory=memory, now=bench.now)
            assert any(["left out" in problem for problem in memory.journal.problems]), nonsense
            assert again.station.facts.connectors[0].transaction.id == transaction, nonsense
            assert again.actions("MeterValues")[-len(told) :] == told, nonsense


def test_a_heading_that_says_nothing_gives_way_to_the_one_before():
    bench = StationBench()
    begin(bench)
    for nonsense in NONSENSE:
        heading = bench.memory.journal.lines[0]
        bench.memory.journal.lines[0] = nonsense
        again = StationBench(memory=bench.memory)
        assert again.station.facts.connectors[0].transaction is not None, nonsense
        bench.memory.journal.lines[0] = heading


def test_a_central_system_that_refuses_every_meter_value_hears_of_the_end_all_the_same():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    wanted = []
    bench.answers["MeterValues"] = lambda payload: {} if wanted else None
    reply = bench.reply

    def answer(message_id, payload):
        if payload is not None:
            reply(message_id, payload)
        else:
            bench.station.on_text(
                '[4,"%s","NotImplemented","no meter values here",{}]' % message_id
            )

    bench.reply = answer
    bench.charge()
    bench.pass_time(3600)
    values = bench.actions("MeterValues")
    assert values[0] == values[1] == values[2] != values[3], "the first has its three attempts"
    bench.unplug()
    bench.pass_time(1)
    assert len(bench.actions("StopTransaction")) == 1, "and those after it one"
    bench.charge()
    bench.pass_time(60)
    wanted.append(True)
    bench.pass_time(60)
    wanted.pop()
    bench.sent.clear()
    bench.pass_time(240)
    values = bench.actions("MeterValues")
    assert values[0] == values[1] == values[2], "once one was taken, they are tried again as before"
