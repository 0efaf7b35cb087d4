"""Row-level security, as migrations write it: forced, for the table's owner too."""

IN_SCOPE = "common.in_scope({column})"


def force_policies(table: str, *, shown: str, inserted: str, updated: str, deleted: str = "false") -> list[str]:
    """Statements that show the rows that meet `shown`; a row is written only if it meets the condition for that.

    An update asks `updated` of the row before and after: nobody takes another's row over.
    """
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy scope_select on {table} for select using ({shown})",
        f"create policy scope_insert on {table} for insert with check ({inserted})",
        f"create policy scope_update on {table} for update using ({updated}) with check ({updated})",
        f"create policy scope_delete on {table} for delete using ({deleted})",
    ]


def only_in_scope(table: str, *, column: str = "cpts_id", visible: str = "", writable: str = "") -> list[str]:
    """Statements that show a table's rows only within the scope of the transaction.

    `visible` adds a condition that also shows a row; `writable` one that every written row must meet as well.
    """
    inside = IN_SCOPE.format(column=column)
    shown = f"({inside} or {visible})" if visible else inside
    written = f"{shown} and {writable}" if writable else shown
    return force_policies(table, shown=shown, inserted=written, updated=written, deleted=written)


def readable_in_scope(table: str, *, column: str = "cpts_id") -> list[str]:
    """Statements for a log: anyone of the service appends, only the scope reads, nobody changes."""
    inside = IN_SCOPE.format(column=column)
    return force_policies(table, shown=inside, inserted="true", updated="false", deleted=inside)
