"""A central system written with the npm package `ocpp-rpc`: the test's end of
system/ocpp_rpc/central.js."""

import json
import queue
import subprocess
import threading
from pathlib import Path


class NodeCentralSystem:
    """Stands in for a central system that uses `ocpp-rpc` in strict mode: the Node process;
    `events` holds what it said, in order."""

    def __init__(self, folder: Path):
        command = ["node", "central.js"]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.events = []
        self._replies = queue.Queue()
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = "ws://127.0.0.1:%d" % self.wait_for(lambda event: "port" in event)["port"]

    def _read(self):
        for line in self._process.stdout:
            event = json.loads(line)
            if "reply" in event or "error" in event:
                self._replies.put(event)
            with self._arrived:
                self.events.append(event)
                self._arrived.notify_all()

    def wait_for(self, condition, since: int = 0) -> dict:
        """The first event from index `since` on that fulfils the condition."""

        def found():
            return next((event for event in self.events[since:] if condition(event)), None)

        with self._arrived:
            assert self._arrived.wait_for(lambda: found() is not None, 15), self.events
            return found()

    def wait_for_message(self, action: str, since: int = 0, **fields) -> dict:
        def fits(event):
            return event.get("action") == action and fields.items() <= event["payload"].items()

        return self.wait_for(fits, since)

    def messages(self, action: str) -> "list[dict]":
        return [event for event in self.events if event.get("action") == action]

    def _write(self, command: dict) -> None:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def ask(self, action: str, payload: dict) -> dict:
        self._write({"ask": action, "payload": payload})
        answer = self._replies.get(timeout=15)
        assert "reply" in answer, answer
        return answer["reply"]

    def drop(self) -> None:
        """Cuts the connection without a closing handshake."""
        self._write({"drop": True})

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
