"""Divides one current among the connectors that want some of it (R29)."""

from ..units import MINIMUM_DA


def shares(total_da: int, wants: "list[int]", minimum_da: int = MINIMUM_DA) -> "list[int]":
    """What each may draw, in the order of `wants`: the oldest transaction first, those that do not
    ask last.

    The split is max-min fair: a want below an even part is met, and the rest is divided evenly
    among the others, rounded down (R25). If a part falls below the minimum although its owner could
    take more, the last one gets nothing and the split is made again. A single one gets what there
    is. A want of 0 takes no part.
    """
    sharing = [i for i in range(len(wants)) if wants[i] > 0]
    while True:
        parts = [0] * len(wants)
        left_da = max(total_da, 0)
        left = len(sharing)
        for want, i in sorted([(wants[i], i) for i in sharing]):
            part = left_da // left
            if part < want:  # this one and all after it want more than an even part
                for j in sharing:
                    if parts[j] == 0:
                        parts[j] = part
                break
            parts[i] = want
            left_da -= want
            left -= 1
        if len(sharing) <= 1 or not any(
            [parts[i] < minimum_da and parts[i] < wants[i] for i in sharing]
        ):
            return parts
        sharing.pop()
