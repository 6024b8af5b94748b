"""Local calendars inside kernels: the number of a unit, where it begins, and yearly returns."""

from __future__ import annotations

from coterie.segments.live.layout import D_BEGIN, D_END, D_FIRST, HIGH, LOW, Ints, kernel, small


@kernel
def unit_at(plan: Ints, calendar: int, at: int) -> int:
    """Return the number of the local unit that holds ``at``."""
    low, high = plan[calendar + D_BEGIN], plan[calendar + D_END]
    begin = low
    while low < high:
        middle = (low + high) >> 1
        if plan[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return plan[calendar + D_FIRST] + low - begin - 1


@kernel
def start_of(plan: Ints, calendar: int, index: int) -> int:
    """Return when the numbered unit begins; LOW or HIGH outside the known calendar."""
    place = plan[calendar + D_BEGIN] + index - plan[calendar + D_FIRST]
    if place < plan[calendar + D_BEGIN]:
        return LOW
    if place >= plan[calendar + D_END]:
        return HIGH
    return plan[place]


@small
def days_of(year: int, month: int, day: int) -> int:
    """Return the number of a date, in days since 1970. Source: Hinnant, "chrono-compatible low-level date algorithms"."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@small
def year_of(days: int) -> int:
    """Return the year that holds a day numbered since 1970. Source: as ``days_of``."""
    days += 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return year + era * 400 + (1 if of_year >= 306 else 0)


@small
def return_in(year: int, month_day: int) -> int:
    """Return the day of ``year`` on which a month and day (month × 100 + day) return, the 29th of February on the 28th."""
    month, day = month_day // 100, month_day % 100
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if month == 2 and day == 29 and not leap:
        day = 28
    return days_of(year, month, day)


@kernel
def days_until_return(today: int, month_day: int) -> int:
    """Return the days from ``today`` to the next yearly return."""
    year = year_of(today)
    following = return_in(year, month_day)
    if following < today:
        following = return_in(year + 1, month_day)
    return following - today
