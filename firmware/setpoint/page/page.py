"""What of the page stays in memory: the listener, and what must outlive a request."""

from .listening import Listening


class Page(Listening):
    """wrong, until_ms: access.py's. salt: of the tokens, None until somebody asks. ended: sessions
    that flash does not have yet (sessions.py)."""

    def __init__(self, app) -> None:
        Listening.__init__(self, app.board.door, app.clock, app.log)
        self.app = app
        self.wrong = 0
        self.until_ms = None
        self.salt = None

    def load(self) -> tuple:
        from .exchange import Exchange
        from .serving import serve

        return Exchange, lambda exchange: serve(self, exchange)
