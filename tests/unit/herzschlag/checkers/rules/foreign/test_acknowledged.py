"""What a client was told is written, by planted faults: lost writes, one copy that lacks some, a blinded reader."""

from tests.support.foreign import CORRECT, HOSTS, Said, found, judged, write

WRITTEN = (
    write(15, "host-98", 1),
    write(25, "host-98", 2),
    write(30, "host-99", 1),
    write(31, "host-99", 2, "refused"),
)


def there(*numbers: int, hosts: tuple[str, ...] = HOSTS) -> tuple[Said, ...]:
    return tuple(found(host, writer, *numbers) for host in hosts for writer in HOSTS)


def test_what_was_acknowledged_is_there_and_a_refused_write_may_be_missing() -> None:
    finding = judged((*CORRECT, *WRITTEN, *there(1, 2)), "etcd")["acknowledged"]
    assert (finding.verdict, finding.because) == ("holds", "3 acknowledged writes, all of them on 3 hosts at the end")
    without_refused = (*there(1, 2)[:1], *(found(host, "host-99", 1) for host in HOSTS))
    assert judged((*CORRECT, *WRITTEN, *without_refused), "etcd")["acknowledged"].verdict == "holds"


def test_a_write_that_is_nowhere_is_lost() -> None:
    finding = judged((*CORRECT, *WRITTEN, *there(1)), "etcd")["acknowledged"]
    assert finding.verdict == "violated"
    assert "host-98: 1 of 2 acknowledged are not there, asked of host-100, host-98, host-99" in finding.because


def test_a_write_that_one_copy_lacks_is_lost() -> None:
    copies = (*there(1, 2, hosts=HOSTS[:2]), *there(1, hosts=HOSTS[2:]))
    finding = judged((*CORRECT, *WRITTEN, *copies), "etcd")["acknowledged"]
    assert finding.verdict == "violated"
    assert "asked of host-100" in finding.because


def test_a_blinded_reader_shows_nothing() -> None:
    assert judged((*CORRECT, *WRITTEN), "etcd")["acknowledged"].verdict == "unknown"
    assert judged((*CORRECT, *there(1, 2)), "etcd")["acknowledged"].verdict == "unknown"


def test_a_system_without_a_writer_and_a_run_that_ends_too_early_are_not_judged() -> None:
    assert judged(CORRECT)["acknowledged"].verdict == "nothing"
    early = tuple((min(one[0], 44), *one[1:]) for one in (*CORRECT, *WRITTEN, *there(1)))
    finding = judged(early, "etcd", end_s=45)["acknowledged"]
    assert (finding.verdict, finding.because) == (
        "nothing",
        "the run ended before etcd had the 12 s that it takes to settle",
    )


def test_a_loss_is_none_the_less_one_on_a_slow_machine() -> None:
    """It was promised to a client, whatever the machine does."""
    finding = judged((*CORRECT, *WRITTEN, *there(1)), "etcd", late_ns=400_000_000)
    assert finding["lateness"].verdict == "unknown"
    assert finding["acknowledged"].verdict == "violated"
