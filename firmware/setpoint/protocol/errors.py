"""The one error that says "they are wrong", with the code that tells them how (OCPP-J 1.6, section 4.2.3)."""

NOT_IMPLEMENTED = "NotImplemented"  # nobody knows this action
NOT_SUPPORTED = "NotSupported"  # OCPP 1.6 knows it, this station does not do it
INTERNAL = "InternalError"  # we are wrong
PROTOCOL = "ProtocolError"  # incomplete
SECURITY = "SecurityError"
FORMATION = "FormationViolation"  # not the structure that the action has
PROPERTY = "PropertyConstraintViolation"  # right type, forbidden value
OCCURENCE = "OccurenceConstraintViolation"  # spelt so in the standard
TYPE = "TypeConstraintViolation"
GENERIC = "GenericError"

UNKNOWN_ID = "-1"  # stands for the id of a message whose id could not be read


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
