"""The one error that says "they are wrong", with the code that tells them how (OCPP-J 1.6, section 4.2.3)."""

from micropython import const

NOT_IMPLEMENTED = const("NotImplemented")  # nobody knows this action
NOT_SUPPORTED = const("NotSupported")  # OCPP 1.6 knows it, this station does not do it
INTERNAL = const("InternalError")  # we are wrong
PROTOCOL = const("ProtocolError")  # incomplete
SECURITY = const("SecurityError")
FORMATION = const("FormationViolation")  # not the structure that the action has
PROPERTY = const("PropertyConstraintViolation")  # right type, forbidden value
OCCURENCE = const("OccurenceConstraintViolation")  # spelt so in the standard
TYPE = const("TypeConstraintViolation")
GENERIC = const("GenericError")

UNKNOWN_ID = const("-1")  # stands for the id of a message whose id could not be read


class OcppError(Exception):
    """A message is wrong. `code` and `description` are for the answer, whose id is `message_id`.

    `answerable` is False for what must not be answered: an answer to a broken answer could go back and forth for ever.
    """

    def __init__(self, code: str, description: str, message_id: str = UNKNOWN_ID, answerable: bool = True) -> None:
        super().__init__("%s: %s" % (code, description))
        self.code = code
        self.description = description
        self.message_id = message_id
        self.answerable = answerable
