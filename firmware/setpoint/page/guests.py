"""Takes the page's guests in. Loaded while somebody is connected."""

from .listening import Listening


class Guests(Listening):
    def __init__(self, app) -> None:
        Listening.__init__(self, app.board.door(app.page.listener), app.clock, app.log)
        self._app = app

    def load(self) -> tuple:
        from .exchange import Exchange
        from .serving import serve

        app, door, others = self._app, self.door, self.exchanges
        return Exchange, lambda exchange: serve(app, door, exchange, others)
