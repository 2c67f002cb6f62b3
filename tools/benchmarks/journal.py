"""What the journal of transactions costs in flash: a station with 24 sessions of an hour a day, a
sample a minute, on littlefs on a chip that counts. One day with the central system there, and one
without it, replayed afterwards."""

from measuring import REPETITIONS, Nobody, new_store, say

MOUNT = "/flash"
_SESSIONS = 24 if REPETITIONS > 3 else 2
_SAMPLES = 59


def main() -> None:
    from station_bench import StationBench

    from setpoint.board.simulated import flash_chip
    from setpoint.store.journal import Journal

    chip, problems = flash_chip.mount(new_store(), MOUNT)
    assert not problems, problems
    keys = {
        "AllowOfflineTxForUnknownId": "true",
        "MeterValueSampleInterval": "60",
        "AuthorizationCacheEnabled": "false",
    }
    journal = Journal(MOUNT + "/journal")
    bench = StationBench(1, keys, journal=journal)
    bench.sent = bench.logs = Nobody()

    def counted(name: str, work) -> None:
        programmed, erased = chip.bytes, chip.erases
        work()
        say("journal: flash programmed by %s" % name, chip.bytes - programmed, "B")
        say("journal: blocks erased by %s" % name, chip.erases - erased, "blocks")

    def day() -> None:
        for _ in range(_SESSIONS):
            bench.charge()
            for _ in range(_SAMPLES):
                bench.wh[1] = bench.wh.get(1, 1000) + 180
                bench.pass_time(60)
            bench.unplug()

    def one_mark() -> None:
        for _ in range(100):
            bench.station.outbox.ledger.wh[1] += 1
            bench.station.outbox.ledger.mark()

    counted("a day online", day)
    bench.dispatch(bench.station.on_link, False)
    counted("a day offline", day)
    say("journal: segments after a day offline", len(journal.segments), "segments")
    counted("the replay of a day", lambda: bench.dispatch(bench.station.on_link, True))
    assert len(bench.station.outbox) == 0
    counted("100 marks", one_mark)


main()
