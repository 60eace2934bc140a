"""One leader in each term, by planted faults."""

from tests.support.foreign import CORRECT, judged, term


def test_each_term_has_one_leader() -> None:
    found = judged(CORRECT, "etcd")["one-leader-per-term"]
    assert (found.verdict, found.because) == ("holds", "2 terms, one leader each")
    assert judged(CORRECT)["one-leader-per-term"].verdict == "nothing"  # keepalived has no terms


def test_two_leaders_of_one_term_are_seen_at_any_time_even_while_the_network_is_cut() -> None:
    found = judged((*CORRECT, term(25, "host-98", 3)), "etcd")["one-leader-per-term"]
    assert found.verdict == "violated"
    assert "term 3: led by host-98 and by host-99" in found.because


def test_a_host_may_say_twice_that_it_leads() -> None:
    assert judged((*CORRECT, term(25, "host-99", 3)), "etcd")["one-leader-per-term"].verdict == "holds"


def test_a_reader_that_sees_no_terms_shows_nothing() -> None:
    blinded = tuple(one for one in CORRECT if one[2] != "term")
    assert judged(blinded, "etcd")["one-leader-per-term"].verdict == "unknown"
