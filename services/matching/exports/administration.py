"""What the lists of the administration hold when they leave as files."""

from collections.abc import Mapping

from services.matching.doctors.app.parameters import AttachmentSettings, attachment_settings
from services.matching.exports.lists import ListAsk, Table
from services.matching.motives.reads import labels, sayings
from services.matching.motives.store import AlarmWordRow, MotiveWordRow
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.people.audit import accesses, labels_of, members
from services.people.changes import changes_of
from shared.wording.labels import Wording


async def audit(ask: ListAsk) -> Table:
    """Who read or changed what."""
    found = await accesses(ask.session, ask.cpts, ask.account, ask.item, limit=10_000)
    return ask.table(
        ("at", "account", "role", "what", "object", "id",),
        (
            [each.at, each.who, ask.words.label("role", each.role), ask.words.label("access", each.action),
             each.kind, each.id]
            for each in found
        ),
    )  # fmt: skip


async def people(ask: ListAsk) -> Table:
    """Members and their roles."""
    return ask.table(
        (
            "account",
            "role",
            "state",
        ),
        (
            [
                each.label,
                ask.words.label("role", each.role),
                ask.words.say("export.suspended") if each.suspended else "",
            ]
            for each in await members(ask.session, ask.cpts)
        ),
    )


async def words(ask: ListAsk) -> Table:
    """The words of motives, and those that say to call the 15."""
    named = await labels(ask.session)
    kinds = ((MotiveWordRow, "motive", named), (AlarmWordRow, "call_15", dict[str, str]()))
    rows = [
        [
            row.words,
            ask.words.say(f"export.{kind}"),
            meanings.get(row.means, row.means),
            ask.words.say("export.yes" if row.cpts_id == ask.cpts else "export.no"),
        ]
        for of, kind, meanings in kinds
        for row in await sayings(ask.session, of, ask.cpts)
    ]
    return [ask.header("words", "what", "means", "ours"), *rows]


async def settings(ask: ListAsk) -> Table:
    """Who set what."""
    found = await changes_of(ask.session, ask.cpts, limit=10_000)
    who = await labels_of(ask.session, {each.account for each in found})
    return ask.table(
        (
            "at",
            "account",
            "what",
            "field",
            "before",
            "after",
        ),
        (
            [
                each.at,
                who.get(each.account, each.account),
                ask.words.label("setting", each.what),
                ask.words.label("parameter", name),
                say_value(ask.words, each.before[name], each.after[name]),
                say_value(ask.words, each.after[name], each.before[name]),
            ]
            for each in found
            for name in sorted(each.after)
        ),
    )


async def parameters(ask: ListAsk) -> Table:
    """What is set, beside what it would be by itself."""
    now = await parameters_of(ask.session, ask.cpts), await attachment_settings(ask.session, ask.cpts)
    kinds = "parameters", "attachment_parameters"
    return ask.table(
        (
            "what",
            "field",
            "value",
            "default",
        ),
        (
            [
                ask.words.label("setting", kind),
                ask.words.label("parameter", name),
                say_value(ask.words, value),
                say_value(ask.words, default[name]),
            ]
            for kind, body, default in zip(
                kinds,
                (each.model_dump(mode="json") for each in now),
                (each.model_dump(mode="json") for each in (CptsParameters(), AttachmentSettings())),
                strict=True,
            )
            for name, value in body.items()
        ),
    )


def say_value(words: Wording, value: object, other: object = None) -> str:
    """A value that was set, in one line; of several together, those that differ from what stood or came there."""
    if isinstance(value, bool):
        return words.say("export.yes" if value else "export.no")
    if isinstance(value, list | tuple):
        return ", ".join(say_value(words, each) for each in value)
    if not isinstance(value, Mapping):
        return "–" if value is None else str(value)
    if "code" in value:
        return words.label("attachment_class", value["code"])
    if "step" in value:
        return f"{words.label('step', value['step'])} ({say_value(words, value['after_minutes'])} min)"
    beside = other if isinstance(other, Mapping) else {}
    differ = {name: each for name, each in value.items() if name not in beside or beside[name] != each}
    return ", ".join(f"{words.label('parameter', name)} : {say_value(words, each)}" for name, each in differ.items())
