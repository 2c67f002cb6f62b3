"""Files over HTTP/1.1, with TLS or without: a GET into a sink, a PUT or POST from a file, slice by
slice. Imported for one transfer, and dropped again (late.py).

Rule 1: a stream that is opened here is closed here.
Rule 2: no certificate check is skipped (secure.py): the roots are those for the central system, the
    name is the one in the URL.
Rule 3: at most _MOST_REDIRECTS redirects are followed; none from https:// to http://, and for an
    upload only those that keep its method (307, 308).
Rule 4: a password in the URL goes to the host in that URL only.
Rule 5: no slice is longer than _SLICE, and each wait of the network ends after `patience_s`. The
    loop goes round between two slices. How long a whole transfer may take is the caller's."""

import asyncio

from micropython import const

from ..clock import sleep_ms
from ..protocol.http import Answer, HttpError, first_of_range
from ..protocol.urls import authorization, joined, parts_of
from .pouring import pour

_SLICE = const(1024)
_MOST_REDIRECTS = const(3)
_LAST_WORDS_S = const(2)  # for the answer of a server that hung up in mid-upload
_PATIENCE_S = const(30)
_ADVICE = (
    (401, "put user:password@ before the host in the URL"),
    (403, "this user may not do that there"),
    (404, "look at the path in the URL"),
    (413, "the server takes no file of this length"),
)


class Client:
    """network: the board's. clock: the station's. ca_file: the authorities that TLS trusts, or
    None. documents: where those are that a central system installed. patience_s: for each step of
    the network.

    Both methods return None when all went well, else (a sentence that says what to do, status):
    the HTTP status of the answer; 0 where what came is not HTTP; None for anything else."""

    def __init__(
        self,
        network,
        clock,
        ca_file: "str | None",
        patience_s: int = _PATIENCE_S,
        documents=None,
    ) -> None:
        self._network = network
        self._clock = clock
        self._ca_file = ca_file
        self._patience_s = patience_s
        self._documents = documents

    async def get(
        self, url: str, sink, start: int = 0, validator: "str | None" = None
    ) -> "tuple | None":
        """Fetches a file, from byte `start` on if the server can and `validator` is still true.

        `sink.begin(first, total, validator)` is called once: the byte of the file with which the
        data begins (`start` or 0), how long the file is (None: not told), and what to give as
        `validator` to go on later (None: nothing). Then `await sink.write(view)` for each piece,
        which is valid during the call. A ValueError of either ends the transfer with its sentence.
        """
        lines = ["Accept-Encoding: identity"]
        if start:
            lines.append("Range: bytes=%d-" % start)
            if validator:
                lines.append("If-Range: " + validator)
        return await self._told(self._follow("GET", url, lines, None, sink, start))

    async def send(self, url: str, file, method: str = "PUT") -> "tuple | None":
        """Uploads a file: `file.name`; `file.length` in bytes; `file.pieces()`, which yields bytes
        anew at each call, and is cut or filled up with line ends to that length."""
        lines = [
            "Content-Type: text/plain; charset=utf-8",
            'Content-Disposition: attachment; filename="%s"' % file.name,
            "Content-Length: %d" % file.length,
        ]
        return await self._told(self._follow(method, url, lines, file, None, 0))

    async def _told(self, work) -> "tuple | None":
        try:
            await work
        except HttpError as error:
            return error.args
        except asyncio.TimeoutError:  # CPython's is an OSError too
            return "the file server did nothing for %d s" % self._patience_s, None
        except ValueError as error:  # BadUrl, Refused of secure.py, or the sink's
            return error.args[0], None
        except OSError as error:
            return "the connection was lost: %s" % error, None
        return None

    async def _follow(self, method: str, url: str, lines, file, sink, start: int) -> None:
        before = None
        for _ in range(_MOST_REDIRECTS + 1):
            place = parts_of(url)
            login = place[5]
            if before is not None:
                if before[0] and not place[0]:
                    raise HttpError("the server redirects from https:// to http://, refused", None)
                if login is None and before[:4] == place[:4]:
                    login = before[5]
            place = place[:5] + (login,)
            answer = await self._once(method, place, lines, file, sink, start)
            if answer is None:
                return
            if method != "GET" and answer.status not in (307, 308):
                raise HttpError(
                    "the server redirects the upload with %d; give the URL that it leads to"
                    % answer.status,
                    answer.status,
                )
            url = joined(url, answer.fields["location"])
            before = place
        raise HttpError("more than %d redirects" % _MOST_REDIRECTS, None)

    async def _once(self, method: str, place: tuple, lines, file, sink, start: int):
        """One request. None: done; an Answer: it leads somewhere else."""
        secure, _, host, port, _, _ = place
        if not secure:
            try:
                stream = await self._soon(self._network.open(host, port))
            except OSError as error:
                raise HttpError(_in_words(error, host, port), None)
            try:
                answer = Answer(method)
                rest = await self._asked(stream, answer, place, method, lines, file)
                return await self._answered(stream, answer, rest, sink, start)
            finally:
                stream.close()
        from .secure import Check

        files = {"ca_file": self._ca_file}
        check = Check(files, host, self._clock, self._documents, peer="file server")
        try:
            while True:
                try:
                    stream = await self._soon(
                        self._network.open(
                            host, port, tls=check.context, server_hostname=check.name
                        )
                    )
                except OSError as error:
                    raise HttpError(_in_words(error, host, port), None)
                try:
                    answer = Answer(method)
                    try:
                        rest = await self._asked(stream, answer, place, method, lines, file)
                    except (OSError, ValueError) as error:
                        check.explain(error)
                        continue
                    return await self._answered(stream, answer, rest, sink, start)
                finally:
                    stream.close()
        finally:
            check.end()

    async def _asked(self, stream, answer, place: tuple, method: str, lines, file):
        """Sends the request, and returns what came behind the head of the answer."""
        head = [
            "%s %s HTTP/1.1" % (method, place[4]),
            "Host: " + place[1],
            "User-Agent: Setpoint",
            "Connection: close",
        ] + lines
        if place[5] is not None:
            head.append(authorization(*place[5]))
        head.append("\r\n")
        await self._soon(stream.write("\r\n".join(head).encode()))
        patience_s = self._patience_s
        lost = None
        if file is not None:
            try:
                await pour(file, lambda slice: self._soon(stream.write(slice)))
            except OSError as error:  # it may have said why before it hung up
                lost = error
                patience_s = min(patience_s, _LAST_WORDS_S)
        try:
            rest = None
            while rest is None:
                data = await asyncio.wait_for(stream.read(_SLICE), patience_s)
                if not data:
                    answer.hung_up()
                rest = answer.head(data)
        except (OSError, HttpError, asyncio.TimeoutError) as error:
            raise lost or error
        if lost is not None and answer.status < 300:
            raise lost
        return rest

    async def _answered(self, stream, answer, rest, sink, start: int):
        status, fields = answer.status, answer.fields
        if status in (301, 302, 303, 307, 308) and "location" in fields:
            return answer
        if status // 100 != 2:
            advice = [words for code, words in _ADVICE if code == status]
            raise HttpError(
                "the file server answered %d %s%s"
                % (status, answer.reason, ": " + advice[0] if advice else ""),
                status,
            )
        if sink is None:
            return None
        await self._fetched(stream, answer, rest, sink, start)
        return None

    async def _fetched(self, stream, answer, rest, sink, start: int) -> None:
        status, fields = answer.status, answer.fields
        if fields.get("content-encoding", "identity").lower() != "identity":
            raise HttpError("the file server packs the file; let it send the file as it is", status)
        first, total = 0, answer.length
        if status == 206:
            span = first_of_range(fields.get("content-range"))
            if span is None or span[0] != start or not start:
                raise HttpError("the file server sends another part than was asked for", status)
            first, total = span
        elif status != 200:
            raise HttpError("the file server answered %d without a file" % status, status)
        etag = fields.get("etag", "")  # a weak one does not promise the same bytes
        sink.begin(first, total, etag if etag[:1] == '"' else fields.get("last-modified") or None)
        while True:
            for piece in answer.body(rest):
                await sink.write(piece)
            if answer.over:
                return
            rest = await self._soon(stream.read(_SLICE))
            if not rest:
                answer.hung_up()
            await sleep_ms(0)

    async def _soon(self, step):
        return await asyncio.wait_for(step, self._patience_s)


def _in_words(error: OSError, host: str, port: int) -> str:
    from .connecting import in_words

    return in_words(error, host, port)
