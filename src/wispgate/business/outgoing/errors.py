"""Errors of outgoing requests.

InvalidValue
└── DestinationRefused      the URL leads where no request of ours may go; names the rule
Unavailable
└── AnswerUnusable          the other side answers too much or too slowly
"""

from wispgate.kernel.errors import InvalidValue, Unavailable


class DestinationRefused(InvalidValue):
    code = "destination_refused"


class AnswerUnusable(Unavailable):
    code = "answer_unusable"
