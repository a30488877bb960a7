"""The file that a tenant is exported to: tables as lines of JSON, and a manifest that vouches.

A ZIP file. `manifest.json` names the version, the operator, the migrations that the rows fit, and
of each table its columns, how many rows it has and the SHA-256 of its lines. The rows are the
database's own JSON, one line each. SIM secrets stay sealed in it: `SEALED` says where, and what
each seal is bound to. Knows nothing of Django, so that the process that seals anew need not.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import IO, Any, Final

from wispgate.business.tenants.errors import ArchiveBroken
from wispgate.domain.authentication.errors import SealBroken
from wispgate.domain.authentication.sealing import key_id_of
from wispgate.kernel.errors import InvalidValue

FORMAT: Final = "wispgate tenant"
VERSION: Final = 1
_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 4 * 1024 * 1024

Row = dict[str, Any]

# Columns of sealed octets by the table's name without its partition, and who a seal belongs to.
SEALED: Final[Mapping[str, Mapping[str, Callable[[Row], str]]]] = MappingProxyType(
    {
        "inventory_sim": {
            "sealed_key": lambda row: str(row["iccid"]),
            "sealed_codes": lambda row: str(row["iccid"]),
        },
        "authentication": {"sealed_key": lambda row: str(row["iccid"])},
        "operators_paymentgateway": {
            "sealed_credentials": lambda row: f"gateway:{row['id']}",
        },
    }
)


@dataclass(frozen=True, slots=True)
class TablePart:
    """What the manifest says of one table; `name` is "public.crm_contact" or "hot_00.line"."""

    name: str
    rows: int
    sha256: str

    @property
    def schema(self) -> str:
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`sealed_with`: ids (hex) of the keys that SIM secrets are sealed with."""

    operator_id: str
    slug: str
    name: str
    made_at: str
    made_with: str
    partitions: int
    migrations: Mapping[str, str]
    left_out: Mapping[str, str]
    sealed_with: tuple[str, ...] = ()
    tables: tuple[TablePart, ...] = ()
    format: str = FORMAT
    version: int = VERSION

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.tables)

    def encode(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    def digest(self) -> str:
        """Names the whole archive: the hashes of all its tables are in it."""
        return hashlib.sha256(self.encode()).hexdigest()

    @classmethod
    def decode(cls, octets: bytes) -> "Manifest":
        try:
            given = json.loads(octets)
            stamp = (given["format"], given["version"])
            parts = tuple(TablePart(**part) for part in given.pop("tables"))
            sealed_with = tuple(given.pop("sealed_with"))
            manifest = cls(tables=parts, sealed_with=sealed_with, **given)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ArchiveBroken("the manifest of the archive cannot be read") from None
        if stamp != (FORMAT, VERSION):
            raise ArchiveBroken(f"no archive of format {FORMAT!r}, version {VERSION}")
        return manifest


@dataclass(slots=True)
class Writer:
    """Takes tables one by one; `finish` writes the manifest."""

    file: zipfile.ZipFile
    parts: list[TablePart] = field(default_factory=list)
    key_ids: set[str] = field(default_factory=set)

    def add(self, name: str, lines: Iterable[str]) -> None:
        """A table with the JSON of its rows. One without rows is left out."""
        digest, rows = hashlib.sha256(), 0
        seals = SEALED.get(name.partition(".")[2], {})
        with self.file.open(_member(name), "w", force_zip64=True) as member:
            for line in lines:
                octets = line.encode() + b"\n"
                digest.update(octets)
                member.write(octets)
                rows += 1
                self._note_keys(line, seals)
        self.parts.append(TablePart(name, rows, digest.hexdigest()))

    def finish(self, manifest: Manifest) -> Manifest:
        """The manifest with what was written; the archive is complete."""
        whole = Manifest(
            **{
                name: getattr(manifest, name)
                for name in Manifest.__dataclass_fields__
                if name not in ("tables", "sealed_with")
            },
            tables=tuple(self.parts),
            sealed_with=tuple(sorted(self.key_ids)),
        )
        self.file.writestr(_MANIFEST, whole.encode())
        return whole

    def _note_keys(self, line: str, seals: Mapping[str, object]) -> None:
        if seals:
            row = json.loads(line)
            for column in seals:
                if row.get(column):
                    self.key_ids.add(key_id_of(octets_of(row[column])).hex())


@contextmanager
def writing(file: IO[bytes]) -> Iterator[Writer]:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        yield Writer(archive)


@dataclass(frozen=True, slots=True)
class Reader:
    """An archive that was read so far as to know that it is what its manifest says."""

    file: zipfile.ZipFile
    manifest: Manifest

    def lines(self, part: TablePart) -> Iterator[str]:
        """The JSON of a table's rows."""
        with self.file.open(_member(part.name)) as member:
            for line in member:
                yield line.decode().rstrip("\n")


@contextmanager
def reading(file: IO[bytes]) -> Iterator[Reader]:
    """Raises ArchiveBroken for anything that is not an archive, whole and unchanged."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _read_manifest(archive)
            for part in manifest.tables:
                _verify(archive, part)
            yield Reader(archive, manifest)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError):
        raise ArchiveBroken("this is no archive of a tenant, or a damaged one") from None


def seal_anew(
    source: IO[bytes], target: IO[bytes], reseal: Callable[[bytes, str], bytes]
) -> tuple[Manifest, int]:
    """The same archive with every seal made anew by `reseal(sealed, bound to)`; how many."""
    count = 0

    def changed(part: TablePart, lines: Iterator[str]) -> Iterator[str]:
        nonlocal count
        seals = SEALED.get(part.table, {})
        for line in lines:
            if not seals:
                yield line
                continue
            # As the database wrote it: numbers keep their digits, since these tables have none
            # that are not whole.
            row = json.loads(line)
            for column, owner in seals.items():
                if row.get(column):
                    sealed = reseal(octets_of(row[column]), owner(row))
                    row[column] = "\\x" + sealed.hex()
                    count += 1
            yield json.dumps(row)

    with reading(source) as reader, writing(target) as writer:
        for part in reader.manifest.tables:
            writer.add(part.name, changed(part, reader.lines(part)))
        manifest = writer.finish(reader.manifest)
    return manifest, count


def octets_of(text: str) -> bytes:
    """PostgreSQL's text of octets: \\x and hexadecimal digits."""
    try:
        return bytes.fromhex(text.removeprefix("\\x"))
    except ValueError:
        raise SealBroken("sealed bytes are not in hexadecimal") from None


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
        raise ArchiveBroken("the manifest is larger than any that we write")
    return Manifest.decode(archive.read(_MANIFEST))


def _verify(archive: zipfile.ZipFile, part: TablePart) -> None:
    digest, rows = hashlib.sha256(), 0
    with archive.open(_member(part.name)) as member:
        for line in member:
            digest.update(line)
            rows += 1
    if (rows, digest.hexdigest()) != (part.rows, part.sha256):
        raise ArchiveBroken(f"{part.name} is not as the manifest says", table=part.name)


def _member(name: str) -> str:
    if not name.replace(".", "_").replace("_", "a").isalnum():
        raise InvalidValue(f"no name of a table: {name!r}")
    return f"tables/{name}.jsonl"
