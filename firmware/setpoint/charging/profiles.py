"""SetChargingProfile, ClearChargingProfile, GetCompositeSchedule, and the profiles in flash.

Rule 1: Accepted means in flash and in force. A write that fails leaves the old profile in both (R7,
    R13).
    One more profile, instead of another, is refused while the journal needs the rest of the flash.
Rule 2: one document for each profile. What a new one displaces is removed after it is written;
        should power fail in between, the order of installation, stored beside each profile, settles
        it at the next start.
"""

from micropython import const

from ..protocol.errors import OcppError
from ..protocol.iso8601 import text_from
from ..schedule.profile import TX_DEFAULT, profile_from

# In one answer, about 10 KB of text; beyond them the duration is shortened (R35)
_MOST_SEGMENTS = const(200)
_PREFIX = const("profile-")
_ENOSPC = const(28)


def _name_of(profile_id: int) -> str:
    return _PREFIX + str(profile_id)


class ChargingProfiles:
    """documents: the port to flash. installed: those in force (schedule/installed.py). capability:
    schedule/checks.py."""

    def __init__(self, facts, documents, installed, capability) -> None:
        self._facts = facts
        self._documents = documents
        self._installed = installed
        self._capability = capability
        self._last_order = 0

    # -- flash

    def load(self) -> None:
        """Installs what is in flash, and nothing else. A TxProfile stays only with its transaction
        (R12)."""
        installed = self._installed
        installed.remove(list(installed))
        installed.follow(None)
        self._facts.limits_stale = True
        running = [
            c.transaction.handle for c in self._facts.connectors if c.transaction is not None
        ]
        from ..schedule.stored import from_document

        stored = []
        for name in self._documents.names():
            if name == "plan":
                from . import weekly_plan

                weekly_plan.load(self._facts, self._documents, installed)
            if not name.startswith(_PREFIX):
                continue
            found = self._documents.read(
                name, None, lambda stored: self._understood(name, stored, from_document)
            )
            if found is None:
                self._facts.log("error", "%s cannot be read and is left out" % name)
                continue
            order, profile = found
            if profile.transaction is not None and profile.transaction not in running:
                self._forget(profile)
            else:
                stored.append((order, profile.id, profile))
        stored.sort(key=lambda entry: entry[:2])
        for order, _, profile in stored:
            self._last_order = max(self._last_order, order)
            displaced, _ = self._installed.displaced_by(profile, None)
            self._installed.install(profile, displaced)
            self._forget_all(displaced, profile)

    def _understood(self, name: str, stored, from_document) -> tuple:
        """(order of installation, profile). ValueError or TypeError for what `install` cannot have
        written there."""
        order, document = stored
        profile = from_document(document, self._facts.supply)
        if type(order) is not int or name != _name_of(profile.id):
            raise ValueError("another profile's")
        return order, profile

    def _forget(self, profile) -> None:
        try:
            self._documents.remove(_name_of(profile.id))
        except OSError as error:
            # The next start will load it again: the central system should know.
            self._facts.storage_failed("profile %d cannot be removed: %s" % (profile.id, error))

    def _forget_all(self, profiles: list, successor=None) -> None:
        for profile in profiles:
            if successor is None or profile.id != successor.id:
                self._forget(profile)

    def clock_is_known(self) -> None:
        """Profiles accepted while the time was unknown count from now (R31)."""
        for profile in self._installed.fix_starts(self._facts.now):
            name = _name_of(profile.id)
            try:
                order = self._documents.read(name, [])[0]
                self._documents.write(name, [order, profile.to_document()])
            except (OSError, IndexError) as error:
                self._facts.storage_failed("%s cannot be written: %s" % (name, error))

    # -- SetChargingProfile

    def reason_to_reject(
        self, fields: dict, connector_id: int, transaction, remote_start: bool = False
    ) -> "str | None":
        from ..schedule.checks import reason_to_reject

        return reason_to_reject(
            fields, connector_id, self._capability, self._facts.now, transaction, remote_start
        )

    def set_profile(self, request: dict) -> dict:
        facts = self._facts
        connector_id = request["connectorId"]
        connector = facts.connector(connector_id)
        if connector is None and connector_id != 0:
            raise OcppError(
                "PropertyConstraintViolation",
                "connectorId %d: this charge point has connectors 0 to %d"
                % (connector_id, len(facts.connectors)),
            )
        fields = request["csChargingProfiles"]
        transaction = None if connector is None else connector.transaction
        reason = self.reason_to_reject(fields, connector_id, transaction)
        if reason is None:
            reason = self.install(fields, connector_id, transaction)
        if reason is None:
            if fields["chargingProfilePurpose"] == TX_DEFAULT and facts.now is not None:
                self._log_where_it_is_over(fields, connector_id)
            return {"status": "Accepted"}
        facts.log(
            "warn", "SetChargingProfile %d rejected: %s" % (fields["chargingProfileId"], reason)
        )
        return {"status": "Rejected"}

    def _log_where_it_is_over(self, fields: dict, connector_id: int) -> None:
        """A default that counts from the start of a transaction may come too late for the one that
        runs (R24)."""
        from ..schedule.checks import over_in

        facts = self._facts
        for connector in facts.connectors:
            if connector_id in (0, connector.id) and over_in(
                connector.transaction, fields, facts.now
            ):
                place = fields["chargingProfileId"], connector.id
                facts.log(
                    "warn",
                    "profile %d is over in the transaction on connector %d, and does not limit it"
                    % place,
                )

    def no_room_for(self, fields: dict) -> "str | None":
        """Why the profile of a remote start could not be kept when its transaction begins (R7)."""
        facts = self._facts
        return self._installed.displaced_by(
            profile_from(fields, 1, facts.now, None, facts.supply), facts.now
        )[1]

    def install(self, fields: dict, connector_id: int, transaction) -> "str | None":
        """Writes and installs a checked profile. Returns None, or why that failed."""
        facts = self._facts
        handle = None
        if fields["chargingProfilePurpose"] == "TxProfile":
            handle = transaction.handle
        profile = profile_from(fields, connector_id, facts.now, handle, facts.supply)
        displaced, reason = self._installed.displaced_by(profile, facts.now)
        if reason is not None:
            return reason
        if len(displaced) == 1 and displaced[0].same_as(profile):
            return None  # in flash and in force already
        try:
            if not displaced and not self._documents.has_room():
                raise OSError(_ENOSPC, "the journal needs the rest; clear another profile first")
            self._documents.write(
                _name_of(profile.id), [self._last_order + 1, profile.to_document()]
            )
        except OSError as error:
            facts.storage_failed("profile %d cannot be written: %s" % (profile.id, error))
            return "flash: %s" % error
        self._last_order += 1
        self._installed.install(profile, displaced)
        self._forget_all(displaced, profile)
        facts.log(
            "info",
            "profile %d: %s level %d on connector %d"
            % (profile.id, profile.purpose, profile.level, connector_id),
        )
        facts.limits_stale = True
        return None

    # -- ClearChargingProfile

    def clear_profiles(self, request: dict) -> dict:
        matching = self._installed.matching(request)
        self._remove(matching)
        return {"status": "Accepted" if matching else "Unknown"}

    def transaction_ended(self, handle: int) -> None:
        """Its profiles go with it (R12)."""
        self._remove(self._installed.of_transaction(handle))

    def _remove(self, profiles: list) -> None:
        if profiles:
            self._forget_all(profiles)
            self._installed.remove(profiles)
            self._facts.limits_stale = True

    # -- GetCompositeSchedule

    def composite(self, request: dict) -> "list | dict":
        """The answer as pieces of JSON (limits are written without floats), of which the periods
        become text when they are sent; or the dict of a rejection."""
        facts = self._facts
        connector_id = request["connectorId"]
        unit = request.get("chargingRateUnit") or self._capability.units[0]
        reason = None
        if connector_id != 0 and facts.connector(connector_id) is None:
            reason = "there is no connector %d" % connector_id
        elif request["duration"] < 0:
            reason = "the duration is negative"
        elif unit not in self._capability.units:
            reason = "this charge point does not schedule in %s" % unit
        elif facts.now is None:
            reason = "the time of day is not known yet"
        if reason is not None:
            facts.log("warn", "GetCompositeSchedule rejected: %s" % reason)
            return {"status": "Rejected"}
        running = {}
        for connector in facts.connectors:
            if connector.transaction is not None:
                running[connector.id] = connector.transaction
        from ..schedule.composite import composite_schedule

        periods, duration_s = composite_schedule(
            self._installed,
            connector_id,
            facts.now,
            request["duration"],
            unit,
            running,
            _MOST_SEGMENTS,
        )

        def texts():
            comma = b""
            for start_s, limit, phases in periods:
                yield comma + b'{"startPeriod":%d,"limit":%d.%d,"numberPhases":%d}' % (
                    start_s,
                    limit // 10,
                    limit % 10,
                    phases,
                )
                comma = b","

        return [
            b'{"status":"Accepted","connectorId":%d,"scheduleStart":"%s","chargingSchedule":'
            b'{"duration":%d,"chargingRateUnit":"%s","chargingSchedulePeriod":['
            % (connector_id, text_from(facts.now).encode(), duration_s, unit.encode()),
            texts,
            b"]}}",
        ]
