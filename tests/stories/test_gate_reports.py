"""The reports of a real gate: of a repository, through the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import lxml.etree
import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.report import forms
from tests.fakes.gated import AFTER, GatedRepository

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
    jsonschema.Draft7Validator(published).validate(sarif)
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
    assert "a report's path ends in .json, .md, .sarif or .xml" in result.output
