"""Lines of a writer as records, and what is there at the end."""

from herzschlag.backends.mininet.stage.foreign.writes import Writing, found
from herzschlag.history.kinds import Found, Write


def test_each_acknowledged_write_is_a_record_and_of_a_row_of_others_the_first() -> None:
    writing = Writing()
    lines = ("acknowledged 1", "acknowledged 2", "refused 3 no", "refused 4 no", "unanswered 5 x", "acknowledged 6")
    told = [writing.of(line) for line in lines]
    assert [one and one.number for one in told] == [1, 2, 3, None, 5, 6]
    assert told[2] == Write(number=3, to="refused", because="refused 3 no")


def test_other_lines_of_a_writer_are_none() -> None:
    for line in ("", "Traceback (most recent call last):", "acknowledged", "acknowledged x"):
        assert Writing().of(line) is None


def test_what_is_there_is_told_for_each_host_even_where_it_is_nothing() -> None:
    assert found("host-98 7\nhost-98 3\nall 2\n", ("host-98", "host-99")) == [
        Found(writer="host-98", numbers=[3, 7]),
        Found(writer="host-99", numbers=[]),
    ]


def test_an_answer_that_is_not_whole_shows_nothing() -> None:
    """Else what it does not name would be lost writes."""
    for said in (
        "",
        "host-98 7\n",
        "host-98 7\nall 2\n",
        "host-98 7\nall 1",
        "host-1 7\nall 1\n",
        "host-98 x\nall 1\n",
    ):
        assert found(said, ("host-98",)) == []
