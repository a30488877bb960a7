"""WISPGate: the business and operations system of an LTE operator."""

__version__ = "0.1.0"
