"""Become a server: give up root, be told when the parent dies, then replace oneself by the command.

Run as a file in front of each embedded server, because doing this between fork and exec is not safe in a
program that has threads. Arguments: user id, group id, pid of the parent, signal wanted at its death, command…
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def become(uid: int, gid: int, parent: int, death_signal: int, command: list[str]) -> None:
    """Replace this process by `command`; comes back only if the parent has died meanwhile."""
    if os.getuid() == 0 and uid != 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        # After the change of user, which clears it; and checked after, for a parent that died in between.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            return
    os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted: the command is ours, word by word


if __name__ == "__main__":
    user, group, parent_pid, death_signal_number = map(int, sys.argv[1:5])
    become(user, group, parent_pid, death_signal_number, sys.argv[5:])
