"""GET /api/plan, the hours ahead: what each source of a limit says, and the limit that follows."""

from ..clock import sleep_ms
from ..schedule.stack import Stack
from ..units import FOREVER, tenths_text
from .bounds import Bound, constants
from .reasons import instant, reason_of

_MOST_STEPS = 400  # of one curve, half a second on a chip: two days of quarter-hours are 192
_AT_ONCE = 8  # steps, then everything else has its turn
_MOST_HOURS = 48


async def answer(app, exchange) -> None:
    """A curve is a step function: each point holds until the next one, the last one until `until`;
    null: it does not limit then, or what it does is too much to be told (_MOST_STEPS)."""
    station = app.station
    now = app.clock.now()
    hours = exchange.request.number("hours", 24)
    connector = station.facts.connector(exchange.request.number("connector", 1))
    if connector is None:
        await exchange.refuse(404, "connector", "There is no such connector.")
        return
    if not 1 <= hours <= _MOST_HOURS:
        await exchange.refuse(422, "hours", "hours must be 1 to %d." % _MOST_HOURS)
        return
    if now is None:
        await exchange.refuse(409, "no_time", "The station does not know the time yet.")
        return
    until = now + hours * 3600
    transaction = connector.transaction
    started = now if transaction is None else transaction.started
    bound = Bound(station, connector, started)
    profiles = list(station.profiles.reaching(connector.id, transaction).profiles)
    profiles += station.profiles.of_station().profiles
    supply = station.profiles.supply

    await exchange.begin(200, "application/json")
    await exchange.write(
        '{"connector":%d,"from":%s,"until":%s,"limit":'
        % (connector.id, instant(now), instant(until))
    )
    await _curve(exchange, bound, now, until)
    source = "installation" if supply.own_rate < supply.connector_rate else "hardware"
    await exchange.write(
        ',"sources":[{"reason":%s,"points":[[%s,%s]]}'
        % (
            reason_of(source, None, now),
            instant(now),
            tenths_text(supply.own_rate // supply.rate_per_da),
        )
    )
    for source, words, da in list(constants(station, connector)):
        await exchange.write(
            ',{"reason":%s,"points":[[%s,%s]]}'
            % (reason_of(source, words, now), instant(now), tenths_text(da))
        )
    for profile in profiles:
        await exchange.write(',{"reason":%s,"points":' % reason_of("schedule", profile, now))
        await _curve(exchange, Alone(profile, supply, started), now, until)
        await exchange.write("}")
    await exchange.write("]}")
    await exchange.end()


class Alone:
    """What one profile says by itself: as Bound, `da` None where it is silent."""

    def __init__(self, profile, supply, started: "int | None") -> None:
        self._stack = Stack([profile])
        self._supply = supply
        self._started = started
        self.da = None
        self.until = FOREVER

    def at(self, instant: int) -> None:
        stack = self._stack
        stack.ask(instant, self._started)
        self.da = None if stack.rate is None else stack.rate // self._supply.rate_per_da
        self.until = stack.until


async def _curve(exchange, curve, now: int, until: int) -> None:
    at = now
    last = ()
    before = "["
    for step in range(_MOST_STEPS):
        curve.at(at)
        if curve.da != last:
            last = curve.da
            amps = "null" if last is None else tenths_text(last)
            await exchange.write("%s[%s,%s]" % (before, instant(at), amps))
            before = ","
        at = curve.until
        if at >= until:
            break
        if step % _AT_ONCE == _AT_ONCE - 1:
            await sleep_ms(0)
    else:
        await exchange.write(",[%s,null]" % instant(at))
    await exchange.write("]")
