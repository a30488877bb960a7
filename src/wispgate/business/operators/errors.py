"""Errors of operators, cores and peers.

Conflict
├── OperatorExists
├── CoreExists
├── ImsiRangeTaken      two operators would share a core's IMSI range
├── PeerExists          two peers could not be told apart by identity and address
└── OperatorInUse       it cannot be removed while others refer to it
"""

from wispgate.kernel.errors import Conflict


class OperatorExists(Conflict):
    code = "operator_exists"


class CoreExists(Conflict):
    code = "core_exists"


class ImsiRangeTaken(Conflict):
    code = "imsi_range_taken"


class PeerExists(Conflict):
    code = "peer_exists"


class OperatorInUse(Conflict):
    code = "operator_in_use"
