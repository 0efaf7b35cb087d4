"""Why coordination refuses something, as values people can act on."""

from collections.abc import Sequence

from services.coordination.core.broken import Broken
from services.coordination.core.formula import FormulaWrong
from shared.refusals import Refusal
from shared.wording.labels import wording


class RulesBroken(Refusal):
    """Des règles ne sont pas tenues : voyez chaque ligne."""

    code = "rules_broken"
    status = 422


class WrittenMeanwhile(Refusal):
    """Quelqu'un d'autre vient d'enregistrer : rechargez la page, puis refaites votre changement."""

    code = "written_meanwhile"


def refuse_rules(broken: Sequence[Broken]) -> RulesBroken:
    """A refusal that says each broken rule with what to change."""
    return RulesBroken(
        lambda language: " ".join(_say(each, language) for each in broken[:3]),
        field=broken[0].field,
        errors=[{"field": each.field, "rule": each.rule, "said": _say(each, "fr")} for each in broken],
    )


def refuse_formula(wrong: FormulaWrong) -> RulesBroken:
    """A refusal that points at the character where a formula cannot be read."""
    return RulesBroken(lambda language: _say(wrong.broken, language), field="formula", at=wrong.at)


def _say(broken: Broken, language: str) -> str:
    words, values = wording(language), broken.write_values(language)
    return f"{words.say(broken.key, **values)} {words.say(broken.change_key, **values)}"
