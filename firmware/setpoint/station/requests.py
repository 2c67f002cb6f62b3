"""What a central system may ask of a charge point: from the text of a CALL to the text of its
answer.

Nothing that comes in raises past `answer`: what is wrong is answered with the official error code.
"""

from ..protocol.errors import OcppError
from ..protocol.fields import read
from ..protocol.ocppj import error_text, no_memory_text, result_text
from ..protocol.requests import spec_for


def answer(station, message_id: str, action: str, payload) -> "str | list | None":
    """The CALLRESULT or CALLERROR for one CALL, as text, or as pieces of a long one's UTF-8. None:
    it takes long, and follows by itself."""
    try:
        request = read(payload, spec_for(action))
        station.calls.spoken = True
        if action == "SetChargingProfile":
            payload = station.charging.set_profile(request)
        elif action == "GetCompositeSchedule":
            payload = station.charging.composite(request)
        elif action == "ClearChargingProfile":
            payload = station.charging.clear_profiles(request)
        else:
            payload = _seldom(action).answer(station, request)
            if type(payload) not in (dict, list):  # a generator
                from . import long_work

                long_work.begin(station, payload, message_id)
                return None
        return result_text(message_id, payload)
    except OcppError as error:
        station.facts.log("warn", "%s: %s, %s" % (action, error.code, error.description))
        return error_text(message_id, error.code, error.description)
    except MemoryError:
        # It may have come between flash and what is in force
        if action.endswith("ChargingProfile"):
            station.charging.load()
        return no_memory_text(message_id)


def _seldom(action: str):
    """The file in answers/ of an action that a station hears a few times a day: imported now, and
    dropped again (late.py)."""
    if action == "CancelReservation":
        from .answers import cancelreservation as found
    elif action == "CertificateSigned":
        from .answers import certificatesigned as found
    elif action == "ChangeAvailability":
        from .answers import changeavailability as found
    elif action == "ChangeConfiguration":
        from .answers import changeconfiguration as found
    elif action == "ClearCache":
        from .answers import clearcache as found
    elif action == "DataTransfer":
        from .answers import datatransfer as found
    elif action == "DeleteCertificate":
        from .answers import deletecertificate as found
    elif action == "ExtendedTriggerMessage":
        from .answers import extendedtriggermessage as found
    elif action == "GetConfiguration":
        from .answers import getconfiguration as found
    elif action == "GetDiagnostics":
        from .answers import getdiagnostics as found
    elif action == "GetInstalledCertificateIds":
        from .answers import getinstalledcertificateids as found
    elif action == "GetLocalListVersion":
        from .answers import getlocallistversion as found
    elif action == "GetLog":
        from .answers import getlog as found
    elif action == "InstallCertificate":
        from .answers import installcertificate as found
    elif action == "RemoteStartTransaction":
        from .answers import remotestarttransaction as found
    elif action == "RemoteStopTransaction":
        from .answers import remotestoptransaction as found
    elif action == "ReserveNow":
        from .answers import reservenow as found
    elif action == "Reset":
        from .answers import reset as found
    elif action == "SendLocalList":
        from .answers import sendlocallist as found
    elif action == "SignedUpdateFirmware":
        from .answers import signedupdatefirmware as found
    elif action == "TriggerMessage":
        from .answers import triggermessage as found
    elif action == "UpdateFirmware":
        from .answers import updatefirmware as found
    else:  # spec_for knows no other
        from .answers import unlockconnector as found
    return found
