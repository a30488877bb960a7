"""Online charging: requests for credit, decided by `domain/charging`, on disk before answered."""
