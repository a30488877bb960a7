"""Staff of operators and of the platform, their roles, and the tokens of programs."""
