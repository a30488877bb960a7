"""Which devices may be used: the lists of an equipment identity register (TS 22.016, 23.018)."""
