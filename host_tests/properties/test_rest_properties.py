"""The contactor lasts: whatever limits, permissions, phases and vehicles come, second by second,
closings and switches of phases keep their distance, and no opening is late.

The judge sees what was put in and what the outlet did, never the firmware's own books."""

from control_bench import loop
from hypothesis import given
from hypothesis import strategies as st
from outlet import Outlet

STEP_MS = 20
OPENS_MS = 6100  # a vehicle that does not stop is cut after 6 s
# B after +12 V, 0.5 s of C, 5 s since the last opening; 15 s after a switch of phases; and a step
FOLLOWS_MS = 3000 + 500 + 5000 + 15000 + 200


class Judge:
    """Drives one connector and looks at its contactor and phase relays."""

    def __init__(self, closed_s, open_s, phases):
        outlet = Outlet()
        outlet.phases = phases
        self.control, (self.evse,) = loop(outlets=[outlet])
        self.evse.phases = phases
        self.outlet = outlet
        self.evse.least_closed_ms = self.closed_ms = closed_s * 1000
        self.evse.least_open_ms = self.open_ms = open_s * 1000
        self.ms = 0
        self.vehicle = "A"
        self.obeys = True
        self.closed_at = None  # of this vehicle, with the station's opening after it
        self.opened_at = None
        self.switched_at = None
        self.counts = [0, 0]
        self.forbidden_ms = 0
        self.fewer_ms = 0
        self.wanted_ms = 0  # that all is well, and nobody wishes anything new
        self.wishes = None

    def show(self):
        """What the vehicle shows now: it asks when it is offered something."""
        offered = self.outlet.duty_u16 != 65535
        shown = self.vehicle
        if shown == "C" and not offered and self.obeys:
            shown = "B"
        self.outlet.show(shown)
        return shown

    def run(self, ms):
        for _ in range(ms // STEP_MS):
            self.step()

    def step(self):
        outlet, evse = self.outlet, self.evse
        shown = self.show()
        offered = outlet.duty_u16 != 65535
        was_closed, had_phases = outlet.closed, outlet.phases
        self.control.step(STEP_MS)
        self.ms += STEP_MS
        if outlet.closed and not was_closed:
            self.counts[0] += 1
            if self.opened_at is not None:
                assert self.ms - self.opened_at >= self.open_ms, "open for too short a time"
                gap_ms = self.ms - self.closed_at
                assert gap_ms >= self.closed_ms + self.open_ms, "closed again too soon"
            self.closed_at, self.opened_at = self.ms, None
        elif was_closed and not outlet.closed:
            # The station wanted it, where +12 V stood before the vehicle stopped
            self.opened_at = self.ms if not offered else None
        if shown == "A":
            self.opened_at = None
        if outlet.phases != had_phases:
            self.counts[1] += 1
            assert not outlet.closed and not was_closed
            if self.switched_at is not None:
                assert self.ms - self.switched_at >= self.closed_ms + self.open_ms, "phases"
            self.switched_at = self.ms
        allowed_da = evse.limit_da if evse.permitted and evse.limit_da >= 60 else 0
        self.forbidden_ms = 0 if allowed_da else self.forbidden_ms + STEP_MS
        self.fewer_ms = self.fewer_ms + STEP_MS if evse.phases < outlet.phases else 0
        if max(self.forbidden_ms, self.fewer_ms) > OPENS_MS:
            assert not outlet.closed, "an opening waits"
        if max(self.forbidden_ms, self.fewer_ms) > STEP_MS:
            assert outlet.duty_u16 == 65535, "the offer does not end at once"
        wishes = (evse.phases, allowed_da > 0, self.vehicle, self.obeys)
        all_well = allowed_da and self.vehicle == "C" and self.obeys and wishes == self.wishes
        self.wishes = wishes
        self.wanted_ms = self.wanted_ms + STEP_MS if all_well else 0
        if self.wanted_ms > 2 * (self.closed_ms + self.open_ms) + 2 * FOLLOWS_MS + OPENS_MS:
            assert outlet.closed and outlet.phases == evse.phases, "it never comes back"


DEEDS = st.one_of(
    st.tuples(st.just("limit_da"), st.sampled_from((0, 59, 60, 160, 320))),
    st.tuples(st.just("permitted"), st.booleans()),
    st.tuples(st.just("phases"), st.sampled_from((1, 3))),
    st.tuples(st.just("vehicle"), st.sampled_from("ABCCC")),
    st.tuples(st.just("obeys"), st.booleans()),
)
WAITS_S = st.sampled_from((0.02, 0.2, 1, 3, 6.5, 10, 30))


@given(
    st.sampled_from((0, 5, 20)),
    st.sampled_from((0, 5, 20)),
    st.sampled_from((1, 3)),
    st.lists(st.tuples(DEEDS, WAITS_S), max_size=40),
)
def test_closings_and_switches_keep_their_distance_and_no_opening_is_late(
    closed_s, open_s, phases, story
):
    judge = Judge(closed_s, open_s, phases)
    judge.vehicle = "C"
    judge.evse.limit_da, judge.evse.permitted = 160, True
    for (name, value), wait_s in story:
        if name in ("vehicle", "obeys"):
            setattr(judge, name, value)
        else:
            setattr(judge.evse, name, value)
        judge.run(int(wait_s * 1000))
    judge.vehicle, judge.obeys = "C", True
    judge.evse.limit_da, judge.evse.permitted = 160, True
    judge.run(2 * (judge.closed_ms + judge.open_ms) + 2 * FOLLOWS_MS + OPENS_MS + 1000)
    assert [judge.evse.closings, judge.evse.phase_switches] == judge.counts
