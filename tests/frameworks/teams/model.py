"""Model: what is said to teams: a chair says who is next, a manager plans, workers translate."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agenttrace.model.message import ModelRequest
from agenttrace.testing import Reply, calls_tool, says
from tests.frameworks.scenes import Model

CHAIR = "You say who speaks next."
MANAGER = "You plan what others do."
BOSS = "You have others translate."
JUDGE = "You say which translation is best."

WORKERS = ("anna", "ben", "carl")


def _ledger(*, satisfied: bool) -> str:
    said = {
        "is_request_satisfied": satisfied,
        "is_in_loop": False,
        "is_progress_being_made": True,
        "next_speaker": "ben",
        "instruction_or_question": "Translate it.",
    }
    return json.dumps({name: {"reason": "Ben is new.", "answer": it} for name, it in said.items()})


@dataclass
class TeamModel(Model):
    """What the model says to the agents of teams; to others, what it says in every scene."""

    def _reply(self, request: ModelRequest) -> Reply:
        if not any(one.role in ("system", "developer") for one in request.messages):
            return self._turns(request)[MANAGER][0]  # one of AutoGen's managers has no prompt
        return super()._reply(request)

    def _turns(self, request: ModelRequest) -> dict[str, tuple[Reply, Reply]]:
        spoken = "\n".join(one.text for one in request.messages if one.role != "system")
        over = "A word." in spoken
        chosen = {
            "terminate": over,
            "reason": "Ben is new.",
            "next_speaker": None if over else "ben",
            "final_message": "Ben said it." if over else None,
        }
        asks = "is_request_satisfied" in request.messages[-1].text
        planned = _ledger(satisfied=over) if asks else "Ben translates it."
        selects = "Return only the role." in spoken
        chair = says("ben" if selects else json.dumps(chosen))
        return {
            **super()._turns(request),
            CHAIR: (chair, chair),
            MANAGER: (says(planned), says(planned)),
            BOSS: (calls_tool("worker", {"task": "One word."}), says("It is translated.")),
            JUDGE: (says("The first."), says("The first.")),
        }
