"""Tables of PostgreSQL: copied into a schema beside; then they take the place of the earlier ones in one transaction."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv

from coterie.errors import Problem, Terminal, Transient

_TYPES = {
    pa.string(): "text", pa.large_string(): "text", pa.int64(): "bigint", pa.int32(): "integer", pa.bool_(): "boolean",
    pa.float64(): "double precision", pa.timestamp("us"): "timestamp", pa.date32(): "date",
}  # fmt: skip
KEYS = {
    "dates": ("date_key",), "profiles": ("profile_key",), "segments": ("segment_key",), "events": (), "memberships": (),
}  # fmt: skip
INDEXES = {"events": ("profile_key", "date_key"), "memberships": ("segment_key", "profile_key")}


class PostgresTarget:
    """The tables in the schema ``schema`` of the database at ``url`` (``postgresql://user:password@host/name``)."""

    def __init__(self, url: str, schema: str) -> None:
        try:
            import sqlalchemy
        except ImportError as error:
            raise Problem(
                "writing to PostgreSQL needs SQLAlchemy and pg8000", hint="pip install 'coterie[sql]'"
            ) from error
        self._schema, self._draft = schema, f"{schema}_draft"
        self._tables: list[str] = []
        address = sqlalchemy.make_url(url).set(drivername="postgresql+pg8000")
        self._engine = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
        self._run([f'DROP SCHEMA IF EXISTS "{self._draft}" CASCADE', f'CREATE SCHEMA "{self._draft}"'])

    def write(self, table: str, batches: pa.RecordBatchReader) -> int:
        name = f'"{self._draft}"."{table}"'
        self._tables.append(table)
        columns = ", ".join(f'"{field.name}" {_TYPES.get(field.type, "text")}' for field in batches.schema)
        self._run([f"CREATE TABLE {name} ({columns})"])
        return int(self._guarded(lambda: self._copy(name, batches)))

    def _copy(self, name: str, batches: pa.RecordBatchReader) -> int:
        rows = 0
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            for batch in batches:
                text = io.BytesIO()
                pyarrow.csv.write_csv(batch, text, pyarrow.csv.WriteOptions(include_header=False))
                text.seek(0)
                cursor.execute(f"COPY {name} FROM STDIN WITH (FORMAT csv)", stream=text)  # type: ignore[call-arg]
                rows += batch.num_rows
        finally:
            connection.close()
        return rows

    def finish(self) -> None:
        for table in self._tables:
            self._run([*self._constraints(table)])
        self._guarded(self._replace)
        self._run([f'DROP SCHEMA "{self._draft}" CASCADE'])
        self._engine.dispose()

    def _constraints(self, table: str) -> Iterator[str]:
        name = f'"{self._draft}"."{table}"'
        if KEYS[table]:
            yield f"ALTER TABLE {name} ADD PRIMARY KEY ({', '.join(KEYS[table])})"
        for column in INDEXES.get(table, ()):
            yield f"CREATE INDEX ON {name} ({column})"

    def _replace(self) -> None:
        """Every table has its new rows, in one transaction; views and grants on a table of the same columns stay."""
        with self._engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            for table in self._tables:
                for statement in self._moves(table, self._columns(self._schema, table, connection), connection):
                    connection.exec_driver_sql(statement)

    def _moves(self, table: str, before: list[Any], connection: Any) -> Iterator[str]:
        old, new = f'"{self._schema}"."{table}"', f'"{self._draft}"."{table}"'
        if before and before == self._columns(self._draft, table, connection):
            yield f"TRUNCATE {old}"
            yield f"INSERT INTO {old} SELECT * FROM {new}"
        else:
            yield f"DROP TABLE IF EXISTS {old}"
            yield f'ALTER TABLE {new} SET SCHEMA "{self._schema}"'

    @staticmethod
    def _columns(schema: str, table: str, connection: Any) -> list[Any]:
        found = connection.exec_driver_sql(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
            " ORDER BY ordinal_position",
            (schema, table),
        )
        return [tuple(row) for row in found]

    def abandon(self) -> None:
        self._run([f'DROP SCHEMA IF EXISTS "{self._draft}" CASCADE'])
        self._engine.dispose()

    def _run(self, statements: list[str]) -> None:
        def run() -> None:
            with self._engine.connect() as connection:
                for one in statements:
                    connection.exec_driver_sql(one)

        self._guarded(run)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        import sqlalchemy.exc

        try:
            return work()
        except (sqlalchemy.exc.InterfaceError, OSError) as error:
            raise Transient(f"PostgreSQL cannot be reached: {_first_line(error)}") from error
        except sqlalchemy.exc.DBAPIError as error:
            raise Terminal(f"PostgreSQL refused: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]
