"""The zip for a room without a network: which runs and which versions go into it, and how it says to install them."""

from __future__ import annotations

import pytest
import zipped

from herzschlag.scenarios.from_toml import load


def test_the_runs_are_those_of_the_chapters() -> None:
    found = zipped.scenarios()
    assert found[:3] == ["normal", "slave-failure", "master-failure"]
    assert len(found) == len(set(found))
    assert all(load(name).title for name in found)


def test_versions_are_read_without_their_hashes() -> None:
    text = "anyio==4.16.0 \\\n    --hash=sha256:00\ncffi==2.1.1 ; platform_python_implementation != 'PyPy' \\\n"
    assert zipped.locked(text) == {"anyio": "4.16.0", "cffi": "2.1.1"}


def test_what_another_system_needs_is_in_the_list_of_versions() -> None:
    versions = zipped.locked((zipped.ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert set(zipped.ALSO) <= set(versions)


@pytest.mark.parametrize(("name", "language"), [("LIESMICH.txt", "de"), ("README.txt", "en")])
def test_each_language_says_how_to_install_without_a_network(name: str, language: str) -> None:
    text = (zipped.TEXTS / name).read_text(encoding="utf-8")
    assert text.count('-m pip install --no-index --find-links wheels "herzschlag[live]"') == 2
    assert f"herzschlag lesson --lang {language}" in text
    assert f"site/lesson/{language}/index.html" in text


def test_the_check_is_an_ordinary_users_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    *words, script, _ = zipped.alone()
    assert words == ["/bin/unshare", "--net", "--", "/bin/sh", "-c"]
    assert "--reuid 65534" in script and "--no-new-privs" in script
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert zipped.alone() == []
