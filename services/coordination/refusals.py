"""Why coordination refuses something, as values people can act on."""

from services.coordination.core.broken import Broken
from services.coordination.core.formula import FormulaWrong
from shared.refusals import Refusal
from shared.wording.labels import wording


class RulesBroken(Refusal):
    """Des règles ne sont pas tenues : voyez chaque ligne."""

    code = "rules_broken"
    status = 422


def refuse_formula(wrong: FormulaWrong) -> RulesBroken:
    """A refusal that points at the character where a formula cannot be read."""
    return RulesBroken(lambda language: _say(wrong.broken, language), field="formula", at=wrong.at)


def _say(broken: Broken, language: str) -> str:
    words, values = wording(language), broken.write_values(language)
    return f"{words.say(broken.key, **values)} {words.say(broken.change_key, **values)}"
