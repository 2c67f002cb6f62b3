"""The one error for a wrong message of the peer, and the codes of a CALLERROR (OCPP-J 1.6, section
4.2.3)."""

from ..units import const

NOT_IMPLEMENTED = const("NotImplemented")  # OCPP 1.6 has no such action
NOT_SUPPORTED = const("NotSupported")  # OCPP 1.6 has it, this station does not
INTERNAL = const("InternalError")  # the station itself failed
PROTOCOL = const("ProtocolError")  # the message is incomplete
SECURITY = const("SecurityError")
FORMATION = const("FormationViolation")  # not the structure that the action has
PROPERTY = const("PropertyConstraintViolation")  # right type, forbidden value
OCCURENCE = const("OccurenceConstraintViolation")  # spelt so in the standard
TYPE = const("TypeConstraintViolation")
GENERIC = const("GenericError")

UNKNOWN_ID = const("-1")  # in place of an id that could not be read


class OcppError(Exception):
    """A message is wrong. The answer to it carries `code`, `description` and `message_id`.

    `answerable` is False for a wrong answer: two peers that answer each other's broken answers
    would never stop.
    """

    def __init__(
        self, code: str, description: str, message_id: str = UNKNOWN_ID, answerable: bool = True
    ) -> None:
        super().__init__("%s: %s" % (code, description))
        self.code = code
        self.description = description
        self.message_id = message_id
        self.answerable = answerable
