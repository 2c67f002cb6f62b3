"""What of the page stays in memory: the listener, and what must outlive a request."""

from .listening import Listening


class Page(Listening):
    """wrong, until_ms: access.py's. salt: of the tokens, None until somebody asks. ended: sessions
    that flash does not have yet (sessions.py). own: the owner's limits (owner.py)."""

    def __init__(self, app) -> None:
        Listening.__init__(self, app.board.door, app.clock, app.log)
        self.app = app
        self.wrong = 0
        self.until_ms = None
        self.salt = None
        self.own = None
        self.ended = []
        from .owner import load

        load(self)
        app.station.facts.ended_sessions = self.ended

    def keep(self) -> None:
        """After a pass: what ended in it comes into flash."""
        if self.ended:
            from .sessions import keep

            try:
                keep(self.app.board.root + "/sessions", self.ended)
            except (OSError, MemoryError) as error:
                self.app.log("error", "page", "a session cannot be written: %r" % error)
            self.ended.clear()

    def load(self) -> tuple:
        from .exchange import Exchange
        from .serving import serve

        return Exchange, lambda exchange: serve(self, exchange)
