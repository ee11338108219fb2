"""Ed25519 (RFC 8032) in plain Python: last resort where no library is, and oracle for those that are.

Not constant in time: good for verifying; sign with it only where nobody can measure.
Points are extended coordinates (X, Y, Z, T) of -x² + y² = 1 + d x² y². A key's table holds
digit · 16^i · P in affine form, so one multiplication is at most 64 mixed additions.
"""

from functools import lru_cache
from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
_D2 = 2 * D % P
_ROOT = pow(2, (P - 1) // 4, P)  # a square root of -1

Point = tuple[int, int, int, int]
Row = tuple[tuple[int, int, int], ...]
_NEUTRAL: Point = (0, 1, 1, 0)


def _decode(data: bytes) -> tuple[int, int] | None:
    """Affine point of a canonical encoding, None where there is none."""
    if len(data) != 32:
        return None
    bits = int.from_bytes(data, "little")
    sign, y = bits >> 255, bits & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * _ROOT % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


def is_point(data: bytes) -> bool:
    """Whether these 32 bytes encode a point of the curve canonically."""
    return _decode(data) is not None


def _double(point: Point) -> Point:
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e = h - (x + y) * (x + y) % P
    g = a - b
    f = 2 * z * z % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _add(point: Point, other: tuple[int, int, int]) -> Point:
    """Mixed addition; `other` is (y - x, y + x, 2dxy) of an affine point."""
    x, y, z, t = point
    minus, plus, product = other
    a, b, c = (y - x) * minus % P, (y + x) * plus % P, t * product % P
    d = 2 * z
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _affine(points: list[Point]) -> list[tuple[int, int]]:
    """Divide by Z with one inversion for all."""
    products, product = [], 1
    for point in points:
        products.append(product)
        product = product * point[2] % P
    inverse = pow(product, -1, P)
    made = []
    for point, before in zip(reversed(points), reversed(products), strict=True):
        z = inverse * before % P
        inverse = inverse * point[2] % P
        made.append((point[0] * z % P, point[1] * z % P))
    made.reverse()
    return made


def _ready(x: int, y: int) -> tuple[int, int, int]:
    return (y - x) % P, (y + x) % P, _D2 * x * y % P


def _make_table(x: int, y: int) -> tuple[Row, ...]:
    bases = [(x, y, 1, x * y % P)]
    for _ in range(63):
        point = bases[-1]
        for _ in range(4):
            point = _double(point)
        bases.append(point)
    multiples: list[Point] = []
    for base_x, base_y in _affine(bases):
        ready, point = _ready(base_x, base_y), _NEUTRAL
        for _ in range(15):
            point = _add(point, ready)
            multiples.append(point)
    flat = [_ready(*pair) for pair in _affine(multiples)]
    return tuple(tuple(flat[i : i + 15]) for i in range(0, len(flat), 15))


def _times(table: tuple[Row, ...], scalar: int, start: Point = _NEUTRAL) -> Point:
    point, index = start, 0
    while scalar:
        digit = scalar & 15
        if digit:
            point = _add(point, table[index][digit - 1])
        scalar >>= 4
        index += 1
    return point


def _encode(point: Point) -> bytes:
    ((x, y),) = _affine([point])
    return (y | (x & 1) << 255).to_bytes(32, "little")


@lru_cache(maxsize=1)
def _base() -> tuple[Row, ...]:
    pair = _decode(bytes.fromhex("58" + "66" * 31))
    assert pair is not None  # noqa: S101 - a constant of the curve
    return _make_table(*pair)


_MOST_TABLES = 128  # of a quarter of a megabyte
_WORTH = 4  # uses of a key that came before its table pays for itself
_tables: dict[bytes, tuple[Row, ...]] = {}


@lru_cache(maxsize=4096)
def _negated(public: bytes) -> tuple[int, int] | None:
    """The point -A, None where `public` is no point."""
    pair = _decode(public)
    return (P - pair[0], pair[1]) if pair else None


@lru_cache(maxsize=4096)
def _uses(_public: bytes) -> list[None]:
    """Grows by one with each use of the key."""
    return []


def _table(public: bytes, pair: tuple[int, int]) -> tuple[Row, ...] | None:
    """The key's table, if it is or just became worth having one."""
    table = _tables.get(public)
    if table is None and len(_tables) < _MOST_TABLES:
        uses = _uses(public)
        uses.append(None)
        if len(uses) > _WORTH:
            table = _tables[public] = _make_table(*pair)
    return table


def _times_once(pair: tuple[int, int], scalar: int) -> Point:
    """A multiple of a point without a table of its own: 252 doublings and at most 64 additions."""
    ready, point = _ready(*pair), _NEUTRAL
    multiples: list[Point] = []
    for _ in range(15):
        point = _add(point, ready)
        multiples.append(point)
    row = [_ready(*affine) for affine in _affine(multiples)]
    point = _NEUTRAL
    for shift in range(252, -1, -4):
        for _ in range(4):
            point = _double(point)
        digit = scalar >> shift & 15
        if digit:
            point = _add(point, row[digit - 1])
    return point


def _sum(point: Point, other: Point) -> Point:
    """Any two points; the formula is complete."""
    x, y, z, t = point
    x2, y2, z2, t2 = other
    a, b = (y - x) * (y2 - x2) % P, (y + x) * (y2 + x2) % P
    c, d = t * _D2 % P * t2 % P, 2 * z * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _hash(*parts: bytes) -> int:
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Cofactorless verification: the encoding of [s]B - [k]A is R."""
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L:
        return False
    pair = _negated(public)
    if pair is None:
        return False
    k, point = _hash(signature[:32], public, message) % L, _times(_base(), s)
    table = _table(public, pair)
    point = _times(table, k, point) if table is not None else _sum(point, _times_once(pair, k))
    return _encode(point) == signature[:32]


def _expand(seed: bytes) -> tuple[int, bytes]:
    digest = sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & (2**254 - 8) | 2**254, digest[32:]


def public_key(seed: bytes) -> bytes:
    """Public key of a 32-byte seed."""
    return _encode(_times(_base(), _expand(seed)[0] % L))


def sign(seed: bytes, public: bytes, message: bytes) -> bytes:
    """64-byte signature over `message`."""
    scalar, prefix = _expand(seed)
    r = _hash(prefix, message) % L
    point = _encode(_times(_base(), r))
    k = _hash(point, public, message) % L
    return point + ((r + k * scalar) % L).to_bytes(32, "little")
