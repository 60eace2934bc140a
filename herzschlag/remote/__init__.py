"""The command `herzschlag remote`: runs any command on another machine over SSH and downloads its results.

cli.py ─▶ order.py ─▶ target.py      which machine, whose key
                 ├──▶ connection.py  paramiko, host keys (hostkeys.py), talking to far.py
                 └──▶ work.py        project there (bundle.py), command (terminal.py), results home (fetch.py)
far.py runs on the other machine.
"""
