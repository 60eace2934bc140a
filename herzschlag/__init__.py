"""Herzschlag: scenarios, faults, runs, checks and reports around an HA cluster on real packets or in virtual time.

The names below are what a script, a test, or a package with checkers and faults of its own needs:

    from herzschlag import Cluster, Setup

    with Cluster.start(Setup(hosts=4), backend="simulation") as cluster:
        cluster.power_off(cluster.master)
        cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=30)

Each is imported when it is first used: every process of a lab imports this package, and so does the doctor on a machine
that has nothing but Python. All other modules are free to change.
"""

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from herzschlag import faults
    from herzschlag.backends.base import BackendUnavailable, MachineryDied
    from herzschlag.checkers import check_all
    from herzschlag.checkers.checker import Checker
    from herzschlag.checkers.truth import Truth
    from herzschlag.checkers.verdict import Detail, Finding, Mark, Verdict, finding, unknown
    from herzschlag.cluster import Cluster, ConditionNotMet
    from herzschlag.errors import HarnessFailure, HerzschlagError, UnusableMachine, WrongInput, WrongPeerInput
    from herzschlag.extensions import ExtensionError
    from herzschlag.history.records import History, HistoryError, Record, read_history
    from herzschlag.report.reading import ReportError
    from herzschlag.running.conductor import NotReady
    from herzschlag.running.run_file import RunReport
    from herzschlag.running.runner import RunRequest, run
    from herzschlag.scenarios.from_toml import ScenarioError, load, loads
    from herzschlag.scenarios.model import Cluster as Setup
    from herzschlag.scenarios.model import Scenario
    from herzschlag.wrong_input import InputError

__version__ = "0.1.0"  # the only place: pyproject.toml reads it from here

__all__ = [
    # a cluster in your hands
    "Cluster",
    "Setup",
    # scenarios and runs
    "Scenario",
    "load",
    "loads",
    "RunRequest",
    "RunReport",
    "run",
    # what is broken
    "faults",
    # what happened
    "History",
    "Record",
    "read_history",
    # what is judged
    "Checker",
    "Detail",
    "Finding",
    "Mark",
    "Truth",
    "Verdict",
    "check_all",
    "finding",
    "unknown",
    # what goes wrong; herzschlag/errors.py draws them all
    "HerzschlagError",
    "WrongInput",
    "InputError",
    "ScenarioError",
    "WrongPeerInput",
    "HistoryError",
    "ReportError",
    "UnusableMachine",
    "BackendUnavailable",
    "ExtensionError",
    "HarnessFailure",
    "NotReady",
    "MachineryDied",
    "ConditionNotMet",
    "__version__",
]

_HOMES = {
    "herzschlag.backends.base": ("BackendUnavailable", "MachineryDied"),
    "herzschlag.checkers": ("check_all",),
    "herzschlag.checkers.checker": ("Checker",),
    "herzschlag.checkers.truth": ("Truth",),
    "herzschlag.checkers.verdict": ("Detail", "Finding", "Mark", "Verdict", "finding", "unknown"),
    "herzschlag.cluster": ("Cluster", "ConditionNotMet", "Setup"),
    "herzschlag.errors": ("HarnessFailure", "HerzschlagError", "UnusableMachine", "WrongInput", "WrongPeerInput"),
    "herzschlag.extensions": ("ExtensionError",),
    "herzschlag.history.records": ("History", "HistoryError", "Record", "read_history"),
    "herzschlag.report.reading": ("ReportError",),
    "herzschlag.running.conductor": ("NotReady",),
    "herzschlag.running.run_file": ("RunReport",),
    "herzschlag.running.runner": ("RunRequest", "run"),
    "herzschlag.scenarios.from_toml": ("ScenarioError", "load", "loads"),
    "herzschlag.scenarios.model": ("Scenario",),
    "herzschlag.wrong_input": ("InputError",),
}
"""Module to the public names that it defines; the type checker has the same above, and a test compares."""


if not _typing.TYPE_CHECKING:  # or a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """A public name that is used for the first time."""
        for module, names in _HOMES.items():
            if name in names:
                value = getattr(_importlib.import_module(module), name)
                globals()[name] = value
                return value
        if name == "faults":
            return _importlib.import_module("herzschlag.faults")
        raise AttributeError(
            f"module 'herzschlag' has no attribute {name!r}: its public names are {', '.join(__all__)}"
        )


def __dir__() -> list[str]:
    return sorted(__all__)
