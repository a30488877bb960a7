"""Errors of operators, cores and peers.

Conflict
├── OperatorExists
├── CoreExists
├── ImsiRangeTaken      two operators would share a core's IMSI range
├── PeerExists          two peers could not be told apart by identity and address
├── OperatorInUse       it cannot be removed while others refer to it
├── HostNotAllowed      only an MVNO hangs under a host, and a host under nobody
├── DomainTaken         the name leads to an operator already
├── CurrencyInUse       there is money in the old currency
└── RatesOverlap        two rates of one tax would hold on the same day
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


class HostNotAllowed(Conflict):
    code = "host_not_allowed"


class DomainTaken(Conflict):
    code = "domain_taken"


class CurrencyInUse(Conflict):
    code = "currency_in_use"


class RatesOverlap(Conflict):
    code = "rates_overlap"
