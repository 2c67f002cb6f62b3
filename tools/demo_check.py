"""Whether what the demo saw is what the rules say, by tools/expected.py, which knows nothing of the
firmware.

What is allowed for: a change shows within SETTLE_S, since the schedule counts whole seconds and the
bench looks five times a second; the pilot changes at most every 5 s, and a vehicle has 5 s to
follow (IEC 61851-1), so an offer may be as old as FOLLOW_S, and after STEADY_S without a change it
is the limit."""

from __future__ import annotations

from typing import Any

from tools.expected import Placed, Site, instant, limit
from tools.traffic import CALL, RESULT, Message

SETTLE_S = 1.5
FOLLOW_S = 10
STEADY_S = 7
MINIMUM_A = 6  # below, the pilot offers nothing
PILOT_STEP_A = 0.1  # the offer is rounded down, at most so much


class Expected:
    """The limit at any second, from what was installed when."""

    def __init__(
        self, site: Site, placed: list[tuple[float, list[Placed]]], transaction: dict | None
    ) -> None:
        self.site, self.placed, self.transaction = site, placed, transaction
        self._known: dict[tuple[int, int], float] = {}

    def amps_at(self, second: int, number: int) -> float:
        """By the profiles of placed[number]."""
        if (second, number) not in self._known:
            self._known[second, number] = self._worked_out(second, self.placed[number][1])
        return self._known[second, number]

    def _worked_out(self, second: int, profiles: list[Placed]) -> float:
        running = None
        if self.transaction and instant(self.transaction["start"]) <= second < instant(
            self.transaction.get("end") or second + 1
        ):
            running = (self.transaction["id"], instant(self.transaction["start"]))
        return limit(self.site, profiles, 1, second, running)[0] / 10

    def possible(self, at: float, now: int, back_s: float) -> set[float]:
        """Every limit that held within the last `back_s`: at each second, by each set of profiles
        then installed."""
        found = set()
        for number, (since, _) in enumerate(self.placed):
            until = self.placed[number + 1][0] if number + 1 < len(self.placed) else at + 1
            if since <= at and until >= at - back_s:
                first, last = max(since, at - back_s), min(until, at)
                for second in range(now - int(at - first + 0.999), now - int(at - last) + 1):
                    found.add(self.amps_at(second, number))
        return found


def transaction_of(messages: list[Message]) -> dict | None:
    """The transaction as the two messages about it tell: id, start, end."""
    starts = [m for m in messages if m.kind == CALL and m.action == "StartTransaction"]
    answers = [m for m in messages if m.kind == RESULT and m.action == "StartTransaction"]
    stops = [m for m in messages if m.kind == CALL and m.action == "StopTransaction"]
    if not starts or not answers:
        return None
    found = {"id": answers[0].payload["transactionId"], "start": starts[0].payload["timestamp"]}
    if stops:
        found["end"] = stops[-1].payload["timestamp"]
    return found


def failures(
    site: Site,
    samples: list[Any],
    placed: list[tuple[float, list[Placed]]],
    messages: list[Message],
) -> list[str]:
    """What differs from the rules, one sentence each."""
    return limits_wrong(
        Expected(site, placed, transaction_of(messages)), samples
    ) + transaction_wrong(site, samples, messages)


def limits_wrong(expected: Expected, samples: list[Any]) -> list[str]:
    found = []

    def wrong(sample: Any, sentence: str) -> None:
        found.append("%s: %s" % (sample.now, sentence))

    up_since = samples[0].at if samples else 0.0
    plugged_since = None
    previous = None
    for sample in samples:
        now = instant(sample.now)
        if previous is None or sample.at - previous.at > 1:
            up_since = sample.at  # powered up just now
        plugged_since = (
            None if sample.transaction is None or not sample.plugged else plugged_since or sample.at
        )
        recent = expected.possible(sample.at, now, SETTLE_S)
        if sample.limit not in recent:
            wrong(
                sample,
                "the limit is %.1f A, the rules say %s"
                % (sample.limit, " or ".join("%.1f A" % amps for amps in sorted(recent))),
            )
        followed = expected.possible(sample.at, now, FOLLOW_S)
        if sample.offered > max(followed):
            wrong(
                sample,
                "the pilot offers %.1f A, and the limit was at most %.1f A"
                % (sample.offered, max(followed)),
            )
        if sample.closed and max(followed) < MINIMUM_A:
            wrong(sample, "the contactor is closed, and nothing may be drawn")
        if sample.closed and sample.transaction is None:
            wrong(sample, "the contactor is closed without a transaction")
        steady = expected.possible(sample.at, now, STEADY_S)
        settled = plugged_since is not None and sample.at - max(up_since, plugged_since) > STEADY_S
        if len(steady) == 1 and settled:
            amps = steady.pop()
            if amps >= MINIMUM_A and not (
                amps - PILOT_STEP_A <= sample.offered <= amps and sample.closed
            ):
                wrong(
                    sample,
                    "the limit is %.1f A for long, and the pilot offers %.1f A, the contactor is %s"
                    % (amps, sample.offered, sample.closed),
                )
            if amps < MINIMUM_A and (sample.offered or sample.closed):
                wrong(
                    sample,
                    "the limit is %.1f A for long, and the pilot still offers %.1f A"
                    % (amps, sample.offered),
                )
        previous = sample
    return found


def transaction_wrong(site: Site, samples: list[Any], messages: list[Message]) -> list[str]:
    """One transaction from the first to the last, with the power cut inside it, and energy that
    fits."""
    starts = [m for m in messages if m.kind == CALL and m.action == "StartTransaction"]
    stops = [m for m in messages if m.kind == CALL and m.action == "StopTransaction"]
    if len(starts) != 1 or len(stops) != 1:
        return [
            "%d StartTransaction and %d StopTransaction, and there was one charge"
            % (len(starts), len(stops))
        ]
    found = []
    number = (transaction_of(messages) or {}).get("id")
    ids = {sample.transaction for sample in samples if sample.transaction is not None}
    if not ids <= {number, -1, 0} or number not in ids:
        found.append(
            "the transaction was %s on the station and %s in the central system" % (ids, number)
        )
    if stops[0].payload["transactionId"] != number:
        found.append("StopTransaction is about transaction %s" % stops[0].payload["transactionId"])
    energy = stops[0].payload["meterStop"] - starts[0].payload["meterStart"]
    most = sum(
        (b.at - a.at) * (max(a.offered, b.offered) if a.closed or b.closed else 0)
        for a, b in zip(samples, samples[1:], strict=False)
    )
    most_wh = most * site.volts * site.phases / 3600
    if not 0 < energy <= most_wh * 1.02 + 1:
        found.append(
            "the charge took %d Wh, and the pilot offered %.0f Wh at most" % (energy, most_wh)
        )
    readings = [m for m in messages if m.kind == CALL and m.action == "MeterValues"]
    if len(readings) < 3:
        found.append("%d MeterValues" % len(readings))
    return found


def summary(samples: list[Any], messages: list[Message]) -> str:
    stops = [m for m in messages if m.kind == CALL and m.action == "StopTransaction"]
    energy = "%d Wh charged, " % stops[0].payload["meterStop"] if stops else ""
    return "%d looks at the station and %d messages compared with the rules; %s%d limits seen." % (
        len(samples),
        len(messages),
        energy,
        len({sample.limit for sample in samples}),
    )
