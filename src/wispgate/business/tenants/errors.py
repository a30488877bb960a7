"""Errors of whole tenants.

Conflict
├── SessionsLive        phones are online: suspend first, or say that it is meant
├── NotSuspended        an operator that is on is not deleted
├── BeingDeleted        its deletion is under way: nothing else is done to it
├── NothingToTakeBack   all of an allotment is in use, or back already
├── NotEmpty            an archive goes into an installation without operators
└── HasMvnos            an operator is the host of others
InvalidValue
├── ArchiveBroken       an archive is not what its manifest says
└── SealedForAnother    an archive's SIM secrets cannot be opened here
"""

from wispgate.kernel.errors import Conflict, InvalidValue


class SessionsLive(Conflict):
    code = "sessions_live"


class NotSuspended(Conflict):
    code = "not_suspended"


class BeingDeleted(Conflict):
    code = "being_deleted"


class NothingToTakeBack(Conflict):
    code = "nothing_to_take_back"


class NotEmpty(Conflict):
    code = "installation_not_empty"


class HasMvnos(Conflict):
    code = "has_mvnos"


class ArchiveBroken(InvalidValue):
    code = "archive_broken"


class SealedForAnother(InvalidValue):
    code = "sealed_for_another"
