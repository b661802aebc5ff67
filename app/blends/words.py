"""What an answer about a mix says in words, in English or Chinese. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.blends.mixtures import Problem
from app.blends.schemas import Blocker, Cause
from app.catalogue.reference import reference
from app.core.quantities import KILOGRAM
from app.matching.conventions import Language
from app.matching.phrases import PHRASES, Phrases
from app.matching.verdict import Finding, Judgement, Reason, Verdict

_ENGLISH: Mapping[Cause, str] = {
    Cause.DEMAND_NOT_OPEN: "The demand is not open.",
    Cause.NO_LOTS_IN_REACH: "No lot of others is in reach: widen the distance, the price, the days or the materials.",
    Cause.QUANTITY: "At most {lots} lots in reach come to {best_quantity} t, but {quantity} t are asked for.",
    Cause.MIN_ORDER: "The minimum orders of the lots in reach leave no way to make up {quantity} t of at most {lots}.",
    Cause.LIMIT: "{name} must be {limit}, and the nearest that a mix comes is {value}.",
    Cause.NOT_MEASURED: "Too few lots in reach tell {name}, which must be {limit}: have it tested.",
    Cause.ASSAY_TOO_OLD: "The assays that tell {name}, which must be {limit}, are too old: have them repeated.",
    Cause.MOISTURE_NOT_MEASURED: "Without moisture the dry mass of lots, and so {name} of a mix, is unknown: test it.",
    Cause.LAW: "The use is closed to lots in reach: {law}.",
    Cause.ORIGIN_EXCLUDED: "{source} excludes the origin of too many lots in reach.",
    Cause.ORIGIN_NOT_STATED: "Too few lots in reach state their origin, on which {source} depends.",
    Cause.LIMITS_NOT_ON_FILE: "The limits of {source} are not on file: compare with the standard itself.",
    Cause.OUT_OF_TIME: "Time ran out before a mix was found or ruled out: ask for fewer limits or a smaller distance.",
}
_CHINESE: Mapping[Cause, str] = {
    Cause.DEMAND_NOT_OPEN: "该需求已不在有效期内。",
    Cause.NO_LOTS_IN_REACH: "范围内没有其他企业的批次：请放宽距离、价格、日期或物料。",
    Cause.QUANTITY: "范围内至多 {lots} 个批次合计 {best_quantity} t，需求为 {quantity} t。",
    Cause.MIN_ORDER: "受各批次最小起订量限制，至多 {lots} 个批次无法凑成 {quantity} t。",
    Cause.LIMIT: "{name}要求{limit}，任何配比最接近的为 {value}。",
    Cause.NOT_MEASURED: "范围内检测了{name}（要求{limit}）的批次不足，请补测。",
    Cause.ASSAY_TOO_OLD: "{name}（要求{limit}）的检测报告已过期，请重新检测。",
    Cause.MOISTURE_NOT_MEASURED: "未检测含水率，无法按干基计算混合物的{name}，请补测。",
    Cause.LAW: "该用途不适用于范围内的批次：{law}。",
    Cause.ORIGIN_EXCLUDED: "{source} 排除了范围内过多批次的来源。",
    Cause.ORIGIN_NOT_STATED: "范围内注明来源的批次不足，而 {source} 取决于来源。",
    Cause.LIMITS_NOT_ON_FILE: "{source} 的限值尚未收录，请对照标准原文。",
    Cause.OUT_OF_TIME: "未能在限定时间内找到或排除配比：请减少限值或缩小距离。",
}
_CAUSES = {Language.ENGLISH: _ENGLISH, Language.CHINESE: _CHINESE}
_UNKNOWN = {Language.ENGLISH: "Not shown of this mix: {names}.", Language.CHINESE: "此配比尚未证实：{names}。"}
_ORIGIN = {Language.ENGLISH: "origin", Language.CHINESE: "来源"}
_UNFILED = {Language.ENGLISH: "the limits of {source}", Language.CHINESE: "{source} 的限值"}


def explain_blockers(blockers: Sequence[Blocker], problem: Problem, language: Language) -> str:
    """Return a sentence for each thing that stands in the way."""
    return PHRASES[language].joined(*(_explain(blocker, problem, language) for blocker in blockers))


def advise_on_mix(judgement: Judgement, language: Language) -> str:
    """Return what a mix fails by drafts, and what is not shown of it; empty for a pass."""
    words = PHRASES[language]
    failing = [found for found in judgement.criteria if found.verdict is Verdict.FAIL]
    unknown = [found for found in judgement.criteria if found.verdict is Verdict.UNKNOWN]
    sentences = [words.sentence.format(text=_draft_miss(found, words)) for found in failing]
    if unknown:
        names = list(dict.fromkeys(_what(found, language) for found in unknown))
        sentences.append(_UNKNOWN[language].format(names=words.listed(names)))
    if judgement.closed_by is not None:
        sentences.append(words.closed.format(text=judgement.closed_by.text))
    return words.joined(*(sentence[:1].upper() + sentence[1:] for sentence in sentences))


def _explain(blocker: Blocker, problem: Problem, language: Language) -> str:
    words = PHRASES[language]
    sentence = _CAUSES[language][blocker.cause].format(
        lots=problem.most_lots,
        quantity=_figure(problem.quantity_kg * KILOGRAM),
        best_quantity=_figure(blocker.best_quantity_t),
        name="" if blocker.parameter is None else words.name(reference().parameters[blocker.parameter]),
        limit=_limit(blocker, words),
        value=_figure(blocker.best_value) + _unit(blocker),
        law="" if blocker.closed_by is None else blocker.closed_by.text,
        source=blocker.source or "",
    )
    return sentence[:1].upper() + sentence[1:]


def _what(found: Finding, language: Language) -> str:
    if found.parameter is not None:
        return PHRASES[language].name(reference().parameters[found.parameter])
    is_unfiled = found.reason is Reason.LIMITS_NOT_ON_FILE
    return _UNFILED[language].format(source=found.source) if is_unfiled else _ORIGIN[language]


def _draft_miss(found: Finding, words: Phrases) -> str:
    assert found.parameter is not None  # noqa: S101 - only a limit on a parameter fails in a mix
    name = words.name(reference().parameters[found.parameter])
    value = str(found.value) if not isinstance(found.value, Decimal) else _figure(found.value) + _unit(found)
    return words.draft_miss.format(name=name, value=value, limit=_limit(found, words))


def _limit(of: Blocker | Finding, words: Phrases) -> str:
    if of.equals is not None:
        return words.exactly.format(limit=of.equals)
    sides = [] if of.min is None else [words.at_least.format(limit=_figure(of.min) + _unit(of))]
    sides += [] if of.max is None else [words.at_most.format(limit=_figure(of.max) + _unit(of))]
    return words.listed(sides)


def _unit(of: Blocker | Finding) -> str:
    return "" if of.unit in {None, "1", "pH"} else f" {of.unit}"


def _figure(number: Decimal | None) -> str:
    return "–" if number is None else f"{number.normalize():f}"
