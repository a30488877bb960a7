"""How the hot decoders stop. Stays interpreted: its base class is."""

from wispgate.wire.diameter.errors import DiameterError


class Unusual(DiameterError):
    """The generic codec has to look at this message. Never leaves the package."""

    code = "diameter_unusual"

    def __init__(self) -> None:
        super().__init__("not for the hot path")
