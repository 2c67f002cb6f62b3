"""One charging profile: what it says at an instant and until when (R14 to R20).

Kept small, since a station may hold fifty of them. Two sequences hold the periods:

    starts   when each begins, in steps of 60 s or 1 s: a range where they are evenly spaced, which
             most are, else an array
    words    what each says: limit_tenths * 4 + phases

An array's items are 16 bits wide where all of them fit (whole minutes up to 45 days, up to 1638 A),
else 32. Limits stay in the unit and tenths they were given in; they become rates (see supply) when
asked.

Three kinds come down to two numbers:

    base        the instant from which periods count; None for Relative, and for Absolute without
                startSchedule: then it is the start of the transaction, and for a
                ChargePointMaxProfile its acceptance (R17)
    recurrence  0, or the seconds after which the schedule starts anew (R16)
"""

from array import array

from ..units import FOREVER, const

CHARGE_POINT_MAX = const("ChargePointMaxProfile")
TX_DEFAULT = const("TxDefaultProfile")
TX = const("TxProfile")

# In place of a transaction's start: there is none yet, so every second is the first one of a
# transaction (R32).
NOT_STARTED = FOREVER

RECURRENCES = {"Daily": 86400, "Weekly": 604800}

LATEST_START_S = const((1 << 30) - 1)  # of a period: 34 years, a small int on a 32-bit chip
# 26 million amperes: no hardware limit lies above, nothing is lost
MOST_TENTHS = const((1 << 28) - 1)
ALL_PHASES = const(3)  # numberPhases when absent (OCPP 1.6, 7.14)

# What most profiles do not say: a document leaves it out, and an object takes the class's.
OPTIONAL = ("transaction", "accepted_at", "valid_from", "valid_to", "base", "recurrence", "length")


class ChargingProfile:
    """Made by profile_from and stored.from_document; then it is fixed, but for `accepted_at`."""

    transaction = None  # local handle of the transaction a TxProfile belongs to
    accepted_at = None  # None: the clock was unknown
    valid_from = -FOREVER
    valid_to = FOREVER
    base = None
    recurrence = 0
    length = FOREVER  # silent from here on, counted from the base

    def __init__(
        self, supply, facts: dict, step: int, starts: "list[int]", words: "list[int]"
    ) -> None:
        """step: in seconds. starts, words: of the periods, as above."""
        self.id = facts["id"]
        self.connector = facts["connector"]  # where it was installed; 0 is the whole charge point
        self.purpose = facts["purpose"]
        self.level = facts["level"]
        for name in OPTIONAL:
            if facts[name] != getattr(self, name):
                setattr(self, name, facts[name])
        self.worth = supply.worth(facts["unit"])
        self.step = step
        apart = starts[1] if len(starts) > 1 else 1
        even = range(0, starts[-1] + 1, apart)
        self.starts = even if len(even) == len(starts) and list(even) == starts else _array(starts)
        self.words = _array(words)

    def periods(self) -> "list[tuple[int, int, int]]":
        """(start_s, limit_tenths, phases) of each period, as given."""
        return [
            (start * self.step, word >> 2, word & 3) for start, word in zip(self.starts, self.words)
        ]

    def speaks(self, at: int, started: "int | None", stack) -> bool:
        """Does it say something at an instant, not before valid_from? What it says is left in the
        stack that asks:

        until    the answer is the same at every second from `at` to before it

        and, when it speaks,

        rate     that it allows, and the `phases` that belong to it
        holds    up to here it speaks on, with nothing but changes of period
        index    of the period, counted from 0, and `began`: the instant from which its start counts

        `started` is the start of the transaction, NOT_STARTED without one, None when it is not
        known: then a profile that counts from it answers with its lowest rate and its fewest
        phases, since the true ones cannot be lower (R31)."""
        valid_to = self.valid_to
        if at >= valid_to:
            stack.until = FOREVER
            return False
        base = self.base
        recurrence = 0
        if base is None:
            base = self.accepted_at if self.purpose == CHARGE_POINT_MAX else started
            if base is None:
                stack.until = stack.holds = valid_to
                stack.rate, stack.phases = self.lowest()
                return True
            # Below 0 without a transaction, or after the clock was set back: the first period
            offset = at - base
        else:
            offset = at - base
            if offset < 0:
                stack.until = base if base < valid_to else valid_to
                return False
            recurrence = self.recurrence
            if recurrence:
                offset %= recurrence
                base = at - offset
        end = self.length
        if offset >= end:
            stack.until = min(base + recurrence, valid_to) if recurrence else FOREVER
            return False

        # The period: the last one that starts at or before the offset, and if none does, the first.
        starts = self.starts
        step = self.step
        steps = offset // step
        index = 0
        high = count = len(starts)
        while high - index > 1:
            middle = (index + high) >> 1
            if starts[middle] <= steps:
                index = middle
            else:
                high = middle
        end += base
        if end > valid_to:
            end = valid_to
        stack.holds = end
        if high < count:
            start = base + starts[high] * step
            if start < end:
                end = start
        stack.until = end
        stack.index = index
        stack.began = base
        word = self.words[index]
        stack.phases = phases = word & 3
        stack.rate = (word >> 2) * self.worth[phases]
        return True

    def lowest(self) -> "tuple[int, int]":
        """The lowest rate of all periods, executed or not, and the fewest phases, be they another
        period's (R31)."""
        worth = self.worth
        periods = self.periods()
        return min([tenths * worth[phases] for _, tenths, phases in periods]), min(
            [phases for _, _, phases in periods]
        )

    def ends_at(self) -> int:
        """The instant from which it is silent for good, FOREVER if that cannot be said without a
        transaction."""
        base = self.base
        if base is None and self.purpose == CHARGE_POINT_MAX:
            base = self.accepted_at
        if base is None or self.recurrence:
            return self.valid_to
        return min(base + self.length, self.valid_to)

    def same_as(self, other: "ChargingProfile") -> bool:
        """Equal in everything that has an effect. When it was accepted has one only where periods
        count from there."""
        if (
            self.step != other.step
            or list(self.starts) != list(other.starts)
            or list(self.words) != list(other.words)
        ):
            return False
        mine, others = self._facts(), other._facts()
        if self.base is not None or self.purpose != CHARGE_POINT_MAX:
            mine["accepted_at"] = others["accepted_at"] = None
        return mine == others

    def _facts(self) -> dict:
        """All but the periods, without what has its default."""
        facts = {
            "id": self.id,
            "connector": self.connector,
            "purpose": self.purpose,
            "level": self.level,
            "unit": self.worth[0],
        }
        for name in OPTIONAL:
            value = getattr(self, name)
            if value != getattr(ChargingProfile, name):
                facts[name] = value
        return facts

    def to_document(self) -> dict:
        """As ints, strs and a list for JSON, which is the step, then the starts, then the words:
        some 350 bytes of text for 24 periods."""
        document = self._facts()
        document["table"] = [self.step] + list(self.starts) + list(self.words)
        return document


def _array(numbers: "list[int]") -> array:
    return array("H" if max(numbers) < 65536 else "I", numbers)


def profile_from(
    fields: dict, connector: int, accepted_at: "int | None", handle: "int | None", supply
):
    """The profile that clean and already accepted fields describe.

    `handle` is the local handle of the transaction a TxProfile belongs to; other purposes have
    none."""
    schedule = fields["chargingSchedule"]
    purpose = fields["chargingProfilePurpose"]
    kind = fields["chargingProfileKind"]
    recurrence = RECURRENCES[fields["recurrencyKind"]] if kind == "Recurring" else 0
    length = schedule.get("duration", FOREVER)
    facts = {
        "id": fields["chargingProfileId"],
        "connector": connector,
        "purpose": purpose,
        "level": fields["stackLevel"],
        "unit": schedule["chargingRateUnit"],
        "transaction": handle if purpose == TX else None,
        "accepted_at": accepted_at,
        "valid_from": fields.get("validFrom", -FOREVER),
        "valid_to": fields.get("validTo", FOREVER),
        "base": None if kind == "Relative" else schedule.get("startSchedule"),
        "recurrence": recurrence,
        "length": min(length, recurrence) if recurrence else length,
    }
    periods = schedule["chargingSchedulePeriod"]
    starts = periods["startPeriod"]
    step = 1 if any([start % 60 for start in starts]) else 60
    if step > 1:
        starts = [start // step for start in starts]
    words = []
    for tenths, phases in zip(periods["limit"], periods["numberPhases"]):
        words.append((tenths if tenths < MOST_TENTHS else MOST_TENTHS) * 4 + (phases or ALL_PHASES))
    return ChargingProfile(supply, facts, step, starts, words)
