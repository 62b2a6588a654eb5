"""What a plugin that nobody uses costs: no third-party module at all."""

import subprocess
import sys

import pytest

IMPORTED = """
import sys, sysconfig
before = set(sys.modules)
import {module}
third = {{name.partition(".")[0] for name in set(sys.modules) - before}}
own = {{"agenttrace", "pytest_agenttrace", sysconfig._get_sysconfigdata_name()}}
print(sorted(third - set(sys.stdlib_module_names) - own))
"""


@pytest.mark.parametrize("module", ["agenttrace", "agenttrace.strategies"])
def test_importing_the_library_loads_the_standard_library_only(module: str) -> None:
    """A program that marks its tools pays for nothing else; Hypothesis comes with the first use."""
    assert _run(IMPORTED.format(module=module)) == "[]"


def test_a_verb_that_nothing_records_loads_the_standard_library_only() -> None:
    """Decorating a tool and calling it is free of third-party modules too."""
    used = (
        "import agenttrace\n"
        "tool = agenttrace.tool(lambda x: x)\n"
        "assert tool(1) == 1\n"
        "agenttrace.event('planning', chosen='a')\n"
    )
    assert (
        _run(IMPORTED.format(module="agenttrace").replace("third =", f"{used}third =", 1)) == "[]"
    )


def test_the_unused_plugin_adds_no_module_but_its_own(pytester: pytest.Pytester) -> None:
    """The difference between a session with the plugin and one without is the plugin."""
    pytester.makepyfile(
        "import sys\n"
        "def test_nothing():\n"
        "    open('modules', 'w').write(chr(10).join(sorted(sys.modules)))\n"
    )

    def modules(*words: str) -> set[str]:
        pytester.runpytest_subprocess(*words).assert_outcomes(passed=1)
        return set((pytester.path / "modules").read_text().splitlines())

    extra = modules() - modules("-p", "no:agenttrace")

    assert {name for name in extra if not name.startswith("pytest_agenttrace")} <= set(
        sys.stdlib_module_names
    )


def _run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()
