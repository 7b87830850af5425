"""Writes dst.json: wall times of series and the instants they mean, computed without the library that the rules use.

    python3 dst.py > dst.json

A wall time with `fold=0` is the first of two, and in a gap as much later as the gap is long (PEP 495).
"""
import calendar
import json
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def day(n=1):
    return {"every": "day", "interval": n}


def week(n=1, *days):
    return {"every": "week", "interval": n, "days": list(days)}


def month(n=1):
    return {"every": "month", "interval": n}


# What is tried, zone, rule, the wall time of the first one, how many.
CASES = [
    ("Berlin skips 02:30", "Europe/Berlin", day(), "2027-03-27T02:30", 3),
    ("Berlin shows 02:30 twice", "Europe/Berlin", day(), "2026-10-24T02:30", 3),
    ("Los Angeles shows 01:30 twice", "America/Los_Angeles", day(), "2026-10-31T01:30", 3),
    ("St. John's, half past the hour", "America/St_Johns", day(), "2027-03-13T02:15", 3),
    ("Sydney skips 02:30 in October", "Australia/Sydney", day(), "2026-10-03T02:30", 3),
    ("Sydney shows 02:30 twice in April", "Australia/Sydney", day(), "2027-04-03T02:30", 3),
    ("Lord Howe skips half an hour", "Australia/Lord_Howe", day(), "2026-10-03T02:15", 3),
    ("Lord Howe repeats half an hour", "Australia/Lord_Howe", day(), "2027-04-03T01:45", 3),
    ("Troll skips two hours", "Antarctica/Troll", day(), "2027-03-27T01:30", 3),
    ("Sao Paulo had no midnight", "America/Sao_Paulo", day(), "2018-11-03T00:00", 3),
    ("Sao Paulo had 23:30 twice", "America/Sao_Paulo", day(), "2018-02-16T23:30", 3),
    ("Santiago has no midnight", "America/Santiago", day(), "2026-09-05T00:30", 3),
    ("Santiago has 23:30 twice", "America/Santiago", day(), "2027-04-02T23:30", 3),
    ("Cairo has no midnight", "Africa/Cairo", day(), "2027-04-29T00:30", 3),
    ("Cairo has 23:30 twice", "Africa/Cairo", day(), "2026-10-28T23:30", 3),
    ("Beirut has no midnight", "Asia/Beirut", day(), "2027-03-27T00:15", 3),
    ("Beirut has 23:15 twice", "Asia/Beirut", day(), "2026-10-23T23:15", 3),
    ("Havana has no midnight", "America/Havana", day(), "2027-03-13T00:00", 3),
    ("Nuuk goes from 23:00 to the next day", "America/Nuuk", day(), "2027-03-26T23:30", 3),
    ("the Azores have no midnight", "Atlantic/Azores", day(), "2027-03-27T00:45", 3),
    ("Dublin's winter is the exception", "Europe/Dublin", day(), "2027-03-27T01:30", 3),
    ("Kathmandu has no summer time", "Asia/Kathmandu", day(), "2027-03-27T02:30", 3),
    ("every third day, over the edge", "Europe/Berlin", day(3), "2027-03-22T09:00", 4),
    ("Sundays in London, skipped once", "Europe/London", week(), "2027-03-21T01:30", 3),
    ("Sundays in New York, twice once", "America/New_York", week(), "2026-10-25T01:30", 3),
    ("every other week on two days, in Auckland", "Pacific/Auckland", week(2, "thu", "sun"), "2026-09-24T02:30", 5),
    ("every other week, over the year", "Europe/Berlin", week(2, "mon", "fri"), "2026-12-14T09:00", 5),
    ("the last of the month is skipped time", "Europe/Berlin", month(), "2030-01-31T02:30", 4),
    ("the last of the month is shown twice", "Europe/Berlin", month(), "2027-08-31T02:30", 4),
    ("the 30th, with a leap year", "America/New_York", month(), "2027-12-30T23:30", 4),
    ("the 29th of February", "Australia/Sydney", month(12), "2028-02-29T08:00", 5),
    ("every quarter, in both halves", "America/Santiago", month(3), "2027-01-31T12:00", 5),
]


def candidates(rule, anchor):
    """The wall times of a rule; weeks begin on Monday, short months have their last day instead."""
    monday = anchor.date() - timedelta(days=anchor.weekday())
    n = 0
    while True:
        if rule["every"] == "day":
            yield anchor + timedelta(days=n * rule["interval"])
        elif rule["every"] == "month":
            years, months = divmod(anchor.month - 1 + n * rule["interval"], 12)
            year, in_year = anchor.year + years, months + 1
            last = calendar.monthrange(year, in_year)[1]
            yield anchor.replace(year=year, month=in_year, day=min(anchor.day, last))
        else:
            local = anchor + timedelta(days=n)
            wanted = rule["days"] or [DAYS[anchor.weekday()]]
            weeks = (local.date() - monday).days // 7
            if weeks % rule["interval"] == 0 and DAYS[local.weekday()] in wanted:
                yield local
        n += 1


def row(what, tz, rule, local_time, count):
    found = candidates(rule, datetime.fromisoformat(local_time))
    posts = []
    for _ in range(count):
        local = next(found)
        at = local.replace(tzinfo=ZoneInfo(tz), fold=0).astimezone(timezone.utc)
        posts.append([local.date().isoformat(), at.strftime("%Y-%m-%dT%H:%M:%S.000Z")])
    return {"what": what, "tz": tz, "rule": rule, "local_time": local_time, "posts": posts}


rows = ",\n".join(json.dumps(row(*case)) for case in CASES)
print(f"[\n{rows}\n]")
