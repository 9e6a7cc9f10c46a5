"""Who somebody is: users, members, invites, sign-in, sessions, keys, tokens."""
