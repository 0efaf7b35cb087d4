"""Row-level security, as migrations write it: forced, for the table's owner too."""

IN_SCOPE = "common.in_scope({column})"


def only_in_scope(table: str, *, column: str = "cpts_id", visible: str = "", writable: str = "") -> list[str]:
    """Statements that show a table's rows only within the scope of the transaction.

    `visible` adds a condition that also shows a row; `writable` one that every written row must meet as well.
    """
    inside = IN_SCOPE.format(column=column)
    shown = f"({inside} or {visible})" if visible else inside
    written = f"{shown} and {writable}" if writable else shown
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy scope_select on {table} for select using ({shown})",
        f"create policy scope_insert on {table} for insert with check ({written})",
        f"create policy scope_update on {table} for update using ({shown}) with check ({written})",
        f"create policy scope_delete on {table} for delete using ({written})",
    ]


def readable_in_scope(table: str, *, column: str = "cpts_id") -> list[str]:
    """Statements for a log: anyone of the service appends, only the scope reads, nobody changes."""
    inside = IN_SCOPE.format(column=column)
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy scope_select on {table} for select using ({inside})",
        f"create policy scope_insert on {table} for insert with check (true)",
        f"create policy scope_delete on {table} for delete using ({inside})",
    ]
