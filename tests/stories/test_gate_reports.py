"""The reports of a real gate: of a repository, through the command."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import jsonschema
import lxml.etree
import msgpack
import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.explore.programs import Ask
from agenttrace.report import forms
from tests.fakes.gated import AFTER, LOOK_UP, OTHER, TEST, GatedRepository, path_of, team
from tests.fakes.secrets import samples

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatedRepository:
    """A branch on which the desk tells the customer as well; the command runs in its root."""
    repository = GatedRepository.begun(tmp_path / "repo")
    repository.branch("feature")
    repository.golden(AFTER)
    repository.commit("tell the customer")
    monkeypatch.chdir(repository.folder)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return repository


def gate(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["gate", "--base", "main", *words])


def test_one_gate_writes_every_form_of_its_report(repo: GatedRepository) -> None:
    """The comment, the document, the test cases and the remarks say the same of one finding."""
    out = repo.folder.parent / "out"
    result = gate(*(f"--report={out / f'gate{suffix}'}" for suffix in forms.GATE_FORMS))
    assert result.exit_code == 1
    for suffix in forms.GATE_FORMS:
        assert f"report    {out / f'gate{suffix}'}\n" in result.output
    document = json.loads((out / "gate.json").read_text("utf-8"))
    schema = Path(forms.__file__).with_name("gate.schema.json")
    jsonschema.validate(document, json.loads(schema.read_text("utf-8")))
    (golden,) = document["goldens"]
    (found,) = golden["findings"]
    assert (document["standing"], found["class"], found["severity"]) == (
        "review",
        "structure",
        "review",
    )
    assert f"agenttrace accept {found['id']}" in (out / "gate.md").read_text("utf-8")
    sarif = json.loads((out / "gate.sarif").read_text("utf-8"))
    published = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    jsonschema.Draft4Validator(published).validate(sarif)
    (remark,) = sarif["runs"][0]["results"]
    assert remark["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "tests/test_refund.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 1},
    }
    case = lxml.etree.parse(out / "gate.xml").find(".//failure")
    assert f"[{found['id']}]" in case.text


def test_on_github_remarks_stand_beside_the_test(
    repo: GatedRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner sets a variable; elsewhere the same lines would be noise."""
    assert "::warning" not in gate().output
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    remarks = re.findall(r"^::.*$", gate().output, re.MULTILINE)
    assert len(remarks) == 1
    assert remarks[0].startswith("::warning file=tests/test_refund.py,line=1,title=agenttrace%3A ")


def test_a_report_that_cannot_be_written_does_not_pass(repo: GatedRepository) -> None:
    """A comment that is missing must not look like a change with nothing to say."""
    repo.git("checkout", "--quiet", "main")
    assert gate().exit_code == 0
    result = gate("--report=tests/test_refund.py/gate.md")
    assert result.exit_code == 1
    assert "gate.md" in result.output


def test_a_report_of_an_unknown_form_is_a_usage_error(repo: GatedRepository) -> None:
    """It is said before anything is compared."""
    result = gate("--report=gate.txt")
    assert result.exit_code == 2
    assert "a report's path ends in .html, .json, .md, .sarif or .xml" in result.output


def shown_on(page: Path) -> tuple[str, list[tuple[str, str, Any]]]:
    """What a page says, and of each golden on it its title, how it moved, and what is shown."""
    block = re.search(r'id="data">([^<]*)<', page.read_text("utf-8"))
    assert block is not None
    document = msgpack.unpackb(zlib.decompress(base64.b64decode(block[1])))
    runs = [(title, moved, msgpack.unpackb(run)) for title, moved, run in document["runs"]]
    return document["said"], runs


def test_a_page_shows_the_golden_before_and_now(repo: GatedRepository) -> None:
    """Both traces are on it, read from the commits, with what differs and what is to be done."""
    page = repo.folder.parent / "gate.html"
    assert gate(f"--report={page}").exit_code == 1
    said, ((title, moved, run),) = shown_on(page)
    assert said == "The gate: review. 1 golden with findings."
    assert (title, moved) == (TEST, "unproven")
    assert [trace["label"] for trace in run["traces"]] == ["before", "now"]
    assert [(one["kind"], one["what"], one["title"]) for one in run["differences"]] == [
        ("structure", "extra", "mail")
    ]
    (note,) = run["notes"]
    assert note.startswith("review: structure of mail: extra  [")
    assert "agenttrace accept " in note


def test_a_page_shows_what_is_gone_and_leaves_out_what_holds_a_secret(
    repo: GatedRepository,
) -> None:
    """A golden with a key in it is told of in words; the page may be kept where others read it."""
    secret = samples()[0]
    repo.golden(team(LOOK_UP, Ask(tool="pay", body={"key": secret.text}, answer="done")))
    (repo.folder / path_of(OTHER)).unlink()
    repo.commit("spoil it")
    page = repo.folder.parent / "gate.html"
    assert gate(f"--report={page}").exit_code == 1
    said, ((title, _, run),) = shown_on(page)
    assert said == "The gate: block. 2 goldens with findings, 1 of them here."
    assert (title, [trace["label"] for trace in run["traces"]]) == (OTHER, ["before"])
    assert secret.text not in zlib.decompress(
        base64.b64decode(page.read_text("utf-8").partition('id="data">')[2].partition("<")[0])
    ).decode("utf-8", "replace")
