"""How passwords are kept. `docs/why/login.md` has the measurements."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class StaffHasher(Argon2PasswordHasher):
    """Argon2id with the parameters that RFC 9106 section 4 recommends where memory is not free.

    64 MiB for each login under way, not Django's 100: eight threads of the web fit into 0.5 GiB.
    A password kept with other parameters is hashed anew when it is next typed rightly.
    """

    time_cost = 3
    memory_cost = 64 * 1024  # KiB
    parallelism = 4
