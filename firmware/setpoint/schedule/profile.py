"""One charging profile: what it says at an instant and until when (R14 to R20).

Kept small, since a station may hold fifty of them: one array holds the periods. First a step, 60 s or 1 s; then the
start of each period in steps; then a word for each, limit_tenths * 4 + phases. Its items are 16 bits wide where
everything fits (whole minutes up to 45 days, up to 1638 A), else 32. Limits stay in the unit and tenths they were given
in; they become rates (see supply) when asked.

Three kinds come down to two numbers:

    base        the instant from which periods count; None for Relative, and for Absolute without startSchedule: then
                it is the start of the transaction, and for a ChargePointMaxProfile its acceptance (R17)
    recurrence  0, or the seconds after which the schedule starts anew (R16)
"""

from array import array

from micropython import const

from ..units import FOREVER

CHARGE_POINT_MAX = const("ChargePointMaxProfile")
TX_DEFAULT = const("TxDefaultProfile")
TX = const("TxProfile")

# In place of a transaction's start: there is none yet, so every second is the first one of a transaction (R32).
NOT_STARTED = FOREVER

RECURRENCES = {"Daily": 86400, "Weekly": 604800}

LATEST_START_S = const((1 << 30) - 1)  # of a period: 34 years, a small int on a 32-bit chip
MOST_TENTHS = const((1 << 28) - 1)  # 26 million amperes: no hardware limit lies above, nothing is lost
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

    def __init__(self, supply, facts: dict, table: "list[int]") -> None:
        self.id = facts["id"]
        self.connector = facts["connector"]  # where it was installed; 0 is the whole charge point
        self.purpose = facts["purpose"]
        self.level = facts["level"]
        for name in OPTIONAL:
            if facts[name] != getattr(self, name):
                setattr(self, name, facts[name])
        self.worth = supply.worth(facts["unit"])
        self.table = array("H" if max(table) < 65536 else "I", table)

    def periods(self) -> "list[tuple[int, int, int]]":
        """(start_s, limit_tenths, phases) of each period, as given."""
        table = self.table
        step, count = table[0], len(table) >> 1
        return [(table[i] * step, table[i + count] >> 2, table[i + count] & 3) for i in range(1, count + 1)]

    def speaks(self, at: int, started: "int | None", stack) -> bool:
        """Does it say something at an instant, not before valid_from? What it says is left in the stack that asks:

        until    the answer is the same at every second from `at` to before it

        and, when it speaks,

        rate     that it allows, and the `phases` that belong to it
        holds    up to here it speaks on, with nothing but changes of period
        index    of the period, counted from 1, and `began`: the instant from which its start counts

        `started` is the start of the transaction, NOT_STARTED without one, None when it is not known: then a profile
        that counts from it answers with its lowest rate and its fewest phases, since the true ones cannot be lower (R31).
        """
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
            offset = at - base  # below 0 without a transaction, or after the clock was set back: the first period
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
        table = self.table
        step = table[0]
        count = len(table) >> 1
        steps = offset // step
        index = 1
        high = count + 1
        while high - index > 1:
            middle = (index + high) >> 1
            if table[middle] <= steps:
                index = middle
            else:
                high = middle
        end += base
        if end > valid_to:
            end = valid_to
        stack.holds = end
        if high <= count:
            start = base + table[high] * step
            if start < end:
                end = start
        stack.until = end
        stack.index = index
        stack.began = base
        word = table[index + count]
        stack.phases = phases = word & 3
        stack.rate = (word >> 2) * self.worth[phases]
        return True

    def lowest(self) -> "tuple[int, int]":
        """The lowest rate of all periods, executed or not, and the fewest phases, be they another period's (R31)."""
        worth = self.worth
        periods = self.periods()
        return min([tenths * worth[phases] for _, tenths, phases in periods]), min([phases for _, _, phases in periods])

    def ends_at(self) -> int:
        """The instant from which it is silent for good, FOREVER if that cannot be said without a transaction."""
        base = self.base
        if base is None and self.purpose == CHARGE_POINT_MAX:
            base = self.accepted_at
        if base is None or self.recurrence:
            return self.valid_to
        return min(base + self.length, self.valid_to)

    def same_as(self, other: "ChargingProfile") -> bool:
        """Equal in everything that has an effect. When it was accepted has one only where periods count from there."""
        if bytes(self.table) != bytes(other.table):
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
        """As ints, strs and the table as a list for JSON: some 350 bytes of text for 24 periods."""
        document = self._facts()
        document["table"] = list(self.table)
        return document


def profile_from(fields: dict, connector: int, accepted_at: "int | None", handle: "int | None", supply):
    """The profile that clean and already accepted fields describe.

    `handle` is the local handle of the transaction a TxProfile belongs to; other purposes have none.
    """
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
    table = [step]
    table.extend([start // step for start in starts] if step > 1 else starts)
    for tenths, phases in zip(periods["limit"], periods["numberPhases"]):
        table.append((tenths if tenths < MOST_TENTHS else MOST_TENTHS) * 4 + (phases or ALL_PHASES))
    return ChargingProfile(supply, facts, table)
