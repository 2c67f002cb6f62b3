"""What must hold for the pilot whatever comes: random levels, limits, permits, faults and times
between steps.

The judge here keeps its own books on what was put in and what came out; it does not look into the
machine."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.control import Control
from setpoint.pilot.duty import N12_U16, X1_U16, duty_u16_for, offered_da_for
from setpoint.pilot.protection import Protection
from setpoint.pilot.sequence import Sequence

# hardware of the standard: state, may follow (without faults; F may follow on every one)
EDGES = {
    "BOOT": {"A", "B1", "C1"},
    "A": {"B1", "C1"},
    "B1": {"A", "B2", "C1"},
    "B2": {"A", "B1", "C2", "WAKE"},
    "WAKE": {"A", "B1", "B2"},
    "C1": {"A", "B1", "C1P"},
    "C1P": {"A", "B2", "C1", "C2"},
    # B1 and C1: the vehicle stops asking in the very step in which the permit ends
    "C2": {"A", "B2", "C2S", "B1", "C1"},
    "C2S": {"A", "B1", "C1", "C2"},
    "F": {"BOOT"},
}
OPEN_MS, STOP_MS, SPACING_MS, ASKS_MS, RECLOSE_MS, STALL_MS = 60, 6000, 5000, 500, 5000, 200


def read_by_a_vehicle(duty_u16: int) -> Fraction:
    """Amperes, exactly, by IEC 61851-1 annex A."""
    percent = Fraction(duty_u16 * 100, 65535)
    if percent < 8 or percent > 97:
        return Fraction(0)
    if percent < 10:
        return Fraction(6)
    if percent <= 85:
        return percent * Fraction(6, 10)
    return min(Fraction(80), (percent - 64) * Fraction(5, 2))


class Judge:
    """Feeds a Sequence and checks each step against the books."""

    def __init__(self, ventilation: bool, wake_ms: int = 0, pilot_switch: bool = False) -> None:
        self.sequence = Sequence(ventilation, 16, pilot_switch)
        self.sequence.wake_ms = wake_ms
        self.woken_ms = None
        self.ventilation = ventilation
        self.now_ms = 0
        self.asked_until_ms = 0  # the last burst that was surely C (or D with ventilation)
        # The first burst of an unbroken row of them, with PWM and without a stall
        self.asking_since_ms = None
        self.good_diode_bursts = 0
        self.opened_ms = None
        self.duty_ms = None  # of the last change
        self.stopping_since_ms = None
        self.limits = []  # (time, limit) of the last 5 s
        self.limit_da = 0

    def step(self, elapsed_ms, high_mv, low_mv, limit_da, permitted, fault) -> None:
        sequence = self.sequence
        state, contactor, duty_u16 = sequence.state, sequence.contactor, sequence.duty_u16
        self.now_ms += elapsed_ms
        asks = 4200 < high_mv < 7800 or (self.ventilation and 1200 < high_mv < 7800)
        pwm = duty_u16 not in (X1_U16, N12_U16)
        if asks:
            self.asked_until_ms = self.now_ms
        if not (asks and pwm) or elapsed_ms > STALL_MS:
            self.asking_since_ms = None
        if asks and pwm and self.asking_since_ms is None:
            self.asking_since_ms = self.now_ms
        self.good_diode_bursts = self.good_diode_bursts + 1 if pwm and low_mv <= -10000 else 0
        self.limits.append((self.now_ms, limit_da))
        self.limits = [
            (at_ms, da)
            for at_ms, da in self.limits
            if self.now_ms - at_ms < SPACING_MS or at_ms == self.now_ms
        ]

        sequence.step(elapsed_ms, high_mv, low_mv, limit_da if permitted else 0, fault)

        permit = permitted and not fault and limit_da >= 60
        self.check_state(state, fault)
        self.check_waking(state)
        self.check_contactor(contactor, permit, fault)
        self.check_duty(state, contactor, duty_u16, permit)

    def check_state(self, before: str, fault: int) -> None:
        after = self.sequence.state
        if after != before:
            # a fault in a step may end at once in F, from wherever
            assert after == "F" or after in EDGES[before], (before, after)
        if fault:
            assert after == "F"

    def check_waking(self, before: str) -> None:
        sequence = self.sequence
        if sequence.state == "WAKE" and before != "WAKE":
            assert sequence.wake_ms
            if not sequence._pilot_switch:
                assert self.woken_ms is None or self.now_ms - self.woken_ms >= 3600000, (
                    "twice within an hour"
                )
            self.woken_ms = self.now_ms
        elif sequence.state == "A":
            self.woken_ms = None
        assert not sequence.pilot_open or (sequence.state == "WAKE" and sequence.duty_u16 == X1_U16)

    def check_contactor(self, before: bool, permit: bool, fault: int) -> None:
        sequence = self.sequence
        assert sequence.contactor == (sequence.state in ("C2", "C2S"))
        if sequence.contactor:
            assert not fault and sequence.fault is None
            assert self.now_ms - self.asked_until_ms < OPEN_MS
        if sequence.contactor and not before:
            assert permit
            assert (
                self.asking_since_ms is not None and self.now_ms - self.asking_since_ms >= ASKS_MS
            )
            assert self.good_diode_bursts >= 3
            assert self.opened_ms is None or self.now_ms - self.opened_ms >= RECLOSE_MS
        if before and not sequence.contactor:
            self.opened_ms = self.now_ms
        if sequence.state == "C2S":
            if self.stopping_since_ms is None:
                self.stopping_since_ms = self.now_ms
            assert self.now_ms - self.stopping_since_ms < STOP_MS
        else:
            self.stopping_since_ms = None

    def check_duty(self, state: str, was_closed: bool, before: int, permit: bool) -> None:
        sequence = self.sequence
        duty_u16 = sequence.duty_u16
        if duty_u16 not in (X1_U16, N12_U16):
            assert permit, "a stop is immediate"
            assert sequence.state in ("B2", "C1P", "C2")
            highest_da = max(da for _, da in self.limits)
            assert read_by_a_vehicle(duty_u16) <= max(
                Fraction(highest_da, 10), read_by_a_vehicle(duty_u16_for(60))
            )
            assert duty_u16 in {duty_u16_for(self.limit_da)} | {
                duty_u16_for(da) for _, da in self.limits
            }
            if not was_closed:
                assert duty_u16 <= max(duty_u16_for(self.limits[-1][1]), duty_u16_for(60)), (
                    "less is told at once while it is open"
                )
        if duty_u16 == N12_U16:
            assert sequence.state in ("F", "WAKE")
        if duty_u16 != before:
            lowered = before not in (X1_U16, N12_U16) and duty_u16 < before and not was_closed
            if (
                not lowered
                and duty_u16 not in (X1_U16, N12_U16)
                and sequence.state not in ("B2", "C1P")
            ):
                assert self.now_ms - self.duty_ms >= SPACING_MS
            if not lowered and duty_u16 not in (X1_U16, N12_U16) and before != X1_U16:
                assert self.now_ms - self.duty_ms >= SPACING_MS
            self.duty_ms = self.now_ms
            self.limit_da = self.limits[-1][1]
        elif (
            duty_u16 not in (X1_U16, N12_U16)
            and self.now_ms - self.duty_ms >= SPACING_MS
            and sequence.state == state
        ):
            assert duty_u16 == duty_u16_for(self.limits[-1][1]), "the newest limit is out after 5 s"


LEVELS_MV = st.one_of(
    st.sampled_from([12000, 9000, 6000, 3000, 0, -12000, 20000, -5000]),
    st.integers(-14000, 14000),
)
MOSTLY_C = st.sampled_from([6000] * 12 + [9000, 9000, 12000, 3000, 0, 7400, 7600])
# a stretch of like steps: how many, how long each, what the pilot says, limit, permit, fault
STRETCH = st.tuples(
    st.one_of(st.integers(1, 5), st.integers(1, 60), st.integers(100, 350)),
    st.one_of(
        st.just(20),
        st.integers(0, 60),
        st.integers(0, 400),
        st.sampled_from([1000, 6000, 31000, 1 << 31]),
    ),
    st.one_of(MOSTLY_C, LEVELS_MV),
    st.sampled_from([-12000] * 9 + [-9000, -6000, 0, -10000, -9999]),
    st.one_of(st.sampled_from([160, 160, 320, 59, 0]), st.integers(0, 1000)),
    st.sampled_from([True] * 6 + [False]),
    st.sampled_from([0] * 15 + [1, 2, 3, True]),
)
# a stretch in which all but one thing is as in a charge: long enough to close again
CALM = st.one_of(
    st.just((300, 20, 6000, -12000, 160, True, 0)),
    st.builds(lambda high_mv: (300, 20, high_mv, -12000, 160, True, 0), LEVELS_MV),
    st.builds(lambda low_mv: (300, 20, 6000, low_mv, 160, True, 0), st.integers(-12000, 6000)),
    st.builds(lambda limit_da: (300, 20, 6000, -12000, limit_da, True, 0), st.integers(50, 70)),
)
PLUG_IN_AND_CHARGE = [
    (30, 20, 12000, -12000, 160, True, 0),
    (30, 20, 9000, -12000, 160, True, 0),
    (30, 20, 6000, -12000, 160, True, 0),
]


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(),
    st.sampled_from([0, 0, 2000, 90000]),
    st.booleans(),
    st.booleans(),
    st.lists(st.one_of(STRETCH, STRETCH, CALM), min_size=1, max_size=20),
)
def test_no_input_makes_the_machine_unsafe(
    ventilation, wake_ms, pilot_switch, charging_first, stretches
):
    judge = Judge(ventilation, wake_ms, pilot_switch)
    for steps, elapsed_ms, high_mv, low_mv, limit_da, permitted, fault in (
        PLUG_IN_AND_CHARGE if charging_first else []
    ) + stretches:
        for _ in range(min(steps, 40) if elapsed_ms > 1000 else steps):
            judge.step(elapsed_ms, high_mv, low_mv, limit_da, permitted, fault)


# each step different from the one before: the hardest case for streaks
SHAKY_STEP = st.tuples(
    st.integers(0, 250),
    MOSTLY_C,
    st.sampled_from([-12000] * 20 + [-6000]),
    st.sampled_from([160] * 9 + [320, 59]),
)


# amperes and how long they are offered, which the machine above makes 5 s at least
OFFERS = st.lists(st.tuples(st.integers(6, 63), st.integers(5000, 9000)), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(OFFERS, st.lists(st.integers(0, 5000), min_size=12, max_size=12), st.integers(0, 1900))
def test_a_vehicle_that_follows_every_offer_in_time_is_never_over_current(
    offers, lags_ms, meter_ms
):
    protection = Protection()
    drawn_da = [0] * (meter_ms // 20 + 1)  # the newest first; the last is what the meter shows
    follows_da = 0
    for (amperes, duration_ms), lag_ms in zip(offers, lags_ms):
        for at_ms in range(0, duration_ms, 20):
            if at_ms >= lag_ms:
                follows_da = amperes * 10
            drawn_da = [follows_da] + drawn_da[:-1]
            protection.begin()
            protection.current(20, amperes * 10, drawn_da[-1], True)
            assert not protection.faults, (amperes, at_ms)
    fault_ms = 0
    too_much_da = amperes * 11 + 60
    while not protection.faults:
        fault_ms += 20
        protection.begin()
        protection.current(20, amperes * 10, too_much_da, True)
    assert fault_ms <= 7060, "the last offer is 5 s old and more"


@settings(max_examples=200, deadline=None)
@given(st.lists(SHAKY_STEP, min_size=20, max_size=300))
def test_a_shaky_pilot_never_holds_the_contactor(steps):
    judge = Judge(False)
    for stretch in PLUG_IN_AND_CHARGE:
        for _ in range(stretch[0]):
            judge.step(*stretch[1:])
    assert judge.sequence.contactor
    for elapsed_ms, high_mv, low_mv, limit_da in steps:
        judge.step(elapsed_ms, high_mv, low_mv, limit_da, True, 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(STRETCH, max_size=10))
def test_the_machine_always_finds_back_to_charging(stretches):
    """Whatever happened: after an unplug, a person's look and half a minute, the next vehicle
    charges."""
    judge = Judge(False)
    for steps, elapsed_ms, high_mv, low_mv, limit_da, permitted, fault in stretches:
        for _ in range(min(steps, 40)):
            judge.step(elapsed_ms, high_mv, low_mv, limit_da, permitted, fault)
    for _ in range(20):
        judge.step(20, 12000, -12000, 160, True, 0)
    judge.sequence.acknowledge()
    for _ in range(1600):
        judge.step(20, 12000, -12000, 160, True, 0)
    assert judge.sequence.state == "A"
    for stretch in PLUG_IN_AND_CHARGE[1:]:
        for _ in range(stretch[0]):
            judge.step(*stretch[1:])
    assert judge.sequence.state == "C2" and judge.sequence.contactor


@given(st.integers(-100, 2000))
def test_a_vehicle_reads_the_limit_or_less(limit_da):
    amperes = read_by_a_vehicle(duty_u16_for(limit_da))
    if limit_da == 60:
        assert 6 <= amperes < Fraction(6001, 1000)
    elif limit_da < 60:
        assert amperes == 0
    else:
        assert amperes <= Fraction(limit_da, 10)


@given(st.integers(0, 65535))
def test_what_a_vehicle_reads_is_given_to_the_nearest_tenth(duty_u16):
    assert abs(offered_da_for(duty_u16) - read_by_a_vehicle(duty_u16) * 10) <= Fraction(1, 2)


class Everything:
    """An outlet with every sensor; `says` holds what they say."""

    id, phases, pilot_bits = 1, 3, 13
    has_lock = has_rcm_test = has_thermometer = True
    has_pilot_switch = ventilation = False

    def __init__(self) -> None:
        self.outlets = [self]
        self.says = dict(
            high_mv=12000,
            ok=True,
            feedback=True,
            locked=True,
            tripped=False,
            earthed=True,
            ohm=220,
            da=0,
            celsius=25,
        )
        self.duty_u16, self.closed, self.test, self.high_mv, self.low_mv = (
            X1_U16,
            False,
            False,
            12000,
            12000,
        )
        self.stop = False  # something that must open the contactor in this very step was seen

    def read_pilot(self):
        self.high_mv = self.says["high_mv"]
        self.low_mv = self.high_mv if self.duty_u16 == X1_U16 else -12000

    def set_duty_u16(self, duty_u16):
        self.duty_u16 = duty_u16

    def set_contactor(self, closed):
        self.closed = closed

    def set_lock(self, locked):
        self.lock = locked

    def set_rcm_test(self, on):
        self.test = on

    def pilot_ok(self):
        return self.says["ok"]

    def contactor_closed(self):
        return self.closed == self.says["feedback"]

    def lock_closed(self):
        return self.says["locked"] and self.lock

    def rcm_tripped(self):
        return self.says["tripped"] or self.test

    def earthed(self):
        return self.says["earthed"]

    def cable_ohm(self):
        return self.says["ohm"]

    def meter_da(self):
        return self.says["da"]

    def temperature_c(self):
        return self.says["celsius"]

    lock = False


CHANGES = {
    "high_mv": st.sampled_from([12000, 9000, 6000, 6000, 6000, 3000, 0, 20000]),
    "ok": st.booleans(),
    "feedback": st.booleans(),
    "locked": st.booleans(),
    "tripped": st.booleans(),
    "earthed": st.booleans(),
    "ohm": st.sampled_from([220, 680, 1500, 0, 5000]),
    "da": st.integers(0, 400),
    "celsius": st.sampled_from([25, 64, 66, 69, 75, None]),
}
CHANGE = st.sampled_from(sorted(CHANGES)).flatmap(
    lambda name: st.tuples(st.just(name), CHANGES[name], st.sampled_from([1, 2, 5, 60, 400]))
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 16), st.lists(CHANGE, max_size=25))
def test_no_sensor_leaves_the_contactor_closed(latched, changes):
    board = Everything()
    latched &= 1 << 6 | 1 << 8 | 1 << 9 if latched % 4 == 0 else 0
    control = Control(board, 320, lambda: None, {"1": latched})
    evse = control.evses[1]
    evse.limit_da, evse.permitted, evse.lock_wanted = 320, True, True
    wrong_since = {}
    now_ms = 0
    plug_in = [("high_mv", 12000, 60), ("high_mv", 9000, 60), ("high_mv", 6000, 60)]
    for name, value, steps in plug_in + changes + [("celsius", 25, 1)]:
        board.says[name] = value
        for _ in range(steps):
            now_ms += 20
            was_closed = board.closed
            control.step(20)
            allowed = {"ok": 60, "locked": 560, "earthed": 540}
            for what, most_ms in allowed.items():
                if board.says[what] or not was_closed:
                    wrong_since[what] = now_ms
                assert not board.closed or now_ms - wrong_since.get(what, now_ms) <= most_ms, what
            assert board.closed == (evse.sequence.state in ("C2", "C2S"))
            if board.closed:
                assert (
                    not evse.faults and not evse.protection.latched and not control.faults >> 13 & 1
                )
                assert not board.says["tripped"] and board.lock and not board.test
            if board.closed and not was_closed:
                assert (
                    board.says["locked"]
                    and board.says["high_mv"] == 6000
                    and board.says["ohm"] in (220, 680, 1500)
                )
                assert offered_da_for(board.duty_u16) <= evse.protection.cable_da
            if latched:
                assert not board.closed and evse.protection.latched & latched == latched
