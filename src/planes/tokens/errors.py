"""Why a token was refused. The text is for logs and tests; clients read one sentence for all."""


class InvalidToken(Exception):
    """A token that is malformed, unsigned, expired, for somebody else, or of another kind."""
