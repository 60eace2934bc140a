"""What `herzschlag remote` says, with `{names}` for what differs; see `input.py`.

The other machine's half says it in English as well: it is sent there without a catalogue.
"""

from __future__ import annotations

from herzschlag.languages.catalogue import N_

REMOTE = (
    N_("say which machine: either --vagrant or --host user@address"),
    N_("say what to run there, for example: run isolation"),
    N_("--host {text}: expected user@address or user@address:port (IPv6: user@[address]:port)"),
    N_("--key {key}: no such file; a private key is meant, such as ~/.ssh/id_ed25519"),
    N_("there is no program `vagrant`: install it, or name a machine with --host user@address"),
    N_("`{command}` said nothing for {seconds} s: try it by hand"),
    N_("`{command}` failed: {said} (is the machine up? `vagrant up` starts it)"),
    N_("the Vagrantfile has several machines: say which with --machine ({names})"),
    N_("no machine {machine} in what `vagrant ssh-config` says ({names})"),
    N_("this Vagrant machine is reached through a ProxyCommand, which is not supported"),
    N_("git does not list the files of {folder}: {error}"),
    N_("the host key of {target} is marked as revoked in {file}; nothing was done"),
    N_(
        "the host key of {target} has CHANGED: known is {known}, shown was {shown_now}. An attacker may be in between; nothing was sent. If the machine was really made anew, forget the old key: ssh-keygen -R {command}"
    ),
    N_("{target} shows a host key never seen before: {key}"),
    N_("Trust it from now on?"),
    N_("{target} shows a host key never seen before: {key}; not trusted, nothing was done"),
    N_(
        "{target} shows a host key never seen before: {key}; not trusted. Compare it with `ssh-keygen -lf` of that machine's /etc/ssh/ssh_host_*_key.pub, then repeat this on a terminal, or with --accept-new-key"
    ),
    N_("{target} shows a host key never seen before: {key}; accepted"),
    N_("Passphrase of {key}"),
    N_("Passphrase of your key"),
    N_("{key}: the passphrase does not open this key"),
    N_("{key} has a passphrase, and there is no terminal to ask for it: use ssh-agent"),
    N_("your key has a passphrase, and there is no terminal to ask for it: use ssh-agent"),
    N_(
        "{target} does not let {user} in with the key ({why}): name the right one with --key, or add its public half to {owner}'s ~/.ssh/authorized_keys there"
    ),
    N_("the agent's and the default ones in ~/.ssh"),
    N_("{address}: no such machine ({error})"),
    N_("Name or service not known"),
    N_("Temporary failure in name resolution"),
    N_("No address associated with hostname"),
    N_("{target} did not answer within {seconds} s: is it up, is the address right?"),
    N_("{target}: connection refused: is a server listening on port {port}?"),
    N_("cannot connect to {target}: {error}"),
    N_("No route to host"),
    N_("Network is unreachable"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("the connection to {target} is gone"),
    N_("the connection to {target} broke: {error}"),
    N_("the connection to {target} broke"),
    N_("the connection to {target} broke while {file} was on its way: {error}"),
    N_("the connection broke while {file} was on its way: {error}"),
    N_("nothing could be sent for {seconds} s"),
    N_("{target} opened no file transfer (sftp): {error}"),
    N_("nothing heard from {target} for {seconds} s"),
    N_("the login shell of {target} prints without end: let it be silent for commands"),
    N_("{target} has no python3: install it there (Debian: apt-get install python3 python3-venv)"),
    N_("{target} did not run our commands (status {status}): {said}"),
    N_("sending the project to {target}: {number} files, {size} MB …"),
    N_("the remote set-up ended with status {status}: `{command}` in {folder}"),
    N_("{error}; going on (attempt {attempt} of {most}) …"),
    N_(
        "{file} could not be written on {target} ({error}): is its disk full? Make room, or name another folder with --far-folder"
    ),
    N_("ready in {folder} on {target}"),
    N_("downloaded: {path}"),
    N_("no results are waiting on the remote machine"),
    N_("no such job on the remote machine: {names} (jobs: {jobs})"),
    N_(
        "{error}. The remote side stops the command; its output stays there, in {job}: the same command line with `fetch` in place of the command downloads it"
    ),
    N_("gave up waiting; the remote side stops the command, `herzschlag remote … fetch` downloads its output"),
    N_("interrupted; `herzschlag remote … fetch` downloads the results so far"),
    N_("{folder} and {number} numbered ones exist already: clear that folder"),
    N_("cannot write {file} here: {error}"),
    N_("{file} changes while it is read, or arrives damaged, twice: nothing was kept of its run"),
    N_("{file} could not be read on the remote machine: {error}"),
    N_("cannot start {program} on the remote machine: {file}: {error}"),
    N_(
        "{folder} is in use on the remote machine, by a session with another version of the project: let that end, or give this one a folder of its own with --far-folder"
    ),
    N_(
        "not enough disk space on the remote machine: {folder} has {free} MB free, {wanted} MB are needed: make room, or name another folder with --far-folder"
    ),
    N_("{file} arrived damaged on the remote machine: try again"),
    N_("{archive}: {file} is not among the files that were announced"),
    N_("{number} files arrived damaged on the remote machine ({name}, …): try again"),
    N_("{folder} is not a job directory: not removed"),
)
