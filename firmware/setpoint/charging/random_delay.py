"""A random delay before charging begins or goes on, so that many stations do not do it in the same
second (Great Britain: The Electric Vehicles (Smart Charge Points) Regulations 2021, regulation 11).
Loaded while the key RandomDelayMax is above 0.

It delays, by 0 to RandomDelayMax seconds, for each connector by a number of its own:
1. after every start of the station;
2. after a pause (a limit below 6 A) in a transaction, when what many stations follow at once lets
   charging begin or go on: the weekly plan, profiles, the dim input, the fallback limit.

Meanwhile the connector pauses. What sharing, the house, cable or temperature give back is not
delayed, nor a transaction that begins, nor a rise without a pause, and a lowering never is. A card
or the button ends the delay. Uptime counts, so that a clock that is set moves nothing."""

from binascii import crc32

from ..units import MINIMUM_DA


class _Delay:
    """Of one connector."""

    def __init__(self, ends_ms: "int | None") -> None:
        self.ends_ms = ends_ms  # None: there is none
        self.handle = None  # of the transaction at the last look ...
        self.da = 0  # ... and what the plan, profiles, dim input and fallback allowed then


class RandomDelay:
    """seed: a text that differs from station to station and from start to start. at_start: the
    station starts now, which is delayed."""

    def __init__(self, facts, limits, profiles, seed: str, at_start: bool) -> None:
        self._facts = facts
        self._limits = limits
        self._profiles = profiles
        self._seed = seed
        self._drawn = 0
        self._of = {}
        for connector in facts.connectors:
            self._of[connector.id] = _Delay(self._ends_ms(connector) if at_start else None)

    def _ends_ms(self, connector) -> int:
        facts = self._facts
        self._drawn += 1
        chance = crc32(("%s %d %d" % (self._seed, connector.id, self._drawn)).encode()) & 0xFFFFFF
        delay_s = chance % (facts.settings["RandomDelayMax"] + 1)
        facts.log(
            "info",
            "connector %d: random delay of %d s; a card or the button ends it"
            % (connector.id, delay_s),
        )
        return facts.up_ms + delay_s * 1000

    def hold(self, bounds: dict) -> "int | None":
        """Lowers the bounds of connectors that wait (limits.py, before anything is handed out). The
        up-time at which the next one need not wait any more, or None."""
        facts = self._facts
        recheck_ms = None
        for connector in facts.connectors:
            delay = self._of[connector.id]
            allowed_da = self._allowed_da(connector)
            transaction = connector.transaction
            handle = None if transaction is None else transaction.handle
            if (
                delay.ends_ms is None
                and handle is not None
                and handle == delay.handle
                and delay.da < MINIMUM_DA <= allowed_da
            ):
                delay.ends_ms = self._ends_ms(connector)
            delay.handle = handle
            delay.da = allowed_da
            if delay.ends_ms is None:
                continue
            if facts.up_ms >= delay.ends_ms:
                delay.ends_ms = None
                continue
            if recheck_ms is None or delay.ends_ms < recheck_ms:
                recheck_ms = delay.ends_ms
            bound = bounds[connector.id]
            if bound.da >= MINIMUM_DA:
                bound.da, bound.source, bound.reason = 0, "random delay", None
        return recheck_ms

    def _allowed_da(self, connector) -> int:
        """What all that many stations follow at once allows."""
        now = self._facts.now
        limits = self._limits
        da = self._profiles.limit_at(connector.id, now, connector.transaction)[0]
        for other_da in (
            self._profiles.station_limit_at(now)[0],
            limits.total_of("dim"),
            limits.cap_of(connector.id, "fallback"),
        ):
            if other_da is not None and other_da < da:
                da = other_da
        return da

    def end(self, connector) -> bool:
        """The driver is here. Was there a delay?"""
        delay = self._of[connector.id]
        if delay.ends_ms is None:
            return False
        delay.ends_ms = None
        self._facts.limits_stale = True
        self._facts.log("info", "connector %d: the driver ends the random delay" % connector.id)
        return True

    def end_all(self) -> None:
        for connector in self._facts.connectors:
            self.end(connector)
