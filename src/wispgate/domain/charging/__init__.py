"""What usage costs, which buckets pay for it, and how much may be used next (Gy/Ro, RADIUS)."""
