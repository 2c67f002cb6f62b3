"""A central system in the same program as the station."""

import json

from setpoint.protocol.websocket import parts_of


class CentralSystem:
    """Stands in for a central system, without a network: takes the station's texts and answers each
    CALL at once.

    sent        [action, payload] of every CALL, in order
    answers     by action: a function from the CALL's payload to the answer's
    silent      it answers nothing; `unanswered` holds (id, action, payload) until `answer_all`
    """

    def __init__(self):
        self.sent = []
        self.unanswered = []
        self.silent = False
        self.transaction_ids = 0
        self.boot_answer = {
            "status": "Accepted",
            "currentTime": "2025-06-15T12:00:00Z",
            "interval": 300,
        }
        self.answers = {
            "BootNotification": lambda payload: self.boot_answer,
            "Authorize": lambda payload: {"idTagInfo": {"status": "Accepted"}},
            "StartTransaction": self._start,
            "StopTransaction": lambda payload: {},
            "Heartbeat": lambda payload: {"currentTime": "2025-06-15T12:00:00Z"},
            "MeterValues": lambda payload: {},
            "StatusNotification": lambda payload: {},
            "SecurityEventNotification": lambda payload: {},
            "DiagnosticsStatusNotification": lambda payload: {},
            "LogStatusNotification": lambda payload: {},
            "FirmwareStatusNotification": lambda payload: {},
            "DataTransfer": lambda payload: {"status": "Accepted"},
            "SignCertificate": lambda payload: {"status": "Accepted"},
        }
        self._asked = 0
        self.last_answer = None  # the station's, to our CALL

    def _start(self, payload):
        self.transaction_ids += 1
        return {"transactionId": self.transaction_ids, "idTagInfo": {"status": "Accepted"}}

    def deliver(self, text):
        """Gives the station a text. A test says how."""
        raise NotImplementedError

    def take(self, text):
        """The station sent this text, a long one in pieces."""
        message = json.loads(text_of(text))
        if message[0] == 2:
            self.take_call(message[1], message[2], message[3])
        else:
            self.last_answer = message

    def take_call(self, message_id, action, payload):
        self.sent.append([action, payload])
        if self.silent:
            self.unanswered.append((message_id, action, payload))
        else:
            self.reply(message_id, self.answers[action](payload))

    def reply(self, message_id, payload):
        self.deliver(json.dumps([3, message_id, payload]))

    def refuse(self, message_id, code="InternalError", description=""):
        self.deliver(json.dumps([4, message_id, code, description, {}]))

    def answer_all(self):
        """It speaks again, and answers what it left unanswered, in order."""
        self.silent = False
        while self.unanswered:
            message_id, action, payload = self.unanswered.pop(0)
            self.reply(message_id, self.answers[action](payload))

    def ask(self, action, payload):
        """A CALL to the station: the payload of its answer, or ("error", code, description)."""
        self._asked += 1
        self.last_answer = None
        self.deliver(json.dumps([2, "c%d" % self._asked, action, payload]))
        answer = self.last_answer
        assert answer[1] == "c%d" % self._asked, answer
        return answer[2] if answer[0] == 3 else ("error", answer[2], answer[3])

    def actions(self, action):
        """The payloads of all CALLs of an action."""
        return [payload for sent, payload in self.sent if sent == action]


def text_of(sent):
    """A long message is sent in pieces."""
    return sent if type(sent) is str else b"".join(parts_of(sent)).decode()
