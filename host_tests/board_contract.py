"""For mypy alone: every board and its parts are what board/contract.pyi asks for.

Each part stands here by itself too, so that mypy looks again when it alone has changed.
"""

from setpoint.board.contract import App, Board, Network, Outlet, Stream
from setpoint.board.esp32.board import Board as Esp32Board
from setpoint.board.esp32.outlet import Outlet as Esp32Outlet
from setpoint.board.esp32.wifi import Network as Esp32Network
from setpoint.board.esp32.wifi import Stream as Esp32Stream
from setpoint.board.simulated.board import Board as SimulatedBoard
from setpoint.board.simulated.network import Network as SimulatedNetwork
from setpoint.board.simulated.network import Stream as SimulatedStream
from setpoint.board.simulated.outlet import Outlet as SimulatedOutlet


def esp32_keeps_the_contract(
    board: Esp32Board, outlet: Esp32Outlet, network: Esp32Network, stream: Esp32Stream, app: App
) -> None:
    a_stream: Stream = stream
    a_network: Network = network
    an_outlet: Outlet = outlet
    a_board: Board = board
    a_board.attach(app)
    assert a_stream and a_network and an_outlet


def simulated_keeps_the_contract(
    board: SimulatedBoard,
    outlet: SimulatedOutlet,
    network: SimulatedNetwork,
    stream: SimulatedStream,
    app: App,
) -> None:
    a_stream: Stream = stream
    a_network: Network = network
    an_outlet: Outlet = outlet
    a_board: Board = board
    a_board.attach(app)
    assert a_stream and a_network and an_outlet
