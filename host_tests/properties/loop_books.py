"""What the central system told the station in a closed loop, and what the oracle makes of it."""

from collections import namedtuple

from legal_profiles import CAPABILITY, DAY

from tools import expected

# connector 0: any one; instants; parent: a parentIdTag or None
Reservation = namedtuple("Reservation", "id connector tag parent expires accepted")


class Running:
    def __init__(self, handle, id_tag, started, started_up_ms):
        self.handle = handle
        self.id_tag = id_tag
        self.started = started
        self.started_up_ms = started_up_ms


class Books:
    """Kept from what was said to the station and what it answered."""

    def __init__(self, site):
        self.site = site
        self.placed = []
        self.running = {}  # connector: Running
        self.caps = {}  # connector: {source: da}
        self.totals = {}  # source: da, for all connectors together
        self.remote_profiles = {}  # id tag: profile that came with its remote start
        self.last = {}  # profile id: Placed, as accepted last
        self.reservations = []
        self.groups = {}  # id tag: its parentIdTag, as the central system knows it
        self.named = {}  # (connector, id tag): the reservationIds that its starts may name
        self.reserved = self.used = 0
        self.settings = {"FallbackLimitAfterMinutes": 0, "FallbackLimitAmps": 6}
        self.dim_ends_ms = None  # when the limit of a contact that rests is over
        self.heard_ms = 0  # the central system, or the last power-up
        self.fallback = self.falls_back_now = False
        self.fallbacks = 0
        self.changed()

    def changed(self):
        self._answers = None

    def connectors(self):
        return range(1, self.site.connectors + 1)

    def time_is(self, ms):
        """After so many minutes of silence the fallback limit holds. In the millisecond in which it
        begins both are right: the station may be told of a pilot before it is woken for that."""
        if self.dim_ends_ms is not None and ms >= self.dim_ends_ms:
            self.dim_ends_ms = None
            del self.totals["dim"]
            self.changed()
        minutes = self.settings["FallbackLimitAfterMinutes"]
        silent_ms = ms - self.heard_ms
        fallback = minutes > 0 and silent_ms > minutes * 60000
        self.falls_back_now = minutes > 0 and silent_ms == minutes * 60000
        if fallback != self.fallback:
            self.fallback = fallback
            self.fallbacks += fallback
            self.changed()

    def contact(self, ms, dims, da):
        """The grid operator's contact: its limit ends a minute after it rests."""
        if dims:
            self.totals["dim"] = da
            self.dim_ends_ms = None
        elif "dim" in self.totals and self.dim_ends_ms is None:
            self.dim_ends_ms = ms + 60000
        self.changed()

    def begun(self, connector, transaction, now, up_ms):
        running = Running(transaction.handle, transaction.id_tag, now, up_ms)
        self.running[connector] = running
        profile = self.remote_profiles.pop(transaction.id_tag, None)
        if profile is not None:
            self.accepted(expected.Placed(connector, profile, now, running.handle), None)
        self.changed()

    def ended(self, connector):
        handle = self.running.pop(connector).handle
        self.placed = [
            p
            for p in self.placed
            if not (p.profile["chargingProfilePurpose"] == "TxProfile" and p.transaction == handle)
        ]
        self.changed()

    # -- reservations

    def some_reservations_end(self, now, up_ms, usable):
        """usable: connectors that are not faulted."""

        def is_over(r):
            if r.connector == 0 and not usable or r.connector and r.connector not in usable:
                return True
            return up_ms >= (r.expires - r.accepted) * 1000 if now is None else now >= r.expires

        self.reservations = [r for r in self.reservations if not is_over(r)]

    def uses(self, connector, tag, parent):
        """A transaction has begun. The reservation that it used, which is over; or None."""
        fitting = [
            r
            for r in self.reservations
            if r.connector in (0, connector)
            and (r.tag == tag or (r.parent is not None and r.parent == parent))
        ]
        used = max(fitting, key=lambda r: r.connector, default=None)
        if used is not None:
            self.reservations.remove(used)
            self.used += 1
        self.named.setdefault((connector, tag), set()).add(None if used is None else used.id)
        return used

    def may_name(self, start):
        """Is its reservationId right? start: of a StartTransaction."""
        return start.get("reservationId") in self.named[start["connectorId"], start["idTag"]]

    def is_kept(self, connector, vacant):
        """Nobody without a reservation may begin here. vacant: connectors without a vehicle, where
        one could begin."""
        of = [r.connector for r in self.reservations]
        return connector in of or (0 in of and not set(vacant) - set(of) - {connector})

    def reservation_status(self, new, now, places, waiting):
        """What ReserveNow must be answered while flash takes it. places: {connector: one of
        "Faulted", "taken", "awaited" (a card waits for a plug), "vacant"}. waiting: how many cards
        do."""
        concerned = [places[c] for c in places if new.connector in (0, c)]
        before = [r for r in self.reservations if r.id == new.id]
        others = [r.connector for r in self.reservations if r.id != new.id]
        vacant = {c for c in places if places[c] in ("awaited", "vacant")} - set(others)
        if now is None or new.expires <= now:
            return "Rejected"
        if set(concerned) == {"Faulted"}:
            return "Faulted"
        if new.connector in others:
            return "Occupied"
        if before and before[0].connector == new.connector:
            return "Accepted"
        if new.connector == 0:
            return "Accepted" if len(vacant) > waiting else "Occupied"
        if places[new.connector] != "vacant":
            return "Occupied"
        return "Occupied" if 0 in others and vacant == {new.connector} else "Accepted"

    def clock_is_known(self, now, up_ms):
        """R31: what began without the time is given its instant."""
        for running in self.running.values():
            if running.started is None:
                running.started = (
                    now
                    if running.started_up_ms is None
                    else now - (up_ms - running.started_up_ms) // 1000
                )
                self.changed()
        if any(p.accepted_at is None for p in self.placed):
            self.placed = [
                p._replace(accepted_at=now) if p.accepted_at is None else p for p in self.placed
            ]
            self.changed()

    def accepted(self, new, now):
        """R5, R6; and R7, R24: ended ones make room when all places are taken."""
        after = expected.installed(self.placed, new)
        while len(after) > CAPABILITY.max_installed:
            ended = [p for p in after[:-1] if now is not None and self.ends_at(p) <= now]
            assert ended, "accepted without room"
            first = min(ended, key=self.ends_at)
            after.remove(first)
        self.placed = after
        self.last[new.profile["chargingProfileId"]] = new
        self.changed()

    def has_room_for(self, new, now):
        after = len(expected.installed(self.placed, new))
        gone = expected.displaced(self.placed, new)
        rest = [p for p in self.placed if all(p is not g for g in gone)]
        return (
            after - sum(now is not None and self.ends_at(p) <= now for p in rest)
            <= CAPABILITY.max_installed
        )

    @staticmethod
    def ends_at(placed):
        """From here on it is silent for good, as far as that can be said without a transaction."""
        profile, schedule = placed.profile, placed.profile["chargingSchedule"]
        ends = [profile.get("validTo", 1 << 40)]
        if profile["chargingProfileKind"] != "Recurring" and "duration" in schedule:
            base = (
                schedule.get("startSchedule")
                if profile["chargingProfileKind"] == "Absolute"
                else None
            )
            if base is None and profile["chargingProfilePurpose"] == "ChargePointMaxProfile":
                base = placed.accepted_at
            if base is not None:
                ends.append(base + schedule["duration"])
        return min(ends)

    # -- the oracle, remembered until its next possible change

    def at(self, now):
        """(own limit by connector, phases by connector, combined limit or None) at an instant,
        None: unknown."""
        known = self._answers
        if (
            known is None
            or (known[0] is None) != (now is None)
            or (now is not None and not known[0] <= now < known[1])
        ):
            own, phases = {}, {}
            for connector in self.connectors():
                running = self.running.get(connector)
                transaction = None if running is None else (running.handle, running.started)
                da, phases[connector] = expected.limit(
                    self.site, self.placed, connector, now, transaction
                )
                own[connector] = min([da] + list(self.caps.get(connector, {}).values()))
                if self.fallback:
                    own[connector] = min(own[connector], self.settings["FallbackLimitAmps"] * 10)
            total = expected.station_limit(self.site, self.placed, now)
            for da in self.totals.values():
                if len(own) > 1:
                    total = da if total is None else min(total, da)
                else:
                    own = {connector: min(own[connector], da) for connector in own}
            known = self._answers = (
                now,
                None if now is None else self.next_edge(now),
                (own, phases, total),
            )
        return known[2]

    def next_edge(self, now):
        """The next instant at which anything could change: every start, end and edge of every
        profile."""
        best = now + 30 * DAY
        if self.site.plan is not None:  # its minutes and its zone's are multiples of 15
            best = now - now % 900 + 900
        for placed in self.placed:
            profile, schedule = placed.profile, placed.profile["chargingSchedule"]
            steps = [0] + [p["startPeriod"] for p in schedule["chargingSchedulePeriod"]]
            if "duration" in schedule:
                steps.append(schedule["duration"])
            bases = [r.started for r in self.running.values()] + [
                placed.accepted_at,
                schedule.get("startSchedule"),
            ]
            every = {"Daily": DAY, "Weekly": 7 * DAY}.get(profile.get("recurrencyKind"))
            for base in bases:
                if base is None:
                    continue
                for step in steps:
                    edge = base + step
                    if edge > now:
                        best = min(best, edge)
                    elif every is not None:
                        best = min(best, now + every - (now - edge) % every)
            for name in ("validFrom", "validTo"):
                if profile.get(name, now) > now:
                    best = min(best, profile[name])
        return best

    def shares(self, now, asking):
        """R29 by the slow reading: {connector: da} of the running ones. A vehicle that does not ask
        wants 6 A at most, and is the first to get nothing."""
        own, _, total = self.at(now)
        order = sorted(
            self.running,
            key=lambda connector: (connector not in asking, self.running[connector].handle),
        )
        wants = [own[c] if c in asking or total is None else min(own[c], 60) for c in order]
        parts = wants if total is None else expected.shares(total, wants)
        return dict(zip(order, parts, strict=True))
