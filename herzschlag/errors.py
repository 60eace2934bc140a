"""The exceptions that this package raises on purpose: their base, its four families, and a map of every one.

The families say who is to blame, which is what a caller wants to know. Each exception is in the module that raises it.

    HerzschlagError                     what a caller of the public names can catch
    ├── WrongInput (ValueError)         a user's input is invalid: exit status 2
    │   ├── InputError                  a key, with its value, the rule and the way out
    │   │   └── InputErrors             several at once
    │   ├── ScenarioError               a scenario file
    │   ├── OptionError                 an option of the cluster, or of a VM
    │   ├── FaultError                  a fault that this lab cannot have
    │   ├── MarkerError                 pytest's marker
    │   ├── WordsError                  a line at the prompt
    │   └── RemoteUsageError            the words behind `herzschlag remote`
    ├── WrongPeerInput (ValueError)     a file or a message of another process, or version, cannot be read
    │   ├── HistoryError                a history
    │   ├── CaptureError                a capture
    │   ├── ReportError                 a run directory
    │   └── ParcelError                 a run directory that came from a campaign's worker
    ├── UnusableMachine                 this machine, or what is installed on it, lacks something: exit status 4
    │   ├── BackendUnavailable          the backend, or a fault of the scenario, is not available here
    │   ├── EffectUnavailable           one primitive is not available here; becomes the one above
    │   ├── CannotCompileError          the cores: a compiler, mypyc or headers are missing, or the compiler failed
    │   ├── ExtensionError              another package's checker or fault is broken
    │   ├── SchedulerGone               a campaign's or a search's scheduler cannot be reached
    │   ├── UnfitWorker                 a worker has another version, or none that can search
    │   ├── Unplayable                  no lab comes up, for a measurement of how many this machine can handle
    │   └── RemoteTrouble               the other machine, or the way to it
    │       └── ConnectionLost          the connection broke; another may succeed
    │           └── Unreachable         there was no connection yet
    ├── HarnessFailure                  a part of the harness failed, so nothing is known of the cluster: exit status 5
    │   ├── NotReady                    the cluster did not become ready in time: exit status 3
    │   ├── MachineryDied               a part died
    │   ├── NothingToShow               a lesson's run came to no end
    │   └── StageError                  the process inside the sandbox cannot go on; becomes the one above
    └── ConditionNotMet (AssertionError)  not an error: the cluster did not do what a test waited for

The packages below know nothing of this one and keep exceptions of their own; those that cross the border become one of
the above there: `SpecError` an `InputError`, `UnusableMachineError` a `BackendUnavailable`, all others that end a lab
`MachineryDied`. The program for the other machine of `herzschlag remote` runs there alone, too.

    ValueError
    ├── SettingsError                   agents: an invalid setting
    ├── WireError                       agents: a datagram to be dropped, by what is wrong with it
    │   ├── Malformed                   it is not ours, is cut short, or has an invalid field
    │   ├── TooLong                     more bytes than the format allows
    │   ├── WrongVersion                another version of the format
    │   ├── WrongCluster                another cluster's
    │   ├── WrongTag                    not authentic
    │   └── NotForUs                    for another node, or sent over another network
    ├── Unencodable                     agents: a message of our own that does not fit the format
    ├── DamagedRecord                   agents: a record on a datastore
    ├── BadName                         agents: a name that cannot be part of a path
    ├── SpecError                       topo: an invalid topology
    └── PcapngError                     topo: bytes that are not a capture
    ImportError
    └── FrameworkMissing                controller: no usable OpenFlow framework
    OSError
    └── NotRegularError                 agents: what lies at a path of a datastore is not a file of ours
    RuntimeError
    ├── ChannelBroken                   agents: the process at the other end sends nonsense, or does not read
    └── TopoError                       topo: a lab cannot be built or changed
        ├── UnusableMachineError        this machine lacks something
        ├── SandboxError                the sandbox did not start
        ├── SwitchError                 Open vSwitch refused
        ├── LabError                    the lab refused, or does not have it
        └── ImpairError                 an impairment that cannot be expressed
    Exception
    ├── ControlError                    controller: a request that was not carried out
    ├── ControllerError                 controller: the client's view of the same, or of a controller that is gone
    ├── Trouble                         remote, on the other machine: the user should read this
    ├── Broken                          a schedule breaks a rule; Hypothesis makes it short, and no caller sees it
    ├── Refusal                         systems: the system said that it did not write, where a writer asked it to
    ├── Gone                            remote, on the other machine: the client has left
    └── Interrupted                     shell: Ctrl-C, or a polite kill; it ends the prompt
    KeyboardInterrupt
    └── Abandoned                       remote: the user does not want to wait for the command to end

A test holds this drawing and the code equal.
"""

from __future__ import annotations


class HerzschlagError(Exception):
    """Base of all exceptions that this package raises on purpose."""


class WrongInput(HerzschlagError, ValueError):
    """The input of a user is invalid; the text says the value, the rule and the way out."""


class WrongPeerInput(HerzschlagError, ValueError):
    """What another process or version wrote cannot be read; the text says where and why."""


class UnusableMachine(HerzschlagError):
    """This machine, or what is installed on it, lacks something; the text says what, and what would help."""


class HarnessFailure(HerzschlagError):
    """A part of the harness failed, so nothing is known of the cluster: the verdict is unknown."""
