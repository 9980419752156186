"""The indicator database: without a password, and with a reader's, who may ask everything and change nothing."""

import urllib.parse

from target import Attempt

STRANGERS = {
    "nobody": {}, "the default user": {"user": "default"}, "the writer without a password": {"user": "writer"},
    "a guess": {"user": "writer", "password": "writer"}, "an empty user": {"user": "", "password": ""},
    "a user with a comma": {"user": "writer,reader", "password": "x"}, "a quoted user": {"user": "' OR 1=1 --", "password": "x"},
}
# Each of these must be refused to a reader, or tell nothing but what the reader's view shows.
ESCAPES = [
    "SELECT file('/etc/passwd')", "SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)", "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'TSV')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')", "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')", "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e String')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])", "SELECT f\\u0069le('/etc/passwd')", "SELECT `file`('/etc/passwd')",
    "SELECT /* x */ file /* y */ ('/etc/passwd')", "SELECT {f:Identifier}('/etc/passwd')", "SELECT 1 INTO OUTFILE '/tmp/medvirk-outsider'",
    "INSERT INTO FUNCTION file('/tmp/medvirk-outsider', 'TSV', 'a String') SELECT 'x'", "INSERT INTO indicator SELECT * FROM indicator",
    "CREATE TABLE t (a Int8) ENGINE = Memory", "CREATE TABLE t (a String) ENGINE = File(TSV, '/etc/passwd')",
    "CREATE TABLE t (a String) ENGINE = URL('http://127.0.0.1:1/', 'TSV')", "CREATE TEMPORARY TABLE t (a Int8)",
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'TSV')) LAYOUT(FLAT()) LIFETIME(1)",
    "CREATE FUNCTION f AS (x) -> x", "CREATE USER u", "CREATE DATABASE d", "ATTACH TABLE t FROM '/tmp' (a Int8) ENGINE = Memory",
    "DROP TABLE indicator", "DROP VIEW indicator", "TRUNCATE TABLE indicator", "ALTER TABLE indicator DELETE WHERE 1",
    "ALTER TABLE indicator UPDATE persons = 0 WHERE 1", "RENAME TABLE indicator TO other", "EXCHANGE TABLES indicator AND closes",
    "OPTIMIZE TABLE indicator FINAL", "DETACH TABLE indicator", "GRANT ALL ON *.* TO reader", "REVOKE ALL ON *.* FROM writer",
    "SET readonly = 0", "SET final = 0", "SELECT 1 SETTINGS readonly = 0", "SELECT * FROM (SELECT * FROM indicator SETTINGS final = 0)",
    "SYSTEM SHUTDOWN", "SYSTEM STOP MERGES", "SYSTEM FLUSH LOGS", "SYSTEM RELOAD CONFIG", "KILL QUERY WHERE 1", "BACKUP DATABASE medvirk TO File('x')",
    "RESTORE DATABASE medvirk FROM File('x')", "SELECT * FROM system.processes", "SELECT * FROM system.query_log", "SELECT * FROM system.users",
    "SHOW PROCESSLIST", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE indicator", "SELECT 1 -- \n; DROP TABLE indicator",
    "USE system", "WATCH indicator", "SELECT getSetting('custom_password')",
    "SELECT * FROM system.disks WHERE file('/etc/passwd') != ''", "SELECT * FROM INFILE '/etc/passwd'",
    "INSERT INTO indicator FROM INFILE '/etc/passwd' FORMAT TSV", "SELECT hex(catboostEvaluate('/etc/passwd', 1))",
    "SELECT * FROM dictionary('x')", "SELECT * FROM generateRandom('a UInt64') LIMIT 1 INTO OUTFILE '/tmp/medvirk-outsider'",
]
SETTINGS = ["readonly=0", "final=0", "allow_ddl=1", "max_memory_usage=0", "session_id=x", "log_queries=0", "user_files_path=/", "profile=default"]


def ask(target, listener, query, who, extra=""):
    where = "/?" + urllib.parse.urlencode({"query": query}) + (f"&{extra}" if extra else "")
    headers = [("X-ClickHouse-User", who["user"])] if "user" in who else []
    headers += [("X-ClickHouse-Key", who["password"])] if "password" in who else []
    return target.http(listener, "POST", where, headers, b"")


def stranger(target, who):
    for listener in ["indicators", "registry"]:
        for query in ["SELECT 1", "SHOW TABLES", "SELECT * FROM indicator"]:
            status, _, body = ask(target, listener, query, who)
            if status not in (401, 403):
                return f"{listener} said {status}: {body[:60]!r}"
    return None


def reads_only(target, query):
    who = {"user": "reader", "password": target.reader["password"]}
    before = ask(target, "indicators", "SELECT count(), sum(cityHash64(*)) FROM indicator", who)
    status, _, body = ask(target, "indicators", query, who)
    if status == 200:
        return f"it was answered: {body[:60]!r}"
    if b"root:" in body:
        return "a file of the machine came back"
    after = ask(target, "indicators", "SELECT count(), sum(cityHash64(*)) FROM indicator", who)
    if before[0] != 200 or before[2] != after[2]:
        return f"the table is another one: {before[:1]} {after[:1]}"
    return None


def setting(target, text):
    who = {"user": "reader", "password": target.reader["password"]}
    status, _, body = ask(target, "indicators", "SELECT 1", who, text)
    return None if status != 200 else f"the setting was taken: {body[:40]!r}"


def other_database(target):
    """The reader of the indicators is nobody at the registry."""
    who = {"user": "reader", "password": target.reader["password"]}
    status, _, _ = ask(target, "registry", "SELECT 1", who)
    return None if status in (401, 403) else f"the registry said {status}"


def attempts():
    for name, who in STRANGERS.items():
        yield Attempt(13, "the engine, a stranger", name, lambda t, w=who: stranger(t, w))
    yield Attempt(13, "the engine, a stranger", "the other database's reader", other_database)
    for query in ESCAPES:
        yield Attempt(3, "the engine, a reader", query[:60], lambda t, q=query: reads_only(t, q))
    for text in SETTINGS:
        yield Attempt(3, "the engine, a reader", text, lambda t, s=text: setting(t, s))
