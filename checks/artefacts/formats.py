"""What bytes are, by how they begin: compressions, containers, contents of backups."""

# Offset and bytes; the first that fits.
_MAGIC: tuple[tuple[str, int, bytes], ...] = (
    ("gzip", 0, b"\x1f\x8b\x08"),
    ("bzip2", 0, b"BZh"),
    ("xz", 0, b"\xfd7zXZ\0"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("lz4", 0, b"\x04\x22\x4d\x18"),
    ("lz4", 0, b"\x02\x21\x4c\x18"),  # its first format, still made by `lz4 -l`
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    ("age", 0, b"age-encryption.org/v1\n"),
    ("age", 0, b"-----BEGIN AGE ENCRYPTED FILE-----"),
    ("openssl", 0, b"Salted__"),
    ("openssl", 0, b"U2FsdGVkX1"),
    ("luks", 0, b"LUKS\xba\xbe"),
    ("pg_custom", 0, b"PGDMP"),
    ("rdb", 0, b"REDIS0"),
    ("sqlite", 0, b"SQLite format 3\0"),
    ("tar", 257, b"ustar"),
    ("aescrypt", 0, b"AES\x02"),
)
COMPRESSIONS = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4"})
# Frames that hold no data: zstd's tools put them before (pzstd) or between others.
_SKIPPED = range(0x184D2A50, 0x184D2A60)
# Openings of an OpenPGP message: session key by public key or passphrase, marker, encrypted data.
_PGP = frozenset(b"\x84\x85\x86\x8c\x8d\x8e\xc1\xc3\xd2\xd4\xa8\xca")
HEAD = 64 * 1024


def named(head: bytes) -> str:
    """Name of the format, "" where it is none we know. 262 bytes are enough for all but OpenPGP (64 KiB)."""
    for name, at, magic in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return name
    if int.from_bytes(head[:4], "little") in _SKIPPED and len(head) >= 4:
        return "zstd"
    if _pgp(head):
        return "gpg"
    if _old_tar(head):
        return "tar"
    return "sql" if _sql(head) else ""


def _pgp(head: bytes) -> bool:
    if head.startswith(b"-----BEGIN PGP MESSAGE-----"):
        return True
    if not head or head[0] not in _PGP:
        return False
    from checks.artefacts.packets import message

    found = message(head)
    return found is not None and bool(found.protection)


def _old_tar(head: bytes) -> bool:
    # Without the word ustar: the header's sum must be right.
    if len(head) < 512 or not head[0]:
        return False
    said = head[148:156].strip(b" \0")
    if not said or any(byte not in b"01234567" for byte in said):
        return False
    return int(said, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def _sql(head: bytes) -> bool:
    begins = head.lstrip(b"\xef\xbb\xbf \r\n")[:512]
    return begins.startswith((b"--\n", b"-- ", b"/*", b"SET ", b"CREATE ", b"\\restrict "))
