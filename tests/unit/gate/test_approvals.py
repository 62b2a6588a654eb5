"""The file of approvals: what is written is read, and what nobody may write is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import ApprovalsInvalid
from agenttrace.gate.approvals import Approvals, Entry, approvals_of, written
from agenttrace.verdict import GATE_CLASSES, Decision, GateFinding, Severity

TODAY = "2026-11-22"
FINDING = GateFinding(
    id="8c287d63c53753c6",
    kind="structure",
    severity=Severity.REVIEW,
    test="t.py::t",
    path="g.trace",
)
ENTRY = {
    "id": FINDING.id,
    "class": "structure",
    "test": "t.py::t",
    "verdict": "accepted",
    "reason": "meant",
    "on": "2026-11-01",
    "expires": "2026-12-01",
}


def read(text: str | bytes, *, today: str = TODAY, days: int = 90) -> Approvals:
    """Read a file."""
    data = text.encode() if isinstance(text, str) else text
    return approvals_of(data, "approvals.toml", today=today, expire_days=days)


def entry(**fields: str) -> str:
    """One entry as a person would forge it."""
    said = {**ENTRY, **fields}
    return "\n".join(["[[approval]]", *(f'{key} = "{value}"' for key, value in said.items())])


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
entries = st.builds(
    Entry,
    decision=st.builds(
        Decision,
        id=st.text("0123456789abcdef", min_size=16, max_size=16),
        kind=st.sampled_from(GATE_CLASSES),
        test=texts,
        reason=texts,
        by=texts,
        on=st.just("2026-11-01"),
        expires=st.just("2026-12-01"),
        live=st.just(True),
        accepted=st.booleans(),
    ),
    title=texts,
)


@given(st.lists(entries, unique_by=lambda one: one.decision.id, max_size=5))
def test_what_is_written_is_read_again(some: list[Entry]) -> None:
    """Whatever stands in a reason or in the name of a test; and nothing in the file hides."""
    data = written(some)

    assert sorted(read(data).entries.values(), key=str) == sorted(some, key=str)
    assert all(letter.isprintable() for letter in data.decode().replace("\n", ""))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("[[approval]", "no TOML", id="half merged"),
        pytest.param("<<<<<<< ours\n", "no TOML", id="conflict marks"),
        pytest.param("x = 1", "nothing else", id="another file"),
        pytest.param("approval = 3", "tables", id="no tables"),
        pytest.param("approval = [3]", "no table", id="no table"),
        pytest.param(entry(id="8C287D63C53753C6"), "16 hex", id="no id"),
        pytest.param(entry(id=f"{FINDING.id}\\n"), "16 hex", id="an id with a line end"),
        pytest.param(entry(id="*"), "16 hex", id="a wildcard"),
        pytest.param(entry(**{"class": "all"}), "'all'", id="no class"),
        pytest.param(entry(verdict="yes"), "accepted or rejected", id="no verdict"),
        pytest.param(entry(reason=" "), "must be said", id="no reason"),
        pytest.param(entry(on="today"), "days", id="no day"),
        pytest.param(entry(expires=""), "must be said", id="for ever"),
        pytest.param(entry(scope="repo"), "'scope'", id="a key more"),
        pytest.param(f"{entry()}\n{entry()}", "two entries", id="said twice"),
    ],
)
def test_a_file_that_is_none_opens_nothing(text: str, why: str) -> None:
    """Nobody guesses what was meant."""
    with pytest.raises(ApprovalsInvalid) as caught:
        read(text)

    assert why in caught.value.headline


@pytest.mark.parametrize(
    ("fields", "today", "approves"),
    [
        pytest.param({}, "2026-12-01", True, id="on its last day"),
        pytest.param({}, "2026-12-02", False, id="the day after"),
        pytest.param({"expires": "2999-01-01"}, "2027-01-30", True, id="as long as may be"),
        pytest.param({"expires": "2999-01-01"}, "2027-01-31", False, id="longer than may be"),
        pytest.param(
            {"on": "2027-01-01", "expires": "2027-02-01"}, TODAY, False, id="not yet made"
        ),
        pytest.param({"verdict": "rejected"}, TODAY, False, id="a no"),
    ],
)
def test_an_approval_holds_for_as_long_as_the_policy_lets_it(
    fields: dict[str, str], today: str, approves: bool
) -> None:
    """Whatever day it says itself."""
    finding, forged = read(entry(**fields), today=today).applied(FINDING)

    assert (finding.approved, finding.waits, forged) == (approves, not approves, None)


def test_a_rejection_blocks_and_never_expires() -> None:
    """Somebody said no, and nobody said yes since."""
    finding, _ = read(entry(verdict="rejected"), today="2040-01-01").applied(FINDING)

    assert (finding.severity, finding.reason) == (Severity.BLOCK, "rejected: meant")


@pytest.mark.parametrize(
    "fields", [{"class": "latency"}, {"test": "u.py::u"}], ids=["class", "test"]
)
def test_an_approval_that_says_another_thing_than_it_approves_is_forged(
    fields: dict[str, str],
) -> None:
    """Who reviews the file must be able to believe it."""
    finding, forged = read(entry(**fields)).applied(FINDING)

    assert finding == FINDING
    assert forged is not None
    assert (forged.kind, forged.severity, forged.path) == (
        "forged",
        Severity.BLOCK,
        "approvals.toml",
    )


def test_an_approval_of_what_is_blocked_opens_nothing() -> None:
    """Only another change does, or another policy."""
    blocked = GateFinding(**{**_fields(FINDING), "severity": Severity.BLOCK})

    finding, _ = read(entry()).applied(blocked)

    assert (finding.approved, finding.waits) == (False, True)


def _fields(one: GateFinding) -> dict[str, object]:
    return {name: getattr(one, name) for name in GateFinding.__slots__}
