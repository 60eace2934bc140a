"""The examples of docs/testing.md in virtual time; tests/lab/test_plugin.py plays them on both backends."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.plugin.hooks import pytest_addoption
from herzschlag.plugin.marker import OWN_KEYS
from herzschlag.scenarios.model import Cluster as Setup
from tests.support import tutorial

WORDS = ("--herzschlag-backend", "simulation", "-p", "no:cacheprovider", "--strict-markers")


def test_every_example_of_the_tutorial_passes(pytester: pytest.Pytester) -> None:
    tutorial.write(pytester.path)
    result = pytester.runpytest_inprocess(*WORDS)
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_fails.py::*"])


def test_the_first_example_is_ten_lines_long() -> None:
    lines = [line for line in tutorial.files()["test_partition.py"].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_a_failure_prints_what_the_tutorial_shows(pytester: pytest.Pytester) -> None:
    tutorial.write(pytester.path)
    result = pytester.runpytest_inprocess(*WORDS, "test_fails.py")
    blocks = re.findall(
        r"^```text\n(.*?)^```$", tutorial.TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) == 2
    for shown in blocks:
        result.stdout.fnmatch_lines(
            [line.replace("[", "[[]").replace("…", "*") for line in shown.splitlines()], consecutive=True
        )


def test_the_script_without_the_plugin_runs(tmp_path: Path) -> None:
    tutorial.write(tmp_path)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_the_tutorial_names_every_option_and_only_keys_that_exist() -> None:
    text = tutorial.TUTORIAL.read_text(encoding="utf-8")
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    options = [name for group in parser._groups for option in group.options for name in option.names()]
    assert options and [name for name in options if name not in text] == []
    keys = set(re.findall(r"`(\w+)`", text.split("| Key |")[1].split("\n\n")[0]))
    assert keys <= {*Setup.__struct_fields__, *OWN_KEYS}
