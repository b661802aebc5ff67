"""The words of advice in English and Chinese."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.catalogue.schemas import Parameter
from app.matching.conventions import Language
from app.matching.remedies import Remedy

_ORDINARY_WORD = re.compile(r"[A-Z][a-z]{2,}")


@dataclass(frozen=True)
class Phrases:
    """Sentences and their joints; braces name what goes in."""

    language: Language
    closed: str
    origin_excluded: str
    unfiled: str
    then_qualifies: str
    do: str
    test: str
    repeat: str
    repeat_undated: str
    state_origin: str
    miss: str
    draft_miss: str
    at_most: str
    at_least: str
    exactly: str
    remedy: str
    only_claimed: str
    no_remedy: str
    besides: str
    sentence: str
    comma: str
    and_: str
    or_: str
    also: str
    semicolon: str
    yes: str
    no: str
    space: str

    def listed(self, items: Sequence[str]) -> str:
        """Return `a, b and c`."""
        return self._listed(items, self.and_)

    def choice(self, items: Sequence[str]) -> str:
        """Return `a, b or c`."""
        return self._listed(items, self.or_)

    def _listed(self, items: Sequence[str], last_joint: str) -> str:
        *most, last = items or [""]
        return f"{self.comma.join(most)}{last_joint}{last}" if most else last

    def clauses(self, parts: Sequence[str]) -> str:
        """Return the sentence that parts make."""
        return self.sentence.format(text=self.semicolon.join(parts))

    def joined(self, *sentences: str) -> str:
        """Return sentences one after the other."""
        return self.space.join(sentences)

    def name(self, parameter: Parameter) -> str:
        """Return the name of a parameter as it stands inside a sentence."""
        if self.language is Language.CHINESE:
            return parameter.name_zh
        name = parameter.name_en
        is_ordinary = _ORDINARY_WORD.fullmatch(re.split(r"[ -]", name)[0]) is not None
        return name[0].lower() + name[1:] if is_ordinary else name

    def treatment(self, remedy: Remedy) -> str:
        """Return the name of a treatment as it stands inside a sentence."""
        if self.language is Language.CHINESE:
            return remedy.name_zh
        return remedy.name_en[0].lower() + remedy.name_en[1:]


_ENGLISH = Phrases(
    language=Language.ENGLISH,
    closed="The use is closed to this lot: {text}.",
    origin_excluded="The origin {origin} is excluded by grade {grade}.",
    unfiled="the limits of grade {grade} are not on file: compare with the standard itself.",
    then_qualifies="{steps}, then it qualifies.",
    do="{steps}.",
    test="test {names}",
    repeat="repeat the assay of {day}, which is too old",
    repeat_undated="repeat the assay, which is too old",
    state_origin="state the origin",
    miss="{name} is {value}, but must be {limit}",
    draft_miss="{name} is {value}, but by a draft limit should be {limit}",
    at_most="at most {limit}",
    at_least="at least {limit}",
    exactly="{limit}",
    remedy="{treatment} is said to bring {names} inside",
    only_claimed="a new assay must prove it",
    no_remedy="no treatment on file brings {names} inside",
    besides="besides, {steps}",
    sentence="{text}.",
    comma=", ",
    and_=" and ",
    or_=" or ",
    also=" and ",
    semicolon="; ",
    yes="yes",
    no="no",
    space=" ",
)
_CHINESE = Phrases(
    language=Language.CHINESE,
    closed="该用途不适用于此批次：{text}。",
    origin_excluded="来源 {origin} 不符合等级 {grade} 的要求。",
    unfiled="等级 {grade} 的限值尚未收录，请对照标准原文。",
    then_qualifies="{steps}，即可满足要求。",
    do="请{steps}。",
    test="补测{names}",
    repeat="重新检测（{day} 的检测报告已过期）",
    repeat_undated="重新检测（检测报告已过期）",
    state_origin="注明来源",
    miss="{name}为 {value}，要求{limit}",
    draft_miss="{name}为 {value}，按暂定限值应{limit}",
    at_most="不大于 {limit}",
    at_least="不小于 {limit}",
    exactly="为 {limit}",
    remedy="据称{treatment}可使{names}达标",
    only_claimed="须以新的检测报告为准",
    no_remedy="目录中没有可使{names}达标的处理方法",
    besides="另请{steps}",
    sentence="{text}。",
    comma="、",
    and_="和",
    or_="或",
    also="，并",
    semicolon="；",
    yes="是",
    no="否",
    space="",
)
PHRASES: Mapping[Language, Phrases] = {Language.ENGLISH: _ENGLISH, Language.CHINESE: _CHINESE}
