"""Instants are UTC; business days and months are those of the exchange's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"
_zone = ZoneInfo(DEFAULT_ZONE)


def use_zone(name: str) -> None:
    """Make `name` (IANA) the zone of business days; called once at start."""
    global _zone  # noqa: PLW0603 - one zone for the process, set before the first request
    _zone = ZoneInfo(name)


def zone_name() -> str:
    """Return the zone of business days (IANA), for another process that is to have the same."""
    return _zone.key


def now() -> datetime:
    """Return the present instant, aware, UTC."""
    return datetime.now(UTC)


def business_date(instant: datetime) -> date:
    """Return the business day of an aware instant."""
    return instant.astimezone(_zone).date()


def business_time(instant: datetime) -> datetime:
    """Return the naive date and time that clocks in the exchange's zone show at an aware instant."""
    return instant.astimezone(_zone).replace(tzinfo=None)


def at_business_time(local: datetime) -> datetime:
    """Return the instant of a naive date and time as clocks in the exchange's zone show it."""
    return local.replace(tzinfo=_zone)


def today() -> date:
    """Return the present business day."""
    return business_date(now())


def month_of(day: date) -> str:
    """Return `YYYY-MM` of a day."""
    return f"{day.year:04d}-{day.month:02d}"


def first_day(month: str) -> date:
    """Return the first day of `YYYY-MM`."""
    return date(int(month[:4]), int(month[5:7]), 1)


def last_day(month: str) -> date:
    """Return the last day of `YYYY-MM`."""
    first = first_day(month)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return following - timedelta(days=1)


def months_from(month: str, count: int) -> list[str]:
    """Return so many months as `YYYY-MM`, beginning with one."""
    start = year_of(month) * 12 + int(month[5:7]) - 1
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, start + count)]


def months_touched(first: date, last: date) -> list[str]:
    """Return the months that the days from `first` to `last` touch, as `YYYY-MM`."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return months_from(month_of(first), max(count, 0))


def year_of(month: str) -> int:
    """Return the calendar year of `YYYY-MM`."""
    return int(month[:4])
