"""An upload over FTP (RFC 959), passive, in the clear: what many central systems give out for
GetDiagnostics. Imported for one transfer, and dropped again (late.py).

Rule 1: both streams are closed here.
Rule 2: the data go to the host in the URL, whatever address the server names.
Rule 3: a reply is bounded, and each wait ends after `patience_s`."""

import asyncio

from micropython import const

from ..protocol.urls import BadUrl, parts_of, percent_decoded
from .connecting import in_words
from .pouring import pour

_LONGEST_LINE = const(2048)
_MOST_LINES = const(100)  # of a reply
_PATIENCE_S = const(30)
# FTP's codes as the statuses of HTTP that mean the same
_STATUSES = {"530": 401, "532": 401, "550": 403, "553": 403, "500": 501, "502": 501, "504": 501}


class Client:
    """`send` as that of http.Client."""

    def __init__(self, network, patience_s: int = _PATIENCE_S) -> None:
        self._network = network
        self._patience_s = patience_s
        self._rest = b""  # of what the server said

    async def send(self, url: str, file) -> "tuple | None":
        control = data = None
        try:
            _, _, host, port, target, login = parts_of(url, ("ftp",))
            user, password = login or (b"anonymous", b"setpoint@")
            path = percent_decoded(target[1:])
            if min(user + password + path) < 0x20:  # it could end a line
                raise BadUrl("the URL of a file must not hold control characters")
            control = await self._open(host, port)
            await self._reply(control, "220")
            if (await self._ask(control, b"USER " + user, "331", "230"))[:3] == "331":
                await self._ask(control, b"PASS " + password, "230", "202")
            await self._ask(control, b"TYPE I", "200")
            numbers = (await self._ask(control, b"PASV", "227")).split(")")[0].split(",")
            high, low = numbers[4:6]
            data = await self._open(host, int(high) * 256 + int(low))
            await self._ask(control, b"STOR " + path, "150", "125")
            await pour(file, lambda slice: self._soon(data.write(slice)))
            data.close()
            data = None
            await self._reply(control, "226", "250")
            return None
        except _Refused as error:
            return error.args
        except asyncio.TimeoutError:  # CPython's is an OSError too
            return "the file server did nothing for %d s" % self._patience_s, None
        except BadUrl as error:
            return error.args[0], None
        except ValueError:
            return "the server of the file does not speak FTP", 0
        except OSError as error:
            return "the connection was lost: %s" % error, None
        finally:
            for stream in (control, data):
                if stream is not None:
                    stream.close()

    async def _open(self, host: str, port: int):
        try:
            return await self._soon(self._network.open(host, port))
        except OSError as error:
            raise _Refused(in_words(error, host, port), None)

    async def _ask(self, control, line: bytes, *good: str) -> str:
        await self._soon(control.write(line + b"\r\n"))
        return await self._reply(control, *good)

    async def _reply(self, control, *good: str) -> str:
        """The line that ends a reply. ValueError where it is none; _Refused where its code is not
        one of the good ones."""
        first = None
        for _ in range(_MOST_LINES):
            while b"\n" not in self._rest:
                data = await self._soon(control.read(512))
                if not data:
                    raise OSError("the file server hung up")
                self._rest += data
                if len(self._rest) > _LONGEST_LINE:
                    raise ValueError
            line, _, self._rest = self._rest.partition(b"\n")
            text = "".join([chr(b) if 0x20 <= b <= 0x7E else "?" for b in line.strip()])
            first = first or text[:3]
            if text[:3] == first and text[3:4] != "-":  # else more lines follow
                if text[:3] in good:
                    return text
                status = _STATUSES.get(first, None if first.isdigit() else 0)
                raise _Refused("the file server answered " + text[:60], status)
        raise ValueError

    async def _soon(self, step):
        return await asyncio.wait_for(step, self._patience_s)


class _Refused(Exception):
    """Arguments: as those of http.HttpError."""
