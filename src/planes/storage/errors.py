"""What the storage door says when something fails below it."""


class StorageError(Exception):
    """A database or blob store that does not work as it should."""


class SchemaTooNew(StorageError):
    """The database was written by a newer version of this program, so this one does not touch it."""


class AlreadyThere(StorageError):
    """A row that must be unique exists already; `constraint` is what the database said."""


class BlobMissing(StorageError):
    """No blob has this key."""
