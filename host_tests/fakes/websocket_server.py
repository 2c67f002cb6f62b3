"""A WebSocket server in the same program as its client: a network, and the stream of its only
connection."""

import asyncio
from binascii import b2a_base64
from hashlib import sha1


class WebSocketServer:
    """Stands in for a WebSocket server and the network to it: completes the handshake, says its
    pieces and hangs up."""

    up = True

    def __init__(self, pieces):
        self._pieces = list(pieces)
        self._answer = b""
        self._quiet = 0  # turns of the loop since something was written
        self.heard = b""

    async def open(self, host, port):
        if self._pieces is None:
            raise OSError("once only")
        return self

    async def write(self, data):
        self._quiet = 0
        await asyncio.sleep(0)
        if not self._answer:
            key = bytes(data).split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            accept = b2a_base64(
                sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            ).strip()
            head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
            self._answer = head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            self._pieces.insert(0, self._answer)
        else:
            self.heard += bytes(data)

    async def read(self, count):
        self._quiet = 0
        while self._quiet < 4:  # the answer to what came before goes out meanwhile
            self._quiet += 1
            await asyncio.sleep(0)
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if len(piece) > count:
            self._pieces.insert(0, piece[count:])
        return piece[:count]

    def close(self):
        self._pieces = None
