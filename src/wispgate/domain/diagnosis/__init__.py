"""What is wrong with an EPC connection: evidence, and one judgement over it in plain words."""
