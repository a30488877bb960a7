"""Errors of the catalogue.

Conflict
├── PlanExists
└── PlanNotForSale      it has no active version
"""

from wispgate.kernel.errors import Conflict


class PlanExists(Conflict):
    code = "plan_exists"


class PlanNotForSale(Conflict):
    code = "plan_not_for_sale"
