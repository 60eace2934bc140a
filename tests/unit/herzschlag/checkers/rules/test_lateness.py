"""What a late timer puts in doubt; of another system, not one that was late while its programs started."""

from tests.support.foreign import CORRECT, READY_S, judged

LATE_NS = 400_000_000


def test_a_timer_that_is_late_while_another_system_starts_puts_nothing_in_doubt() -> None:
    assert judged(CORRECT, late_ns=LATE_NS, late_s=READY_S - 1)["lateness"].verdict == "holds"
    late = judged(CORRECT, late_ns=LATE_NS, late_s=READY_S + 1)["lateness"]
    assert (late.verdict, "0.400 s" in late.because) == ("unknown", True)
