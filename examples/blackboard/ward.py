"""Blackboard: specialists pin what they find to a board, and a physician concludes from it.

Nobody speaks to anybody. What one has found, the others read off the board.
"""

import asyncio

import agenttrace


@agenttrace.tool
async def blood_test(patient: str) -> str:
    """Let the laboratory look at the blood."""
    await asyncio.sleep(0)
    return {"Ada": "low iron", "Ben": "normal"}[patient]


@agenttrace.tool
async def x_ray(patient: str) -> str:
    """Take a picture of the chest."""
    await asyncio.sleep(0)
    return {"Ada": "clear", "Ben": "a shadow"}[patient]


async def laboratory(board, patient):
    """Pin what the blood says."""
    with agenttrace.agent("laboratory"):
        board.write("blood", await blood_test(patient))


async def radiologist(board, patient):
    """Pin what the picture shows."""
    with agenttrace.agent("radiologist"):
        board.write("chest", await x_ray(patient))


async def physician(board):
    """Conclude from what is pinned; what is not there counts as normal."""
    with agenttrace.agent("physician"):
        blood, chest = board.read("blood", "normal"), board.read("chest", "clear")
        if (blood, chest) == ("normal", "clear"):
            return "healthy"
        return f"treat {blood}" if chest == "clear" else f"look into {chest}"


async def ward_round(patient):
    """See a patient: the specialists at once, then the physician."""
    board = agenttrace.blackboard("ward")
    await asyncio.gather(laboratory(board, patient), radiologist(board, patient))
    return await physician(board)


async def hasty_round(patient):
    """The planted fault: the physician does not wait for the specialists."""
    board = agenttrace.blackboard("ward")
    *_, said = await asyncio.gather(
        laboratory(board, patient), radiologist(board, patient), physician(board)
    )
    return said
