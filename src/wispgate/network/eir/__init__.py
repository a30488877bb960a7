"""The Equipment Identity Register: which devices may be used, on S13 (TS 29.272 section 6)."""
