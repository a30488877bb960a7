"""The Home Subscriber Server: S6a/S6d (TS 29.272) and its authentication centre (TS 33.102)."""
