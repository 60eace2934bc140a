"""The lock of a run directory: who was killed holds nothing."""

from pathlib import Path

from herzschlag.running.held import held, is_held


def test_a_run_directory_is_held_as_long_as_the_run_goes_on(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
        with held(tmp_path):
            assert is_held(tmp_path)
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
