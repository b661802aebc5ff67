"""What to do about a lot, in one or two sentences, in English or Chinese. Pure.

The first sentence says what stands against the lot and the second what may help; a lot that passes needs neither.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus
from app.matching.conventions import Language
from app.matching.phrases import PHRASES, Phrases
from app.matching.remedies import Remedy
from app.matching.verdict import Finding, Judgement, Reason, Verdict

#: Of treatments that do the same.
_MOST_CHOICES = 3


def advise(judgement: Judgement, remedies: Sequence[Remedy], language: Language) -> str:
    """Return the advice on a lot: what fails and its remedy, or what to test; empty for a pass."""
    if judgement.verdict is Verdict.PASS:
        return ""
    words = PHRASES[language]
    if judgement.closed_by is not None:
        return words.closed.format(text=judgement.closed_by.text)
    excluded = [found for found in judgement.criteria if found.reason is Reason.ORIGIN_EXCLUDED]
    if excluded:
        return words.origin_excluded.format(origin=excluded[0].origin, grade=_grade(excluded[0]))
    failing = [found for found in judgement.criteria if found.verdict is Verdict.FAIL]
    steps = words.also.join(_steps(judgement, words))
    if failing:
        return words.joined(_misses(failing, words), _help(failing, remedies, steps, words))
    unfiled = [_grade(found) for found in judgement.criteria if found.reason is Reason.LIMITS_NOT_ON_FILE]
    sentences = [words.unfiled.format(grade=words.listed(unfiled))] if unfiled else []
    if steps:
        sentences.append((words.do if unfiled else words.then_qualifies).format(steps=steps))
    return words.joined(*map(_capitalised, sentences))


def _steps(judgement: Judgement, words: Phrases) -> list[str]:
    """Return what makes the unknown known."""
    unknown = [found for found in judgement.criteria if found.verdict is Verdict.UNKNOWN]
    old = [found.assay_on for found in unknown if found.reason is Reason.ASSAY_TOO_OLD]
    unmeasured = [found.parameter for found in unknown if found.reason is Reason.NOT_MEASURED and found.parameter]
    steps = []
    if unmeasured:
        names = [_name(parameter, words) for parameter in dict.fromkeys(unmeasured)]
        steps.append(words.test.format(names=words.listed(names)))
    if old:
        steps.append(words.repeat.format(day=old[0]) if isinstance(old[0], date) else words.repeat_undated)
    if any(found.reason is Reason.ORIGIN_NOT_STATED for found in unknown):
        steps.append(words.state_origin)
    return steps


def _misses(failing: Sequence[Finding], words: Phrases) -> str:
    """Return the sentence that names every value that fails and its limit."""
    return _capitalised(words.clauses([_miss(found, words) for found in failing]))


def _miss(found: Finding, words: Phrases) -> str:
    name = "" if found.parameter is None else _name(found.parameter, words)
    unit = "" if found.unit in {None, "1", "pH"} else f" {found.unit}"
    template = words.draft_miss if found.limit_status is FigureStatus.DRAFT else words.miss
    if not isinstance(found.value, Decimal):
        wanted = words.exactly.format(limit=_category(found.equals, words))
        return template.format(name=name, value=_category(found.value, words), limit=wanted)
    bound, phrase = found.max, words.at_most
    if bound is None or found.value <= bound:
        bound, phrase = found.min, words.at_least
    limit = phrase.format(limit=f"{_figure(bound)}{unit}")
    return template.format(name=name, value=f"{_figure(found.value)}{unit}", limit=limit)


def _help(failing: Sequence[Finding], remedies: Sequence[Remedy], steps: str, words: Phrases) -> str:
    """Return the sentence that names the treatments that fix most, what none fixes, and what to test."""
    open_ = list(dict.fromkeys(found.parameter for found in failing if found.parameter))
    parts = []
    for remedy in remedies:
        fixed = [parameter for parameter in open_ if parameter in remedy.fixes]
        if fixed:
            equals = [words.treatment(other) for other in remedies if set(fixed) <= set(other.fixes)]
            names = words.listed([_name(parameter, words) for parameter in fixed])
            parts.append(words.remedy.format(treatment=words.choice(equals[:_MOST_CHOICES]), names=names))
            open_ = [parameter for parameter in open_ if parameter not in fixed]
    if parts:
        parts.append(words.only_claimed)
    if open_:
        names = words.listed([_name(parameter, words) for parameter in open_])
        parts.append(words.no_remedy.format(names=names))
    if steps:
        parts.append(words.besides.format(steps=steps))
    return _capitalised(words.clauses(parts))


def _name(parameter: str, words: Phrases) -> str:
    return words.name(reference().parameters[parameter])


def _grade(found: Finding) -> str:
    return found.source.removeprefix("grade ")


def _category(value: bool | str | Decimal | None, words: Phrases) -> str:  # noqa: FBT001 - a value
    if isinstance(value, bool):
        return words.yes if value else words.no
    return str(value)


def _figure(number: Decimal | None) -> str:
    """Return a number as it is written, without an exponent and without the .0 of a stored double."""
    if number is None:
        return ""
    return f"{number:f}".removesuffix(".0")


def _capitalised(sentence: str) -> str:
    # pH, and symbols such as K2O, keep their letters.
    return sentence if sentence.startswith("pH") else sentence[:1].upper() + sentence[1:]
