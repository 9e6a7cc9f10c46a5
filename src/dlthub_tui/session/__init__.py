"""Sign-in, the stored session, the connection to an installation. Knows no terminal library."""
