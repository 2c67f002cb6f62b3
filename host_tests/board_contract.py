"""For mypy alone: a board and its parts are what board/contract.pyi asks for.

Each part stands here by itself too, so that mypy looks again when it alone has changed.
"""

from setpoint.board.contract import App, Board, Network, Outlet, Stream
from setpoint.board.esp32.board import Board as Esp32Board
from setpoint.board.esp32.outlet import Outlet as Esp32Outlet
from setpoint.board.esp32.wifi import Network as Esp32Network
from setpoint.board.esp32.wifi import Stream as Esp32Stream


def parts_keep_the_contract(outlet: Esp32Outlet, network: Esp32Network, stream: Esp32Stream) -> None:
    parts: tuple[Outlet, Network, Stream] = (outlet, network, stream)
    assert parts


def boards_keep_the_contract(esp32: Esp32Board, app: App) -> None:
    board: Board = esp32
    board.attach(app)
