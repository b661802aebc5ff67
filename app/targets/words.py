"""What is said of progress: the advice and the method of the forecast, in English and Chinese. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.matching.conventions import Language
from app.targets.forecast import COVERAGE_PCT, LEAST_TRIALS
from app.targets.plan import Target
from app.targets.schemas import EnteredProgress, ForecastRead, YearFigures


@dataclass(frozen=True)
class _Words:
    """Sentences; braces name what goes in."""

    no_rate: str
    ended_reached: str
    ended_missed: str
    no_forecast: str
    so_far: str
    on_course: str
    more_per_month: str
    too_little: str
    undeclared: str
    other_year: str
    no_value: str
    value_reached: str
    value_missed: str
    method: str
    by_seasons: str
    flat: str
    contracts: str
    interval: str
    no_interval: str
    space: str
    units: Mapping[str, str]


_ENGLISH = _Words(
    no_rate="Nothing generated is on file for {year}, so there is no rate.",
    ended_reached="{year} ended at {rate} %: {target} % was reached.",
    ended_missed="{year} ended at {rate} %, {points} points below {target} %: {tonnes} t more would have reached it.",
    no_forecast="No month that is over is on file, so there is no forecast.",
    so_far="So far the rate is {rate} %: {tonnes} t more reach {target} %.",
    on_course="On course: the forecast of {forecast} % for the end of {year} reaches {target} %.",
    more_per_month="{tonnes} t more per month reach {target} %; without them {year} will end at about {forecast} %.",
    too_little="Only {unused} t of this year's waste will be left for it; more must come from stock of earlier years.",
    undeclared="Months of sites not declared yet: {count}; with them the rate will change.",
    other_year="The target is for {target_year}.",
    no_value="No value is entered up to the end of {year}.",
    value_reached="On {day} it stood at {value} {unit}: {target} {unit} is reached.",
    value_missed="On {day} it stood at {value} {unit}: {gap} short of {target}.",
    method="Seasonal run rate plus contracted tonnes. Run rate: generation, use of this year's waste and use of older "
    "stock each go on at the level of the last twelve months that are over, or as many as are on file; {seasons}.",
    by_seasons="months weigh as in the whole earlier years on file ({count})",
    flat="all months weigh the same, because no whole earlier year is on file",
    contracts="Added: tonnes of accepted agreements not yet shipped (by days within the year), on the road, or with "
    "recyclers and not yet used, as far as there will be waste for them. Where they are part of the usual trade the "
    "run rate holds them already: the rate without them stands beside it.",
    interval=f"Interval: of {{trials}} trials of the run rate on past months, at least {COVERAGE_PCT} % were off by no "
    "more; agreements as they stood then are not on file, so the trials leave them out.",
    no_interval=f"No interval: the past months allow {{trials}} trials of the run rate, and {LEAST_TRIALS} are needed.",
    space=" ",
    units={"% against 2020": "% against 2020"},
)
_CHINESE = _Words(
    no_rate="{year} 年尚无产生量记录，无法计算利用率。",
    ended_reached="{year} 年利用率为 {rate}%，已达到 {target}%。",
    ended_missed="{year} 年利用率为 {rate}%，比 {target}% 低 {points} 个百分点：当年再多利用 {tonnes} 吨即可达到。",
    no_forecast="尚无已结束月份的记录，无法预测。",
    so_far="目前利用率为 {rate}%：再多利用 {tonnes} 吨即可达到 {target}%。",
    on_course="进度正常：预计 {year} 年末为 {forecast}%，可达到 {target}%。",
    more_per_month="每月再多利用 {tonnes} 吨即可达到 {target}%；否则预计 {year} 年末为 {forecast}%。",
    too_little="届时当年废物仅余 {unused} 吨可供利用，不足部分须来自往年贮存。",
    undeclared="尚有 {count} 个厂区月份未申报，申报后利用率会变动。",
    other_year="该目标的目标年为 {target_year} 年。",
    no_value="截至 {year} 年末尚未填报数值。",
    value_reached="{day} 为 {value}{unit}：已达到 {target}{unit}。",
    value_missed="{day} 为 {value}{unit}：距 {target}{unit}还差 {gap}{unit}。",
    method="季节性推算加已签约吨数。推算：产生量、当年废物利用量和往年贮存利用量分别按最近十二个已结束月份"
    "（不足十二个月的按现有月份）的水平延续；{seasons}。",
    by_seasons="各月权重取自此前 {count} 个完整年度",
    flat="因无完整的往年记录，各月权重相同",
    contracts="另加：已生效合同中尚未发运（按年内天数折算）、在途以及利用单位已接收尚未利用的吨数，以届时可供利用的废物为限。"
    "属日常交易的部分已含在推算中，故同时给出不含合同的利用率。",
    interval=f"区间：以过去月份对推算回测 {{trials}} 次，其中至少 {COVERAGE_PCT}% 的误差不超过该范围；"
    "当时的合同状况没有记录，回测不含合同。",
    no_interval=f"无区间：过去月份只够回测 {{trials}} 次，至少需要 {LEAST_TRIALS} 次。",
    space="",
    units={"% against 2020": "%", "parks": " 个", "factories": " 家", "enterprises": " 家", "products": " 种"},
)
_WORDS = {Language.ENGLISH: _ENGLISH, Language.CHINESE: _CHINESE}


@dataclass(frozen=True)
class Situation:
    """What the advice on a rate is about."""

    target: Target
    year: int
    is_over: bool
    to_date: YearFigures
    forecast: ForecastRead | None
    undeclared: int


def advise_on_rate(about: Situation, language: Language) -> str:
    """Return what it takes to reach the rate, and what to mind about it."""
    words = _WORDS[language]
    sentences = _on_rate(about, words)
    if about.undeclared and about.to_date.rate_pct is not None:
        sentences.append(words.undeclared.format(count=about.undeclared))
    if about.target.target_year != about.year:
        sentences.append(words.other_year.format(target_year=about.target.target_year))
    return words.space.join(sentences)


def _on_rate(about: Situation, words: _Words) -> list[str]:
    said: dict[str, Any] = {"year": about.year, "target": written(about.target.value)}
    now, ahead = about.to_date, about.forecast
    if now.rate_pct is None or now.gap is None:
        return [words.no_rate.format(**said), *_ahead(ahead, said, words)]
    said |= {"rate": written(now.rate_pct), "points": written(now.gap.gap_points), "tonnes": written(now.gap.gap_t)}
    if about.is_over:
        return [(words.ended_reached if now.gap.reached else words.ended_missed).format(**said)]
    return _ahead(ahead, said, words) or [words.no_forecast, words.so_far.format(**said)]


def _ahead(ahead: ForecastRead | None, said: Mapping[str, Any], words: _Words) -> list[str]:
    """Return what is said of the year's end; nothing without a forecast."""
    if ahead is None or ahead.gap is None or ahead.rate_pct is None:
        return []
    facts = {**said, "forecast": written(ahead.rate_pct), "tonnes": written(ahead.extra_per_month_t)}
    if ahead.gap.reached:
        return [words.on_course.format(**facts)]
    short = [words.too_little.format(unused=written(ahead.unused_t))] if ahead.gap.gap_t > ahead.unused_t else []
    return [words.more_per_month.format(**facts), *short]


def advise_on_value(target: Target, year: int, entered: EnteredProgress | None, language: Language) -> str:
    """Return where an indicator stands, and what is missing."""
    words = _WORDS[language]
    if entered is None:
        said = words.no_value.format(year=year)
    else:
        template = words.value_reached if entered.reached else words.value_missed
        said = template.format(
            day=_day(entered.holds_on),
            value=written(entered.value),
            unit=words.units.get(target.unit, target.unit),
            target=written(target.value),
            gap=written(abs(entered.gap)),
        )
    late = [] if target.target_year == year else [words.other_year.format(target_year=target.target_year)]
    return words.space.join([said, *late])


def describe_method(seasons: int, trials: int, language: Language, *, has_interval: bool) -> str:
    """Return how the forecast was made."""
    words = _WORDS[language]
    by = words.by_seasons.format(count=seasons) if seasons else words.flat
    tried = words.interval if has_interval else words.no_interval
    return words.space.join([words.method.format(seasons=by), words.contracts, tried.format(trials=trials)])


def written(number: Decimal) -> str:
    """Return a number with thousands set apart and without idle zeros."""
    return f"{number.normalize():,f}"


def _day(day: date) -> str:
    return day.isoformat()
