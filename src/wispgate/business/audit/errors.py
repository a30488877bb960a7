"""Errors of the audit.

Conflict
└── KeptTooShort        a retention below what the law asks for
Misconfigured
└── SealingBroken       what is sealed and what is there do not fit together; sealing stops
"""

from wispgate.kernel.errors import Conflict, Misconfigured


class KeptTooShort(Conflict):
    code = "kept_too_short"


class SealingBroken(Misconfigured):
    code = "sealing_broken"
