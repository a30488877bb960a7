"""The tables that `store` statements write: their migrations and unmanaged models, nothing else."""
