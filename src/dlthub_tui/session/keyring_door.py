"""Asks the operating system's keyring, as a process of its own: `python -m dlthub_tui.session.keyring_door VERB NAME`.

A locked desktop keyring blocks for as long as it likes; a process can be ended after two seconds, a thread cannot. The
secret comes in by standard input and goes out by standard output, never by argument.
"""

from __future__ import annotations

import sys

SERVICE = "dlthub-tui"
NO_KEYRING = 3


def main() -> int:
    """`get`, `set` or `delete`; 3 says that there is no usable keyring."""
    import keyring
    from keyring.backends import null
    from keyring.errors import KeyringError, PasswordDeleteError

    if isinstance(keyring.get_keyring(), null.Keyring):
        return NO_KEYRING  # `keyring --disable`: it takes all and keeps nothing
    verb, name = sys.argv[1], sys.argv[2]
    try:
        if verb == "get":
            sys.stdout.write(keyring.get_password(SERVICE, name) or "")
        elif verb == "set":
            keyring.set_password(SERVICE, name, sys.stdin.read())
        else:
            keyring.delete_password(SERVICE, name)
    except PasswordDeleteError:
        return 0
    except KeyringError:
        return NO_KEYRING
    return 0


if __name__ == "__main__":
    sys.exit(main())
