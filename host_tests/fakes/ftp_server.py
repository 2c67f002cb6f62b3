"""An FTP server with real sockets, in threads, for uploads in passive mode (RFC 959): what arrives
stays in `uploads`. What it answers to a command can be set."""

from __future__ import annotations

import socket

from threaded_server import ThreadedServer


class FtpServer(ThreadedServer):
    """`answers`: command -> what it says in place of its own answer; "" says nothing. `said`: the
    lines of the clients."""

    def __init__(self, login: "tuple[str, str] | None" = None) -> None:
        self.uploads: "dict[str, bytes]" = {}
        self.answers: "dict[str, str]" = {}
        self.said: "list[str]" = []
        self._login = login
        super().__init__()
        self.url = "ftp://127.0.0.1:%d" % self.port

    def _serve(self, peer: socket.socket) -> None:
        try:
            self._converse(peer)
        except OSError:
            pass  # the client went away
        finally:
            peer.close()

    def _converse(self, peer: socket.socket) -> None:
        user, passive = "", None

        def say(command: str, text: str) -> None:
            text = self.answers.get(command, text)
            peer.sendall((text + "\r\n").encode() if text else b"")

        say("", "220-Welcome\r\n to the files\r\n220 of the test")
        for line in peer.makefile("r", newline="\n"):
            self.said.append(line.strip())
            command, _, argument = line.strip().partition(" ")
            if command == "USER":
                user = argument
                say(command, "331 Password, please")
            elif command == "PASS":
                right = self._login in (None, (user, argument))
                say(command, "230 Come in" if right else "530 Not you")
            elif command == "TYPE":
                say(command, "200 Binary")
            elif command == "PASV":
                passive = socket.create_server(("127.0.0.1", 0))
                high, low = divmod(passive.getsockname()[1], 256)
                say(command, "227 Entering Passive Mode (10,9,8,7,%d,%d)" % (high, low))
            elif command == "STOR" and passive is not None:
                say(command, "150 Go on")
                if command not in self.answers:
                    self._take(passive, argument)
                    say("end", "226 Thank you")
            elif command == "QUIT":
                say(command, "221 Bye")
            else:
                say(command, "502 Not here")

    def _take(self, passive: socket.socket, name: str) -> None:
        data, _ = passive.accept()
        with passive, data, data.makefile("rb") as file:
            self.uploads[name] = file.read()
