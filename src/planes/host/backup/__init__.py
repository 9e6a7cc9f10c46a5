"""Backups of a home's planes, one sealed file a plane, and their way back into a home."""

from planes.host.backup.contents import CannotBackUp
from planes.host.backup.restoring import restore
from planes.host.backup.writing import back_up
from planes.storage.sealing import Opener, Recipient

__all__ = ["CannotBackUp", "Opener", "Recipient", "back_up", "restore"]
