"""Foreign Diameter nodes to be compared with, where they are installed (`make setup-peers`)."""

import asyncio
import datetime
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.network import REALM

FREE_DIAMETER: Final = "freediameter"
_PLUGINS: Final = Path("/usr/lib/freeDiameter")
_PATIENCE_SECONDS: Final = 20

_CONFIGURATION: Final = """
Identity = "{host}";
Realm = "{realm}";
Port = {port};
SecPort = {secure_port};
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TLS_Cred = "{folder}/cert.pem", "{folder}/key.pem";
TLS_CA = "{folder}/cert.pem";
LoadExtension = "{plugins}/acl_wl.fdx" : "{folder}/acl.conf";
"""


def is_installed() -> bool:
    return shutil.which("freeDiameterd") is not None and _PLUGINS.exists()


@asynccontextmanager
async def free_diameter(port: int) -> AsyncIterator[int]:
    """freeDiameter on that port of loopback, open to every host of the realm; gives its pid."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_certificate(folder)
        (folder / "acl.conf").write_text(f"ALLOW_IPSEC *.{REALM}\n")
        configuration = folder / "freeDiameter.conf"
        configuration.write_text(_CONFIGURATION.format(
            host=f"{FREE_DIAMETER}.{REALM}", realm=REALM, port=port, secure_port=port + 1,
            folder=folder, plugins=_PLUGINS,
        ))  # fmt: skip
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "freeDiameterd", "-c", str(configuration), stdout=log, stderr=subprocess.STDOUT
            )
        try:
            await _listening(port, folder / "log")
            yield process.pid
        finally:
            process.kill()
            await process.wait()


async def _listening(port: int, log: Path) -> None:
    for _ in range(_PATIENCE_SECONDS * 10):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError(f"freeDiameter does not listen on {port}; its log is {log}")


def _write_certificate(folder: Path) -> None:
    """It wants one even where nobody asks for TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{FREE_DIAMETER}.{REALM}")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
