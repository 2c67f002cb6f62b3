"""The simulated cable on both MicroPythons: what a peer sees while it is pulled, and after."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parent.parent.parent / "firmware"

STATION = """
import asyncio, sys
sys.path.insert(0, %r)
from setpoint.board.simulated.network import Network
async def reading(stream):
    while True:
        data = await stream.read(100)
        print("read", data)
        if not data:
            return
async def writing(stream):
    try:
        await stream.write(b"lost")
    except OSError:
        print("write failed")
async def main():
    network = Network()
    stream = await network.open("127.0.0.1", int(sys.argv[1]))
    task = asyncio.create_task(reading(stream))
    await stream.write(b"before")
    await asyncio.sleep_ms(300)
    network.set_up(False)
    try:
        await network.open("127.0.0.1", int(sys.argv[1]))
    except OSError:
        print("no way")
    asyncio.create_task(writing(stream))
    CLOSE
    await asyncio.sleep_ms(600)
    network.set_up(True)
    await asyncio.sleep_ms(20)
    print(task.done())
    stream = await network.open("127.0.0.1", int(sys.argv[1]))
    await stream.write(b"again" * 20000)
    stream.close()
    print(await stream.read(10))
asyncio.run(main())
""" % str(FIRMWARE)


@pytest.mark.parametrize("closed_meanwhile", [False, True])
def test_a_pulled_cable_is_silent_until_it_is_back(micropython, tmp_path, closed_meanwhile):
    script = tmp_path / "script.py"
    script.write_text(STATION.replace("CLOSE", "stream.close()" if closed_meanwhile else "pass"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        command = [*micropython, str(script), str(server.getsockname()[1])]
        station = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        first, _ = server.accept()
        first.settimeout(0.3)
        assert first.recv(100) == b"before"
        first.sendall(b"hello")
        time.sleep(0.45)  # the cable is out
        first.sendall(b"unheard")
        with pytest.raises(TimeoutError):
            first.recv(100)
        first.settimeout(10)
        try:
            assert first.recv(100) == b""
        except ConnectionResetError:  # what it never read turns the end into a reset
            pass
        second, _ = server.accept()
        second.settimeout(10)
        received = b""
        while piece := second.recv(65536):
            received += piece
        assert received == b"again" * 20000
        lines = station.communicate(timeout=10)[0].splitlines()
        first.close()
        second.close()
    lines[2:4] = sorted(lines[2:4])  # both wait for the cable
    assert lines == ["read b'hello'", "no way", "read b''", "write failed", "True", "b''"]


def test_a_peer_that_refuses_is_an_error_at_once(micropython, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    script = tmp_path / "script.py"
    script.write_text(STATION)
    done = subprocess.run(
        [*micropython, str(script), str(port)], capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 1 and "ECONNREFUSED" in done.stdout + done.stderr
