"""Forking a process that runs a module, from a process that has imported the module already.

This module decides what such a process has of its parent: its modules, and nothing else. Descriptors, environment,
command line, signal handlers and standard streams are those that the module would find if it had been executed. The
rest of `subprocess.Popen` is as it is: the child is forked by it, and runs the module where others execute a program.

    python -m MODULE WORD ...      executed: 100 to 500 ms of processor time, most of it for imports
    fork(MODULE, WORD, ...)        forked: 5 to 20 ms, and the memory of the modules is shared

A module that is run so has a function `main()`, which reads `sys.argv` and returns the exit status or None.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from subprocess import Popen

_DESCRIPTORS_MAX = 65536
_HANDLED = ("SIGTERM", "SIGHUP", "SIGCHLD", "SIGALRM", "SIGUSR1")
Stream = int | IO[bytes] | IO[str] | None
_ready: set[str] = set()
_interrupt = signal.getsignal(signal.SIGINT)
"""What this process was executed with: a shell starts what runs in the background so that it ignores Ctrl-C."""


def get_ready(modules: Iterable[str]) -> None:
    """Import modules: from now on they are forked from this process and its children. Only a process without threads
    and handlers of its own may do so: `fork_server.py`. One that cannot be imported is left out: it will be executed,
    and say why it cannot run."""
    for name in modules:
        with contextlib.suppress(ImportError):
            _entry(name)
            _ready.add(name)


def _entry(name: str) -> ModuleType:
    """What `python -m` runs of this name."""
    found = import_module(name)
    return import_module(f"{name}.__main__") if hasattr(found, "__path__") else found


def is_ready(module: str) -> bool:
    """Whether a process of this module can be forked from this one."""
    return module in _ready


def fork(
    module: str,
    words: Sequence[str],
    *,
    env: Mapping[str, str],
    descriptors: Mapping[int, int],
    streams: tuple[Stream, Stream, Stream] = (None, None, None),
    directory: str | None = None,
    new_session: bool = False,
) -> Popen[bytes]:
    """A process that runs the module, which must be ready, as `python -m module words` would. `descriptors`: the number
    that each shall have there, and the one that it has here. Raises OSError and subprocess.SubprocessError."""

    import subprocess  # noqa: PLC0415 (who is executed and only asks what is ready does without)

    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        preexec_fn=lambda: become(module, words, env, descriptors),  # noqa: PLW1509 (no thread of ours holds a lock)
        cwd=directory,
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=new_session,
        restore_signals=False,  # Python ignores SIGPIPE, and this stays Python
    )


def become(module: str, words: Sequence[str], env: Mapping[str, str], descriptors: Mapping[int, int]) -> NoReturn:
    """Run the module in this process, which was forked for it, and end it. Nothing of what the process did before is
    unwound."""
    status: object = 1
    try:
        _place(descriptors)  # closes also the pipe over which a parent would hear that nothing could be executed
        for name in _HANDLED:
            signal.signal(signal.Signals[name], signal.SIG_DFL)
        signal.signal(signal.SIGINT, _interrupt)
        signal.set_wakeup_fd(-1)
        wanted = dict(env)  # which may be the environment that is cleared now
        os.environ.clear()
        os.environ.update(wanted)
        _show([sys.executable, "-m", module, *words])
        found = _entry(module)
        sys.argv = [found.__file__ or module, *words]
        _renew_streams()
        status = found.main()
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            sys.stderr.write(f"{status}\n")
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                status = 1
        os._exit(status if isinstance(status, int) else int(status is not None))


def _renew_streams() -> None:
    """Standard streams without what the parent has read or not yet written."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            stream = open(number, mode, closefd=False)  # noqa: SIM115 (for as long as the process lives)
        except OSError:
            stream = None  # it is closed, and Python has none then
        setattr(sys, name, stream)


def _place(descriptors: Mapping[int, int]) -> None:
    """Have these descriptors under the wanted numbers, and none else beside the standard ones. They are inherited by
    what this process executes, as after an execution."""
    import fcntl  # noqa: PLC0415 (not every system has it, and only one that has labs comes here)

    above = max([2, *descriptors, *descriptors.values()]) + 1
    moved = {wanted: fcntl.fcntl(number, fcntl.F_DUPFD, above) for wanted, number in descriptors.items()}
    close_all_but(moved.values())
    for wanted, number in moved.items():
        os.dup2(number, wanted)
        os.close(number)


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor above standard error but these."""
    low = 3
    for descriptor in sorted(keep):
        os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, _DESCRIPTORS_MAX)


def _show(words: Sequence[str]) -> None:
    """Let `ps` show this command line, as far as the one that this process was executed with has room for it."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        begin, end = int(fields[45]), int(fields[46])
    except (OSError, IndexError, ValueError):
        return  # no /proc here, or a kernel that hides addresses: `ps` shows the parent's
    if begin and end > begin:
        text = b"\0".join(map(os.fsencode, words))[: end - begin - 1]
        ctypes.memmove(begin, text.ljust(end - begin, b"\0"), end - begin)
