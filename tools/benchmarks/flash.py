"""What a SetChargingProfile costs in flash: littlefs on a chip that counts, with what else a
station keeps there."""

from measuring import REPETITIONS, answer_to, charge_point, frames, new_store, say, us_for

MOUNT = "/flash"


def main() -> None:
    from setpoint.board.simulated import flash_chip
    from setpoint.store.documents import Documents

    texts = frames("10")
    folder = new_store()
    chip, problems = flash_chip.mount(folder, MOUNT)
    assert not problems, problems
    station = charge_point(texts["install"], Documents(MOUNT + "/state"))
    change = texts["change"]

    def counted(text: str) -> "tuple[int, int]":
        """(bytes programmed, blocks erased) by one SetChargingProfile."""
        programmed, erased = chip.bytes, chip.erases
        answer = answer_to(station, text)
        assert '"Accepted"' in answer, answer
        return chip.bytes - programmed, chip.erases - erased

    # The folder's log is full after some ten
    counts = [counted(change[i & 1]) for i in range(40 if REPETITIONS < 9 else 400)]
    programmed = [count[0] for count in counts]
    erased = [count[1] for count in counts]
    say("flash programmed by SetChargingProfile, mean", sum(programmed) / len(counts), "B")
    say("flash programmed by SetChargingProfile, worst", max(programmed), "B")
    say("flash blocks erased by SetChargingProfile, mean", sum(erased) / len(counts), "blocks")
    say("flash blocks erased by SetChargingProfile, worst", max(erased), "blocks")
    answer_to(station, change[0])
    same = [counted(change[0]) for _ in range(20)]
    say("flash programmed for a profile stored already", sum([count[0] for count in same]), "B")
    say(
        "flash blocks erased for a profile stored already",
        sum([count[1] for count in same]),
        "blocks",
    )

    turn = [0]

    def one():
        turn[0] ^= 1
        answer_to(station, change[turn[0]])

    # The floor: the same bytes into a file of the same file system, by themselves.
    content = bytes(int(sum(programmed) / len(counts)))

    def write():
        turn[0] ^= 1
        with open(MOUNT + "/floor%d" % turn[0], "wb") as file:
            file.write(content)

    say("SetChargingProfile, littlefs", us_for(one), "us", us_for(write))


main()
