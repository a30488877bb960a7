"""The self-test of EPC connections: gathers evidence for `domain.diagnosis` to judge."""
