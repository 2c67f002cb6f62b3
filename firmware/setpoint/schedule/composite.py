"""The plan of a connector, or of the whole charge point (R32 to R35).

It walks from change to change and asks a stack again only when its last answer ends. So the time is
proportional to the number of changes, however long ago a schedule began, and that number is
bounded.

The plan of connector n shows its bound, not its share. The plan of connector 0 shows the total
expected at the grid connection: what all connectors may draw together, bounded by what the station
allows.
"""

from ..units import const

# Of all stacks in one walk, half a second or two on a chip; with four connectors two days of
# quarter-hours
_MOST_STEPS = const(1000)


def composite_schedule(
    installed,
    connector: int,
    now: int,
    duration_s: int,
    unit: str,
    transactions: dict,
    max_segments: int = 1000,
) -> "tuple[list, int]":
    """([(start_s, limit_tenths, phases)], duration_s): the plan from now on, in tenths of "A" per
    phase or of "W".

    The plan covers the returned duration without gaps and without equal neighbours (R34). The
    returned duration is shorter than asked where the plan would need more than `max_segments`
    periods, or more steps than one request may take; the plan leaves nothing out (R35). Duration 0
    gives one period, the value of now. `transactions`: the running ones by connector. A connector
    without one is planned as if one started now (R32). The time must be known (R31).
    """
    supply = installed.supply
    tracks = []  # (stack of a connector, start of its transaction)
    for n in range(1, supply.connectors + 1) if connector == 0 else (connector,):
        transaction = transactions.get(n)
        tracks.append(
            (
                installed.reaching(n, transaction),
                now if transaction is None else transaction.started,
            )
        )
    station = installed.of_station()
    walk = _of_charge_point if connector == 0 else _of_connector
    return walk(supply, tracks, station, now, duration_s, unit == "A", max_segments)


def _of_connector(supply, tracks, station, now, duration_s, amps, max_segments):
    """The lower of two stacks and of the hardware (R28).

    Central systems ask for it often. So the step from period to period (Stack.step) is written out
    here on local names, once for the connector and once for the station (top). With calls of Stack
    for the station alone, a plan of 10 profiles takes 17 % longer.
    """
    ((own, started),) = tracks
    own_rate = supply.own_rate
    divisor = supply.rate_per_da if amps else 6
    carrying = supply.carrying
    end = now + duration_s
    periods = []
    last = last_phases = None
    at = until = holds = top_until = top_holds = now  # both are asked at once
    index = last_index = began = step = top_index = top_last_index = top_began = top_step = 0
    starts = words = worth = top_starts = top_words = top_worth = ()
    for _ in range(_MOST_STEPS // (len(tracks) + 1)):
        if until == at:
            if at < holds:
                index += 1
                word = words[index]
                rate = (word >> 2) * worth[word & 3]
                phases = word & 3
                until = holds
                if index < last_index:
                    start = began + starts[index + 1] * step
                    if start < until:
                        until = start
            else:
                rate, phases, until, holds, index, began, starts, step, words, worth = own.position(
                    at, started
                )
                last_index = len(words) - 1
        if top_until == at:
            if at < top_holds:
                top_index += 1
                word = top_words[top_index]
                top_rate = (word >> 2) * top_worth[word & 3]
                top_phases = word & 3
                top_until = top_holds
                if top_index < top_last_index:
                    start = top_began + top_starts[top_index + 1] * top_step
                    if start < top_until:
                        top_until = start
            else:
                (
                    top_rate,
                    top_phases,
                    top_until,
                    top_holds,
                    top_index,
                    top_began,
                    top_starts,
                    top_step,
                    top_words,
                    top_worth,
                ) = station.position(at, None)
                top_last_index = len(top_words) - 1

        lower = own_rate
        if rate is not None and rate < lower:
            lower = rate
        if top_rate is not None and top_rate < lower:
            lower = top_rate
        fewer = carrying[phases if phases < top_phases else top_phases]
        tenths = (lower if amps else lower * fewer) // divisor
        if tenths != last or fewer != last_phases:
            if len(periods) == max_segments:
                break
            periods.append((at - now, tenths, fewer))
            last, last_phases = tenths, fewer
        at = until if until < top_until else top_until
        if at >= end:
            return periods, duration_s
    return periods, at - now


def _of_charge_point(supply, tracks, station, now, duration_s, amps, max_segments):
    """The sum of all connectors, each bounded as by itself, then bounded by what the station allows
    (R33)."""
    station.ask(now, None)
    for stack, started in tracks:
        stack.ask(now, started)
    divisor = supply.rate_per_da if amps else 6
    periods = []
    last = last_phases = None
    at = now
    for _ in range(_MOST_STEPS // (len(tracks) + 1)):
        if station.until <= at:
            station.ask(at, None)
        until = station.until
        cap = supply.station_rate
        if station.rate is not None and (cap is None or station.rate < cap):
            cap = station.rate
        total = most_phases = 0
        for stack, started in tracks:
            if stack.until <= at:
                stack.ask(at, started)
            if stack.until < until:
                until = stack.until
            rate = supply.own_rate
            if stack.rate is not None and stack.rate < rate:
                rate = stack.rate
            if cap is not None and cap < rate:
                rate = cap
            phases = supply.carrying[
                stack.phases if stack.phases < station.phases else station.phases
            ]
            if phases > most_phases:
                most_phases = phases
            total += rate if amps else rate * phases
        if cap is not None:
            # Every current counts on every phase (R29), so together they fill no more phases than
            # the widest of them.
            total = min(total, cap if amps else cap * most_phases)

        tenths = total // divisor
        if tenths != last or most_phases != last_phases:
            if len(periods) == max_segments:
                break
            periods.append((at - now, tenths, most_phases))
            last, last_phases = tenths, most_phases
        at = until
        if at >= now + duration_s:
            return periods, duration_s
    return periods, at - now
