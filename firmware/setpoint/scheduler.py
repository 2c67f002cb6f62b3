"""The scheduler by itself: OCPP 1.6's charging profiles as they come from the wire, and the limit
that follows from them.

For firmware and tests that want smart charging and nothing else of Setpoint. It reads no clock and
writes no file: instants come in as arguments (units.py: seconds since 2020-01-01T00:00:00Z), dicts
go out.

    >>> supply = Supply(volts=230, phases=3, can_switch_phases=False, connector_da=320)
    >>> scheduler = Scheduler(supply)
    >>> noon = instant_from("2026-06-01T12:00:00Z")
    >>> schedule = {"startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
    ...     "chargingSchedulePeriod": [
    ...         {"startPeriod": 0, "limit": 16.0}, {"startPeriod": 72000, "limit": 8.5}]}
    >>> profile = {"chargingProfileId": 7, "stackLevel": 0,
    ...     "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
    ...     "recurrencyKind": "Daily", "chargingSchedule": schedule}
    >>> request = {"connectorId": 1, "csChargingProfiles": profile}
    >>> scheduler.set_charging_profile(request, noon)
    ({'status': 'Accepted'}, None)
    >>> limit_da, phases, until, limiting = scheduler.limit_at(1, noon)
    >>> limit_da, phases, text_from(until), limiting.id
    (160, 3, '2026-06-01T20:00:00Z', 7)
    >>> conf = scheduler.get_composite_schedule({"connectorId": 1, "duration": 36000}, noon)
    >>> conf["chargingSchedule"]["chargingSchedulePeriod"][1]
    {'startPeriod': 28800, 'limit': 8.5, 'numberPhases': 3}
    >>> profile["chargingProfilePurpose"] = "TxProfile"
    >>> scheduler.set_charging_profile(request, noon)[0]
    {'status': 'Rejected'}
    >>> scheduler.clear_charging_profile({"id": 7})
    {'status': 'Accepted'}

A request that is wrong in form raises protocol.errors.OcppError, whose code and description belong
in a CALLERROR. docs/scheduler.md has the types, the units and what to store."""

from .protocol.errors import OcppError
from .protocol.fields import read
from .protocol.iso8601 import instant_from, text_from
from .protocol.requests import spec_for
from .schedule.checks import Capability, reason_to_reject
from .schedule.composite import composite_schedule
from .schedule.installed import InstalledProfiles
from .schedule.profile import TX, profile_from
from .schedule.supply import Supply

__all__ = (
    "OcppError",
    "Capability",
    "Scheduler",
    "Supply",
    "Transaction",
    "instant_from",
    "text_from",
)


def _copied(value):
    """`read` converts a payload in its place; the caller's stays as it is."""
    if type(value) is dict:
        return dict([(name, _copied(value[name])) for name in value])
    return [_copied(item) for item in value] if type(value) is list else value


class Transaction:
    """What the scheduler must know of a running transaction. handle: an int of yours, another one
    for each transaction. started: the instant of its begin, None while the time is unknown. id: the
    central system's transactionId, None until it is known."""

    def __init__(self, handle: int, started: "int | None", id: "int | None" = None) -> None:
        self.handle = handle
        self.started = started
        self.id = id


class Scheduler:
    """The profiles of one charge point. In every call `now` is an instant, None while the time is
    unknown, and `transactions` the running ones by connector."""

    def __init__(self, supply: Supply, capability: "Capability | None" = None) -> None:
        self._supply = supply
        self._capability = capability or Capability(max_level=8, max_periods=96, max_installed=50)
        self._installed = InstalledProfiles(supply, self._capability)

    def set_charging_profile(
        self, request: dict, now: "int | None", transactions: "dict | None" = None
    ) -> "tuple[dict, str | None]":
        """The SetChargingProfile.conf for a SetChargingProfile.req, and the reason of a refusal.
        Raises OcppError."""
        clean = read(_copied(request), spec_for("SetChargingProfile"))
        connector, fields = clean["connectorId"], clean["csChargingProfiles"]
        if not 0 <= connector <= self._supply.connectors:
            raise OcppError(
                "PropertyConstraintViolation",
                "connectorId %d: there are connectors 0 to %d"
                % (connector, self._supply.connectors),
            )
        transaction = (transactions or {}).get(connector)
        reason = reason_to_reject(fields, connector, self._capability, now, transaction)
        if reason is None:
            handle = transaction.handle if fields["chargingProfilePurpose"] == TX else None
            profile = profile_from(fields, connector, now, handle, self._supply)
            displaced, reason = self._installed.displaced_by(profile, now)
            if reason is None:
                self._installed.install(profile, displaced)
        return {"status": "Rejected" if reason else "Accepted"}, reason

    def clear_charging_profile(self, request: dict) -> dict:
        """The ClearChargingProfile.conf for a ClearChargingProfile.req. Raises OcppError."""
        matching = self._installed.matching(
            read(_copied(request), spec_for("ClearChargingProfile"))
        )
        self._installed.remove(matching)
        return {"status": "Accepted" if matching else "Unknown"}

    def get_composite_schedule(
        self, request: dict, now: "int | None", transactions: "dict | None" = None
    ) -> dict:
        """The GetCompositeSchedule.conf for a GetCompositeSchedule.req. Raises OcppError."""
        clean = read(_copied(request), spec_for("GetCompositeSchedule"))
        connector, duration_s = clean["connectorId"], clean["duration"]
        unit = clean.get("chargingRateUnit") or self._capability.units[0]
        if (
            now is None
            or duration_s < 0
            or unit not in self._capability.units
            or not 0 <= connector <= self._supply.connectors
        ):
            return {"status": "Rejected"}
        periods, duration_s = composite_schedule(
            self._installed, connector, now, duration_s, unit, transactions or {}
        )
        return {
            "status": "Accepted",
            "connectorId": connector,
            "scheduleStart": text_from(now),
            "chargingSchedule": {
                "duration": duration_s,
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": [
                    {"startPeriod": start_s, "limit": tenths / 10, "numberPhases": phases}
                    for start_s, tenths, phases in periods
                ],
            },
        }

    def limit_at(
        self, connector: int, now: "int | None", transaction: "Transaction | None" = None
    ) -> tuple:
        """(limit_da, phases, until, profile): tenths of an ampere per phase, the phases that may
        carry current, the instant up to which both hold, and the profile that limits (None: the
        hardware does). See schedule/installed.py for what is bounded."""
        return self._installed.limit_at(connector, now, transaction)

    def transaction_ended(self, transaction: Transaction) -> None:
        """Its TxProfiles go with it."""
        self._installed.remove(self._installed.of_transaction(transaction.handle))

    def documents(self) -> "list[dict]":
        """All profiles for JSON in flash, in the order in which they were installed."""
        return [profile.to_document() for profile in self._installed]

    def restore(self, documents: "list[dict]") -> None:
        """Installs what `documents` gave. Raises ValueError for what it cannot have given."""
        from .schedule.stored import from_document  # once, at a start

        for document in documents:
            profile = from_document(document, self._supply)
            displaced, _ = self._installed.displaced_by(profile, None)
            self._installed.install(profile, displaced)
