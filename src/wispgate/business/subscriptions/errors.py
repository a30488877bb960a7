"""Errors of sub-services.

Conflict
├── MsisdnTaken             another sub-service has the number
├── HasSimAlready           a sub-service has one card; swap it instead
├── HasNoSim                what was asked needs a card
├── ReasonNotThere          it is not suspended for that reason
└── SwapCoolOff             held back for a while after a SIM swap
"""

from wispgate.kernel.errors import Conflict


class MsisdnTaken(Conflict):
    code = "msisdn_taken"


class HasSimAlready(Conflict):
    code = "has_sim_already"


class HasNoSim(Conflict):
    code = "has_no_sim"


class ReasonNotThere(Conflict):
    code = "suspension_reason_not_there"


class SwapCoolOff(Conflict):
    code = "swap_cool_off"
