"""The whole station on the ESP32's board, on the model of the chip: a vehicle plugs in, charges and
goes, without a network."""

from central_system import CentralSystem
from esp32_bench import CHIP, IDENTITY, Task, boot, description, pass_time, virtual_time
from reader_chips import Pn532Model

from setpoint import dim_log
from setpoint.app import App
from setpoint.station import station as station_room
from setpoint.store.files import recover_by

_OFFLINE = {"AllowOfflineTxForUnknownId": "true"}


class BoardBench:
    """A station that runs in virtual time; `run(ms)` lets it."""

    def __init__(self, **changes):
        CHIP.start()
        CHIP.i2c = Pn532Model()
        identity = dict(IDENTITY)
        identity["keys"] = _OFFLINE
        self.end = virtual_time()
        self.board, self.wire = boot(description(**changes), identity)
        CHIP.ohm[39] = (220, 1000, 3300)  # a cable for 32 A
        CHIP.closes[13] = (4, 0)  # a residual current monitor that answers to its test
        self.app = App(self.board)
        recover_by(None, None)  # this folder is no file system that could be mounted anew
        self.app.dispatch(self.app.station.start)
        self.tasks = [Task(coroutine) for _, coroutine in self.board.attach(self.app)]
        self.outlet = self.board.outlets[0]
        self.run(2000)

    def run(self, ms):
        pass_time(ms, self.tasks, self.step)

    def step(self):
        self.app.control.step(20)
        self.board.feed_watchdog()
        self.app.wake()

    def state(self):
        return self.app.control.evses[1].sequence.state

    def closed(self):
        return CHIP.outputs[26] == 1


def test_a_vehicle_plugs_in_charges_and_goes():
    bench = BoardBench()
    try:
        assert bench.state() == "A" and not bench.closed() and bench.wire.duty_u16 == 65535
        bench.wire.vehicle.plug_in()
        bench.run(1000)
        assert bench.state() == "B1" and bench.wire.duty_u16 == 65535, "nobody has shown a card"
        bench.app.on_card("04A1B2C3", [1])
        bench.run(200)
        assert bench.wire.duty_u16 == 16 * 65535 // 60, "16 A, the rating of the board"
        bench.run(1500)
        assert bench.state() == "C2" and bench.closed() and bench.outlet.contactor_closed()
        bench.run(360000)
        assert 1080 <= bench.outlet.meter_wh() <= 1120
        bench.wire.vehicle.wants = False
        bench.wire.vehicle.decide()
        bench.run(100)
        assert bench.state() == "B2" and not bench.closed()
        bench.wire.vehicle.plug_out()
        bench.run(3000)
        assert bench.state() == "A" and bench.wire.duty_u16 == 65535 and not bench.closed()
        assert CHIP.feeds > 100 and CHIP.watchdog_ms == 3000
    finally:
        bench.end()


def test_the_chips_timer_makes_the_steps_until_the_outputs_are_made_safe():
    bench = BoardBench()
    try:
        board, control = bench.board, bench.app.control
        control.signs_of_life += 1
        before = control.steps
        board.run_steps(control.tick)
        (_, mode, period_ms, _) = CHIP.timers[0]
        assert (mode, period_ms) == (1, 20)

        def pass_ticks(count):
            for _ in range(count):
                CHIP.now_us += 20000
                CHIP.timer_comes()

        pass_ticks(10)
        assert control.steps == before + 10
        CHIP.stands_still()  # a TLS handshake, for instance
        pass_ticks(6)
        CHIP.goes_on()
        assert control.steps == before + 11 and control.worst_stall_ms >= 100
        feeds = CHIP.feeds
        board.make_safe()
        assert CHIP.timers == {} and CHIP.callbacks == {0: None}, "a timer keeps its callback"
        pass_ticks(3)
        assert control.steps == before + 11 and CHIP.feeds == feeds
    finally:
        bench.end()


def test_unplugging_under_load_opens_within_60_ms():
    bench = BoardBench()
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        assert bench.closed()
        bench.wire.vehicle.plug_out()
        bench.run(70)  # and the step that is under way
        assert not bench.closed()
    finally:
        bench.end()


def test_a_vehicle_without_a_diode_never_gets_current():
    bench = BoardBench()
    try:
        bench.app.on_card("04A1B2C3", [1])
        bench.wire.vehicle.show(882, False)
        for _ in range(20):
            bench.run(500)
            assert not bench.closed()
    finally:
        bench.end()


def test_an_adc_that_fails_under_load_opens_the_contactor():
    bench = BoardBench()
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        assert bench.closed()
        CHIP.broken_adc = True
        bench.run(100)
        assert not bench.closed()
    finally:
        bench.end()


class SlowCentralSystem(CentralSystem):
    """Answers each CALL of the app when the test says so; `lines` holds what the app logs."""

    def __init__(self, app, registered_at):
        CentralSystem.__init__(self)
        self.app = app
        self.silent = True
        self.lines = []
        app.session.send = self.take
        app.log = lambda level, who, sentence: self.lines.append(sentence)
        app.dispatch(app.station.on_link, True)
        self.answer({"status": "Accepted", "interval": 86400, "currentTime": registered_at})

    def deliver(self, text):
        self.app.on_text(text)

    def asked(self):
        """The action that waits for an answer."""
        return self.unanswered[0][1]

    def answer(self, payload):
        self.reply(self.unanswered.pop(0)[0], payload)


def station_limit(*periods):
    """Daily from midnight on; periods: (hour, A, phases)."""
    listed = [
        {"startPeriod": hour * 3600, "limit": amps, "numberPhases": phases}
        for hour, amps, phases in periods
    ]
    schedule = {
        "startSchedule": "2025-06-15T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": listed,
    }
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingSchedule": schedule,
    }
    profile.update(chargingProfileKind="Recurring", recurrencyKind="Daily")
    return {"connectorId": 0, "csChargingProfiles": profile}


def test_a_message_that_corrects_the_clock_just_when_a_limit_is_due_leaves_the_limit_of_the_true_time():
    for told, true, periods, want in (
        # Ten minutes fast, and more is due
        ("12:59:50", "12:50:00", ((0, 6, 3), (13, 16, 3)), (60, 3)),
        ("12:59:50", "12:50:00", ((0, 6, 1), (13, 6, 3)), (60, 1)),  # more phases
        # Less: nobody is held back for ten minutes
        ("12:59:50", "12:50:00", ((0, 16, 3), (13, 6, 1)), (160, 3)),
        ("12:59:50", "14:10:00", ((0, 6, 1), (13, 16, 3), (14, 8, 1)), (80, 1)),  # slow
    ):
        changes = {
            "supply": {"connector_amps": 16, "volts": 230, "phases": 3, "phase_switch": True}
        }
        bench = BoardBench(connector_phases_2_3={"pin": 21, "on": 1, "pull": "down"}, **changes)
        try:
            app, evse = bench.app, bench.app.control.evses[1]
            central = SlowCentralSystem(app, "2025-06-15T%sZ" % told)
            central.ask("SetChargingProfile", station_limit(*periods))
            central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
            while central.asked() != "Heartbeat":
                central.answer({})
            assert (evse.limit_da, evse.phases) == (periods[0][1] * 10, periods[0][2])
            CHIP.now_us += 10000000
            assert app.ms_to_wakeup() <= 0, "the limit of 13:00 is due"
            central.lines.clear()
            central.answer({"currentTime": "2025-06-15T%sZ" % true})
            grant = app.station.limits.of[1]
            assert (evse.limit_da, evse.phases) == (grant.da, grant.phases) == want, (
                told,
                true,
                periods,
            )
            outputs = [line for line in central.lines if line.startswith("connector 1: ")]
            assert all(
                line.startswith("connector 1: %d.0 A, " % (want[0] // 10)) for line in outputs
            ), outputs
        finally:
            bench.end()


def test_the_fraction_of_a_second_that_the_central_system_tells_is_heard():
    bench = BoardBench()
    try:
        clock = bench.app.clock
        central = SlowCentralSystem(bench.app, "2025-06-15T12:00:00.600Z")
        assert clock.into_second_ms() == 600
        central.ask("SetChargingProfile", station_limit((0, 16, 3)))
        bench.run(200)
        for told, into_ms in (("12:00:00.950Z", 950), ("12:00:00Z", 950)):  # behind, then not
            central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
            while central.asked() != "Heartbeat":
                central.answer({})
            central.answer({"currentTime": "2025-06-15T" + told})
            assert clock.into_second_ms() == into_ms, told
    finally:
        bench.end()


def no_memory(*arguments):
    raise MemoryError


def hangs_up(app, event, *arguments):
    """What an event without enough memory means to the link."""
    try:
        event(*arguments)
    except MemoryError:
        return True
    return False


def test_where_memory_ends_in_the_middle_of_an_event_the_contactor_opens_and_the_station_restarts():
    bench = BoardBench()
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        assert bench.closed()
        # It would else have ended for the driver, and not for the journal
        bench.app.station.transactions.end = no_memory
        assert hangs_up(bench.app, bench.app.on_card, "04A1B2C3", [1])
        assert bench.app.died and bench.app._over.is_set() and not bench.closed()
    finally:
        bench.end()


def test_a_message_that_the_memory_does_not_hold_costs_no_restart():
    bench = BoardBench()
    parse = station_room.parse
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        station_room.parse = no_memory
        assert hangs_up(bench.app, bench.app.on_text, "[2]")
        station_room.parse = parse
        assert not bench.app.died and bench.closed()
        bench.run(3000)
        assert bench.closed()
    finally:
        station_room.parse = parse
        bench.end()


def test_a_card_at_the_reader_begins_and_ends_a_transaction():
    bench = BoardBench(reader={"kind": "pn532"})
    try:
        bench.wire.vehicle.plug_in()
        bench.run(1000)
        CHIP.i2c.uid = b"\x04\xa1\xb2\xc3"
        bench.run(3000)
        assert bench.closed()
        CHIP.i2c.uid = None
        bench.run(1000)
        assert bench.closed()
        CHIP.i2c.uid = b"\x04\xa1\xb2\xc3"
        bench.run(1000)
        assert not bench.closed() and bench.app.station.facts.connectors[0].transaction is None
    finally:
        bench.end()


def test_an_emergency_stop_opens_and_ends_and_keeps_others_from_beginning():
    bench = BoardBench(emergency_stop={"pin": 21, "on": 1, "chip_pull": "down"})
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        assert bench.closed()
        CHIP.drive(21, 1)
        bench.run(200)
        assert not bench.closed() and bench.app.station.facts.connectors[0].transaction is None
        bench.app.on_card("04A1B2C3", [1])
        bench.run(5000)
        assert not bench.closed() and bench.app.station.facts.connectors[0].status() == "Faulted"
        CHIP.drive(21, 0)
        bench.run(1000)
        assert bench.app.station.facts.connectors[0].status() != "Faulted"
    finally:
        bench.end()


def test_the_grid_operators_contact_dims_within_a_second_and_is_logged():
    bench = BoardBench(dim={"pin": 21, "on": 1, "chip_pull": "up", "watts": 4200})
    try:
        evse = bench.app.control.evses[1]
        assert evse.limit_da == 60, "the wire is open"
        CHIP.drive(21, 0)
        bench.run(62000)
        assert evse.limit_da == 160
        CHIP.drive(21, 1)
        bench.run(1000)
        assert evse.limit_da == 60 and bench.app.station.dimming.active
        lines = [line.split(" s ")[1][:5] for line in dim_log.lines(bench.board.root + "/dim")]
        assert lines == ["begin", "end", "begin"], "it does not know the time"
    finally:
        bench.end()


def test_a_vehicle_that_asks_for_ventilation_charges_where_there_is_some():
    for ventilation in (True, False):
        bench = BoardBench(connector_ventilation=ventilation)
        try:
            bench.wire.vehicle.plug_in()
            bench.app.on_card("04A1B2C3", [1])
            bench.run(1000)
            bench.wire.vehicle.show(246)
            bench.run(8000)
            assert bench.closed() == ventilation
            assert bench.app.station.facts.connectors[0].status() == (
                "Charging" if ventilation else "SuspendedEVSE"
            )
        finally:
            bench.end()


def test_a_vehicle_that_sleeps_already_is_woken_once_the_key_says_so():
    bench = BoardBench()
    try:
        central = SlowCentralSystem(bench.app, "2025-06-15T12:00:00Z")
        central.answer_all()
        bench.wire.vehicle.wants = False
        bench.wire.vehicle.plug_in()
        bench.run(1000)
        bench.app.on_card("04A1B2C3", [1])
        bench.run(10000)
        assert bench.state() == "B2"
        key = {"key": "WakeUpAfterSeconds", "value": "15"}
        assert central.ask("ChangeConfiguration", key) == {"status": "Accepted"}
        states = set()
        for _ in range(50):
            bench.run(200)
            states.add(bench.state())
        assert "WAKE" in states
    finally:
        bench.end()


def test_a_pulse_meter_is_what_the_station_reads():
    bench = BoardBench(connector_meter={"kind": "pulse", "pin": 21, "pulses_per_kwh": 1000})
    try:
        bench.wire.vehicle.plug_in()
        bench.app.on_card("04A1B2C3", [1])
        bench.run(3000)
        for _ in range(40):
            CHIP.drive(21, 0)
            CHIP.drive(21, 1)
            bench.run(500)
        reading = bench.app._reading(1)
        assert not reading.estimated and reading.wh in (39, 40) and 6900 <= reading.watts <= 7500
    finally:
        bench.end()


def test_a_station_without_a_meter_knows_that_it_estimates():
    bench = BoardBench()
    try:
        assert bench.app._reading(1).estimated
    finally:
        bench.end()


def test_a_residual_current_that_flash_did_not_take_is_kept_when_it_does():
    bench = BoardBench()
    documents = bench.app.documents
    try:
        write = documents.write
        documents.write = no_room
        CHIP.drive(13, 1)
        del CHIP.closes[13]
        bench.run(100)
        assert bench.state() == "F"
        bench.app.look_round()
        assert documents.read("faults", {}) == {}
        documents.write = write
        bench.app.look_round()  # a minute later
        assert documents.read("faults", {}) == {"1": 1 << 8}
        documents.write = no_room
        bench.app.look_round()
        assert documents.read("faults", {}) == {"1": 1 << 8}, "nothing to write"
    finally:
        documents.write = write
        bench.end()


def no_room(name, document):
    raise OSError(28)
