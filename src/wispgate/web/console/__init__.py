"""The console: what the operator's staff look at eight hours a day."""
