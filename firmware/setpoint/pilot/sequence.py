"""The state machine of one connector: pilot and limit in, duty cycle and contactor out (IEC
61851-1, annex A).

    state   pilot    contactor   what it means
    BOOT    +12 V    open        self tests run, or no usable level has lasted for 500 ms yet
    A       +12 V    open        no vehicle
    B1      +12 V    open        vehicle, no permit
    B2      PWM      open        vehicle, permit; it does not ask for current, or not for 500 ms yet
    C1      +12 V    open        vehicle asks, no permit
    C1P     PWM      open        vehicle asked before there was PWM; it has not asked for 500 ms yet
    C2      PWM      closed      energy flows
    C2S     +12 V    closed      the offer has ended; the vehicle has 6 s to stop, to spare the
                                 contactor
    WAKE    none     open        wakes a vehicle: no pilot, or -12 V, for 4 s; +12 V for 750 ms
    F       -12 V for 300 ms if the contactor was closed, then +12 V; open     fault

Permit: a limit of at least 6 A (R38), no fault.

Rules that hold at the end of every step:
 1. The contactor is closed in C2 and C2S and nowhere else. Only `step` decides that.
 2. It closes after 500 ms of C without a gap, with PWM and three good diode readings, and 5 s after
    it last opened. What was seen before a stall of more than 200 ms does not count.
 3. It opens with the third burst in a row that is not C, or 45 ms after the last C, whichever is
    first. A fault opens it at once. No delay and no filter stands in between.
 4. A stop goes out at once (+12 V), and so does a lower limit while the contactor is open: the
    contactor never closes on an offer above the limit. Any other change of the duty waits until 5 s
    after the last one, and then takes the newest limit. B2 and C1P offer at once after +12 V.
 5. In states with PWM, D without ventilation counts as "does not ask".
 6. Only a vehicle that has not changed its state since the offer is woken, and only with `wake_ms`:
    twice at most by disconnecting the pilot; without a switch for that once, and once an hour at
    most, by -12 V.

Carry out a step's outputs in this order: contactor off, pilot, lock, contactor on.
"""

from micropython import const

from ..units import MINIMUM_DA
from .duty import N12_U16, X1_U16, duty_u16_for
from .faults import SELF_HEALING, UNPLUG
from .level import PLUGGED, Level

_LONG_MS = const(7200000)  # longer than every timer here: no step and no timer counts more

_VALID_MS = const(500)  # a level that lasts, for BOOT
_ASKS_MS = const(500)  # some vehicles pulse C for 250 ms
_GOOD_DIODE_BURSTS = const(3)
_RECLOSE_MS = const(5000)
_SPACING_MS = const(5000)  # a vehicle may take 5 s to follow a duty
_X1_BEFORE_PWM_MS = const(3000)  # a vehicle found in C without PWM has 3 s to fall back to B
_STOP_MS = const(6000)  # a vehicle must stop 3 s after PWM; we open under load after twice that
_SILENT_BURSTS = const(3)
# IEC 61851-1: open within 100 ms; a burst takes up to 8, the contactor 25; with several pilots
# steps are up to 33 ms apart
_SILENT_MS = const(45)
_N12_MS = const(300)
# F lasts at least so long, and so long after the last self-healing fault
_RECOVERY_MS = const(30000)
_AWAY_MS = const(4000)  # IEC 61851-1, A.5.3 ...
_AWAY_AGAIN_MS = const(30000)  # ... and some vehicles want more
_BACK_MS = const(750)
_BLIND_MS = const(75)  # after the pilot came back
_WAKE_PAUSE_MS = const(3600000)


class Sequence:
    """One connector. All outputs are attributes, new after each `step`:

    state, contactor (bool), duty_u16,
    vehicle ("A" to "F" as the standard names states: E no usable level, F -12 V; None before the
    first level),
    pilot_open (bool, only where there is a switch for it: disconnect the pilot),
    fault (None, "diode", "short", "negative" or "bad": what is wrong with the pilot, until F is
    left).

    Inputs that seldom change are attributes too: ready (False: self tests run, BOOT lasts), wake_ms
    (a vehicle that does not answer an offer for so long is woken; 0: never).
    """

    def __init__(
        self, ventilation: bool = False, bits: int = 16, pilot_switch: bool = False
    ) -> None:
        """`ventilation`: D is served like C. `bits`: of the PWM. `pilot_switch`: the pilot can be
        disconnected."""
        self.ready = True
        self.wake_ms = 0
        self.state = "BOOT"
        self.contactor = False
        self.duty_u16 = X1_U16
        self.vehicle = None
        self.pilot_open = False
        self.fault = None

        self._bits = bits
        self._pilot_switch = pilot_switch
        self._level = Level(ventilation)
        self._state_ms = 0
        self._since_open_ms = _LONG_MS
        self._since_duty_ms = _LONG_MS

        self._recovery = 0  # of the faults since F was entered, the strictest rule
        self._released = False  # UNPLUG or MANUAL: what it asks for has happened
        self._acknowledged = False
        self._gone_ms = 0
        self._n12_ms = 0  # still to go

        self._sleeps = False  # in B2: the vehicle has not moved since it was offered current
        self._wakes = 0  # in this row
        self._since_wake_ms = _LONG_MS
        self._away_ms = 0

    def acknowledge(self) -> None:
        """A person has seen to a MANUAL fault, and its test has passed. Ends F once it is gone."""
        self._acknowledged = self.state == "F"

    def step(self, elapsed_ms: int, high_mv: int, low_mv: int, limit_da: int, fault: int) -> None:
        """Every 20 ms: takes in one burst, read with the last outputs, and works out the new ones.

        limit_da: what the vehicle may draw; 0 where it is not authorised or the connector is not
        available. fault: the rule that ends the worst fault outside the pilot, for as long as it
        lasts; 0 (or False) without one.
        """
        elapsed_ms = self._count(elapsed_ms)
        self._look(elapsed_ms, high_mv, low_mv)
        if fault:
            self._fail(None, int(fault))
        if limit_da < MINIMUM_DA:
            limit_da = 0  # above 0 there is a permit, but for a fault: in F nobody asks
        if self.state == "F":
            self._recover(elapsed_ms, bool(fault))
        elif self.state == "BOOT":
            self._boot()
        elif self.contactor:
            self._closed(limit_da)
        elif self.state == "WAKE" and limit_da:
            self._wake(limit_da)
        else:
            self._open(limit_da)

    def _count(self, elapsed_ms: int) -> int:
        elapsed_ms = max(0, min(elapsed_ms, _LONG_MS))
        self._state_ms = min(self._state_ms + elapsed_ms, _LONG_MS)
        self._since_open_ms = min(self._since_open_ms + elapsed_ms, _LONG_MS)
        self._since_duty_ms = min(self._since_duty_ms + elapsed_ms, _LONG_MS)
        self._since_wake_ms = min(self._since_wake_ms + elapsed_ms, _LONG_MS)
        return elapsed_ms

    def _blind(self) -> bool:
        """The station itself has taken the pilot away: readings mean nothing."""
        return (
            self.pilot_open
            or self.duty_u16 == N12_U16
            or (self.state == "WAKE" and self._state_ms < self._away_ms + _BLIND_MS)
        )

    def _look(self, elapsed_ms: int, high_mv: int, low_mv: int) -> None:
        if not self._blind():
            self._level.take(elapsed_ms, high_mv, low_mv, self.duty_u16 != X1_U16)
            self.vehicle = self._level.vehicle()
            if self._level.fault(self.contactor) is not None:
                self._fail(self._level.fault(self.contactor), 0)

    # faults

    def _fail(self, pilot_fault: "str | None", recovery: int) -> None:
        """Enters F, or adds a fault to it: the strictest rule counts. recovery: of one outside the
        pilot."""
        if self.state != "F":
            self._n12_ms = _N12_MS if self.contactor else 0
            self._recovery = 0
            self._go("F", N12_U16 if self._n12_ms else X1_U16)
        if pilot_fault is not None:
            self.fault = pilot_fault
            recovery = UNPLUG if pilot_fault == "diode" or pilot_fault == "short" else SELF_HEALING
        if recovery > self._recovery:
            self._recovery = recovery
        self._released = False
        self._acknowledged = False

    def _recover(self, elapsed_ms: int, fault: bool) -> None:
        if self.duty_u16 == N12_U16 and self._state_ms >= self._n12_ms:
            self._write(X1_U16)
        if fault or self._level.unusable.bursts:
            self._gone_ms = 0
            return
        self._gone_ms = min(self._gone_ms + elapsed_ms, _LONG_MS)
        if self._recovery <= SELF_HEALING:
            self._released = self._gone_ms >= _RECOVERY_MS
        elif self._recovery == UNPLUG:
            self._released = self._released or self._level.present == "A"
        else:
            self._released = self._acknowledged
        if self._released and self._state_ms >= _RECOVERY_MS:
            self.fault = None
            self._go("BOOT", X1_U16)

    # states without a fault; at most one transition in a step

    def _boot(self) -> None:
        if self.ready and self._level.same.ms >= _VALID_MS:
            self._open(0)

    def _open(self, limit_da: int) -> None:
        state = self.state
        present = self._level.present
        if present == "A":
            if state != "A":
                self._go("A", X1_U16)
                self._since_wake_ms = _LONG_MS
        elif state == "A" or state == "BOOT":
            if present == "B":
                self._go("B1", X1_U16)
            elif present in PLUGGED:
                self._go("C1", X1_U16)
        elif state == "B1":
            if present == "C" or present == "D":
                self._go("C1", X1_U16)
            elif limit_da and present == "B":
                if self._since_wake_ms >= _WAKE_PAUSE_MS:
                    self._wakes = 0
                self._offer("B2", limit_da)
        elif state == "C1":
            if present == "B":
                self._go("B1", X1_U16)
            elif limit_da and present in PLUGGED and self._state_ms >= _X1_BEFORE_PWM_MS:
                self._offer("C1P", limit_da)
        elif not limit_da:
            self._go("C1" if state == "C1P" else "B1", X1_U16)
        else:
            self._follow(limit_da)
            if self._may_close():
                self._go("C2", self.duty_u16)
            elif state == "C1P":
                if present == "B":
                    self._go("B2", self.duty_u16)
            elif present != "B":
                self._sleeps = False
            elif (
                self._sleeps
                and 0 < self.wake_ms <= self._state_ms
                and self._wakes < (2 if self._pilot_switch else 1)
            ):
                self._away_ms = _AWAY_AGAIN_MS if self._wakes else _AWAY_MS
                self._wakes += 1
                self._since_wake_ms = 0
                self._go("WAKE", X1_U16 if self._pilot_switch else N12_U16)
                self.pilot_open = self._pilot_switch

    def _wake(self, limit_da: int) -> None:
        if self.pilot_open or self.duty_u16 == N12_U16:
            if self._state_ms >= self._away_ms:
                self._state_ms = self._away_ms
                self.pilot_open = False
                self._write(X1_U16)
        elif self._level.present == "A":
            self._open(limit_da)
        elif self._state_ms >= self._away_ms + _BACK_MS:
            self._offer("B2", limit_da)

    def _closed(self, limit_da: int) -> None:
        stopping = self.state == "C2S" or not limit_da
        if not stopping:
            self._follow(limit_da)
        if self._level.silent_bursts >= _SILENT_BURSTS or self._level.silent_ms >= _SILENT_MS:
            self._leave_c(stopping)
        elif self.state == "C2":
            if not limit_da:
                self._go("C2S", X1_U16)
        elif self._state_ms >= _STOP_MS:
            self._go("C1", X1_U16)
        elif limit_da and self._since_duty_ms >= _SPACING_MS:
            self._go("C2", duty_u16_for(limit_da, self._bits))

    def _leave_c(self, stopping: bool) -> None:
        present = self._level.present
        if present == "A":
            self._go("A", X1_U16)
        elif not stopping:
            self._go("B2", self.duty_u16)
        elif present == "C" or present == "D":
            self._go("C1", X1_U16)
        else:
            self._go("B1", X1_U16)

    def _may_close(self) -> bool:
        return (
            self._level.asking.ms >= _ASKS_MS
            and self._level.good_diode.bursts >= _GOOD_DIODE_BURSTS
            and self._since_open_ms >= _RECLOSE_MS
        )

    # outputs

    def _go(self, state: str, duty_u16: int) -> None:
        self.state = state
        self._state_ms = 0
        self._sleeps = False
        self.pilot_open = False
        closed = state == "C2" or state == "C2S"
        if closed != self.contactor:
            self.contactor = closed
            self._level.settle()
            self._since_open_ms = 0
        self._write(duty_u16)

    def _offer(self, state: str, limit_da: int) -> None:
        """Enters B2 or C1P from +12 V. Only what is seen from now on, with PWM, counts for
        closing."""
        self._level.asking.forget()
        self._go(state, duty_u16_for(limit_da, self._bits))
        self._sleeps = True

    def _follow(self, limit_da: int) -> None:
        duty_u16 = duty_u16_for(limit_da, self._bits)
        if self._since_duty_ms >= _SPACING_MS or (duty_u16 < self.duty_u16 and not self.contactor):
            self._write(duty_u16)

    def _write(self, duty_u16: int) -> None:
        if duty_u16 != self.duty_u16:
            self.duty_u16 = duty_u16
            self._since_duty_ms = 0
            self._level.settle()
