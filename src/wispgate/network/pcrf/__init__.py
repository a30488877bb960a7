"""The Policy and Charging Rules Function: Gx (TS 29.212)."""
