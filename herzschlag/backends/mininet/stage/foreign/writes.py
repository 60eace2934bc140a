"""What a writer's lines mean (`systems/writers/writing.py` says what they are), and what its reading found."""

from __future__ import annotations

from typing import Literal

from herzschlag.backends.mininet.stage.foreign.lines import BECAUSE_CHARACTERS_MAX
from herzschlag.history.kinds import Found, Write

_ANSWERS: dict[str, Literal["acknowledged", "refused", "unanswered"]] = {
    "acknowledged": "acknowledged",
    "refused": "refused",
    "unanswered": "unanswered",
}


class Writing:
    """Of one life of a host; it remembers the last answer, because a row that is refused is recorded once."""

    def __init__(self) -> None:
        self._before = ""

    def of(self, line: str) -> Write | None:
        word, _, rest = line.partition(" ")
        answer, number = _ANSWERS.get(word), rest.partition(" ")[0]
        if answer is None or not number.isdecimal():
            return None
        before, self._before = self._before, answer
        if answer == before != "acknowledged":
            return None
        return Write(number=int(number), to=answer, because=line.strip()[:BECAUSE_CHARACTERS_MAX])


def found(said: str, hosts: tuple[str, ...]) -> list[Found]:
    """Of each host's writes those that are there; nothing at all when the answer is not whole."""
    *lines, last = said.split("\n")[:-1] or [""]
    if last != f"all {len(lines)}":
        return []
    numbers: dict[str, list[int]] = {host: [] for host in hosts}
    for line in lines:
        host, _, number = line.partition(" ")
        if host not in numbers or not number.isdecimal():
            return []
        numbers[host].append(int(number))
    return [Found(writer=host, numbers=sorted(there)) for host, there in numbers.items()]
