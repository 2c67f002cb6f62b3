"""The control channel: other programs plug in a vehicle, show a card or pull a cable.

The station connects to the address in its start file, says hello, and answers one JSON request a
line. It uses the host's network, not the simulated cable. Rules:
1. A request that cannot be carried out changes nothing, and its answer is a sentence.
2. Requests are answered at once and in order; only a data_transfer is answered later. Long answers
   are never in memory as a whole.
3. Lines and waiting data_transfers are limited, so that no input grows memory without bound.
"""

import asyncio
import json

from micropython import const

from ...clock import sleep_ms
from .network import connect

_DIAL_AGAIN_MS = const(500)  # hello within 5 s of the start
_LONGEST_LINE = const(4096)
_MOST_WAITING = const(8)  # data_transfers


class ControlChannel:
    def __init__(self, board, app, host: str, port: int) -> None:
        self._board = board
        self._app = app
        self._host = host
        self._port = port

    async def run(self) -> None:
        while True:
            try:
                connection = await connect(self._host, self._port)
            except OSError:  # nobody listens yet
                await sleep_ms(_DIAL_AGAIN_MS)
                continue
            conversation = _Conversation(self._board, self._app, connection)
            try:
                await conversation.run()
            except OSError:  # the other side is gone
                pass
            finally:
                conversation.end()
            await sleep_ms(_DIAL_AGAIN_MS)


class _Conversation:
    """One connection, from hello to its end."""

    def __init__(self, board, app, connection) -> None:
        self._board = board
        self._app = app
        self._connection = connection
        self._reader = asyncio.StreamReader(connection)
        self._writer = asyncio.StreamWriter(connection)  # type: ignore[call-arg]  # MicroPython asks for no more
        self._writing = asyncio.Lock()
        self._waiting: "list[asyncio.Task]" = []  # tasks of data_transfers

    async def run(self) -> None:
        await self._say({"hello": 1, "connectors": len(self._board.outlets)})
        line = bytearray()
        too_long = False
        while True:
            received = await self._reader.read(256)
            if not received:
                return
            while received:
                end = received.find(b"\n")
                piece = received if end < 0 else received[:end]
                received = b"" if end < 0 else received[end + 1 :]
                too_long = too_long or len(line) + len(piece) > _LONGEST_LINE
                if not too_long:
                    line.extend(piece)
                if end < 0:
                    continue
                if too_long:
                    await self._say(
                        _refusal(None, "The line is longer than %d bytes." % _LONGEST_LINE)
                    )
                elif line.strip():
                    await self._take(bytes(line))
                line = bytearray()
                too_long = False

    def end(self) -> None:
        for task in self._waiting:
            task.cancel()
        self._connection.close()

    async def _take(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if type(request) is not dict:
            await self._say(_refusal(None, "The line is not a JSON object."))
            return
        number = request.get("id")
        name = request.get("cmd")
        if name == "data_transfer":
            await self._begin_data_transfer(number, request)
            return
        from . import commands  # most stations hear few

        try:
            answer = commands.answer(self._board, self._app, request)
        except MemoryError:
            answer = {"ok": False, "error": "There is not enough memory."}
        answer["id"] = number
        await self._say(answer)

    async def _begin_data_transfer(self, number, request: dict) -> None:
        self._waiting = [task for task in self._waiting if not task.done()]
        if len(self._waiting) >= _MOST_WAITING:
            await self._say(
                _refusal(number, "%d data_transfers are waiting already." % _MOST_WAITING)
            )
            return
        self._waiting.append(asyncio.create_task(self._transfer_data(number, request)))

    async def _transfer_data(self, number, request: dict) -> None:
        from . import commands

        try:
            answer = await commands.transfer_data(self._app, request)
        # Would vanish with this task, and leave the request without an answer
        except Exception as error:
            answer = {"ok": False, "error": "No answer from the central system: %r." % error}
        answer["id"] = number
        try:
            await self._say(answer)
        except OSError:  # the other side went away meanwhile
            pass

    async def _say(self, message: dict) -> None:
        async with self._writing:
            before = "{"
            for name in message:
                value = message[name]
                await self._write("%s%s: " % (before, json.dumps(name)))
                if type(value) is list and value:
                    before = "["
                    for item in value:
                        await self._write(before)
                        await self._write(json.dumps(item))
                        before = ", "
                    await self._write("]")
                else:
                    await self._write(json.dumps(value))
                before = ", "
            await self._write("}\n")

    async def _write(self, text: str) -> None:
        self._writer.write(text.encode())
        await self._writer.drain()


def _refusal(number, sentence: str) -> dict:
    return {"id": number, "ok": False, "error": sentence}
