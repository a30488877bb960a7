"""Who changed what, when, from where and why: written by database triggers, read by people."""
