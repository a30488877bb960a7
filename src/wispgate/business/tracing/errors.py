"""What can be wrong with traces.

Forbidden
└── NotYoursToTrace     a peer, or a subscriber or session of nobody that the actor works for
Conflict
└── TooManyTraces       as many run as are let
"""

from wispgate.kernel.errors import Conflict, Forbidden


class NotYoursToTrace(Forbidden):
    code = "not_yours_to_trace"


class TooManyTraces(Conflict):
    code = "too_many_traces"
