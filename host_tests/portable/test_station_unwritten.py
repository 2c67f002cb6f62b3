"""Transactions that were told while flash could not be written: a power cut later they must neither
run on nor be forgotten."""

from station_bench import StationBench


def test_a_transaction_whose_start_could_not_be_written_when_it_was_told_ends_at_the_central_system_after_a_power_cut():
    bench = StationBench(connectors=2)
    bench.journal.fails = True
    bench.charge()
    assert len(bench.actions("StartTransaction")) == 1
    bench.journal.fails = False
    bench.charge(2)
    again = StationBench(connectors=2, memory=bench.memory, now=bench.now)
    again.unplug(1)
    assert not again.actions("StartTransaction")
    assert [stop["transactionId"] for stop in again.actions("StopTransaction")] == [1]


def test_a_transaction_whose_id_could_not_be_written_when_it_came_ends_with_its_id_after_a_power_cut():
    bench = StationBench(connectors=2)
    answer = bench.answers["StartTransaction"]

    def answer_and_fail(payload):
        bench.journal.fails = True
        return answer(payload)

    bench.answers["StartTransaction"] = answer_and_fail
    bench.charge()
    bench.journal.fails = False
    bench.answers["StartTransaction"] = answer
    bench.charge(2)
    again = StationBench(connectors=2, memory=bench.memory, now=bench.now)
    again.unplug(1)
    assert [stop["transactionId"] for stop in again.actions("StopTransaction")] == [1]


def test_a_transaction_whose_stop_could_not_be_written_when_it_was_told_stays_ended_after_a_power_cut():
    bench = StationBench(connectors=2)
    bench.charge()
    bench.journal.fails = True
    bench.unplug()
    assert len(bench.actions("StopTransaction")) == 1
    bench.journal.fails = False
    bench.charge(2)
    again = StationBench(connectors=2, memory=bench.memory, now=bench.now)
    assert (
        not again.actions("StopTransaction")
        and again.station.facts.connectors[0].transaction is None
    )
    assert again.station.facts.connectors[1].transaction.id == 2


def test_where_nothing_can_ever_be_written_transactions_that_were_told_leave_nothing_in_ram():
    bench = StationBench()
    bench.journal.fails = True
    for _ in range(20):
        bench.charge()
        bench.unplug()
        bench.pass_time(60)
    assert len(bench.actions("StopTransaction")) == 20
    assert len(bench.station.outbox._waiting) == 0 and not bench.station.outbox.ledger.running


def test_a_start_that_nobody_was_told_is_told_after_a_power_cut_in_the_same_second():
    bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
    bench.disconnect()
    bench.charge()
    again = StationBench(memory=bench.memory, now=bench.now)
    assert [start["idTag"] for start in again.actions("StartTransaction")] == ["TAG1"]


def test_samples_without_a_link_wear_flash_once_in_five_minutes_or_for_ten():
    for interval_s, additions in ((60, 12), (20, 18), (10, 36), (600, 6)):
        bench = StationBench(
            keys={"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": str(interval_s)}
        )
        bench.disconnect()
        bench.charge()
        added = []
        append = bench.journal.append
        bench.journal.append = lambda lines, owner: added.append(1) or append(lines, owner)
        bench.pass_time(3600)
        assert len(added) == additions, (interval_s, len(added))


def test_lines_that_are_gone_from_the_journal_hold_nobody_up():
    bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
    bench.disconnect()
    bench.charge()
    del bench.journal.lines[1:]
    bench.connect()
    bench.pass_time(60)
    assert (
        len(bench.station.outbox) == 0
        and bench.actions("StartTransaction") == []
        and bench.permits[1]
    )
    bench.unplug()
    assert len(bench.actions("StopTransaction")) == 1 and len(bench.station.outbox) == 0
