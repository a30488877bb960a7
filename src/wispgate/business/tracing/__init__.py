"""Traces: what passes of one peer, subscriber or session, recorded for a while and shown decoded.

A row of `tracing_trace` is the wish; every Diameter process reads the running ones once a second
and writes what it sees into `tracing_tracemessage`, secrets already overwritten.
"""
