"""Diameter (RFC 6733) without I/O: framing, codec, grammar and the peer's state machine.

`framing` cuts a stream into messages, `message` decodes and encodes them by the `dictionary`,
`validation` holds requests against their grammars, `answers` builds answers, `peer` speaks the
base protocol with one remote node. `network/transport` drives them.
"""
