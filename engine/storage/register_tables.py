"""The registers that a bureau may bring beside persons: what they hold as brought, and as read.

All are optional. One that is not brought is not known; one that is brought is taken as complete.
"""

from engine.storage.tables import Column, Table

_WHOSE = (
    Column("person_id", "id", "number of the insured person", key=True),
    Column("region", "code", "region that insures the person", key=True),
    Column("insurance", "code", "national code of the insurance", key=True),
)
_PERIOD = (
    Column("valid_from", "date", "first day", key=True),
    Column("valid_to", "date", "day on which it holds no more", optional=True),
)
_WHOSE_READ = (
    Column("person_id", "id", "number of the insured person", key=True),
    Column("region", "code", "region that insures the person", key=True),
    Column("insurance", "int8", "engine.codes.enums.Insurance", key=True),
)
_PERIOD_READ = (
    Column("valid_from", "int32", "first day", "day", key=True),
    Column("valid_to", "int32", "first day after, NO_END_DAY for none", "day"),
)

# --- as brought

REGISTRATIONS = Table(
    "registrations",
    (
        *_WHOSE,
        Column("registration", "code", "its name among the policy's `registrations`", key=True),
        Column("disease_code", "code", "disease that it is for", key=True, optional=True),
        Column("institution_id", "id", "institution that it is for", key=True, optional=True),
        *_PERIOD,
    ),
)
"""Who is registered for what (2503, 2505)."""

FILINGS = Table(
    "filings",
    (
        *_WHOSE,
        Column("filing", "code", "long_term, transfer, emergency, temporary"),
        Column("care_region", "code", "region of care that it is for, * for any", key=True),
        Column("institution_id", "id", "hospital that it is for", key=True, optional=True),
        *_PERIOD,
    ),
)
"""Care elsewhere that was filed before it began, and referrals to a hospital (2501)."""

ACCOUNT_CREDITS = Table(
    "account_credits",
    (
        Column("credit_id", "id", "number of the posting", key=True),
        *_WHOSE,
        Column("credited_on", "date", "day from whose beginning the account holds it"),
        Column("amount", "money", "what enters the account, negative for what leaves it", "yuan"),
    ),
)

FAMILY_LINKS = Table(
    "family_links",
    (
        Column("link_id", "id", "number of the posting", key=True),
        *_WHOSE,
        Column("account", "code", "linked account that pays, 1 to 4"),
        Column("owner_id", "id", "person whose own account it is set aside from"),
        Column("owner_region", "code", "region that insures the owner"),
        Column("owner_insurance", "code", "national code of the owner's insurance"),
        Column("linked_on", "date", "day from whose beginning it is set aside"),
        Column("amount", "money", "what is set aside, negative for what is given back", "yuan"),
    ),
)

ENDS = Table(
    "ends",
    (
        Column("person_id", "id", "number of the insured person", key=True),
        Column("end", "code", "death, moved_away or no_longer_qualified", key=True),
        Column("ended_on", "date", "day on which it happened", key=True),
        Column("known_on", "date", "day on which the bureau learned of it"),
    ),
)
"""What ends entitlement for good."""

AGREEMENTS = Table(
    "agreements",
    (
        Column("institution_id", "id", "code of the institution", key=True),
        Column("care", "code", "kind of visit that it is for, * for all", key=True),
        Column("standing", "code", "in_force, or suspended", key=True),
        *_PERIOD,
    ),
)
"""What the bureau has agreed that an institution settles directly, and when that is suspended."""

CLOSED_YEARS = Table(
    "closed_years",
    (
        Column("region", "code", "region of the scheme", key=True),
        Column("insurance", "code", "national code of the insurance", key=True),
        Column("year", "count", "insurance year", key=True),
        Column("closed_on", "date", "day from whose beginning it is closed"),
    ),
)

# --- as read

COVER_TERMS_READ = Table(
    "cover_terms",
    (
        *_WHOSE_READ,
        *_PERIOD_READ,
        Column("tier", "code", "tier of the scheme", optional=True),
        Column("enrolled_from", "int32", "first day of unbroken enrolment", "day", optional=True),
        Column("contribution_years", "int32", "full years of contributions", optional=True),
    ),
)
"""What `persons` tells of a cover beside its class, for those covers of which it tells any."""

REGISTRATIONS_READ = Table(
    "registrations",
    (
        *_WHOSE_READ,
        Column("registration", "code", "its name among the policy's `registrations`", key=True),
        Column("disease_code", "code", "disease that it is for", key=True, optional=True),
        Column("institution_id", "id", "institution that it is for", key=True, optional=True),
        *_PERIOD_READ,
    ),
)

FILINGS_READ = Table(
    "filings",
    (
        *_WHOSE_READ,
        Column("filing", "int8", "engine.claims.columns.Filing"),
        Column("care_region", "code", "region of care that it is for, * for any", key=True),
        Column("institution_id", "id", "hospital that it is for", key=True, optional=True),
        *_PERIOD_READ,
    ),
)

ACCOUNT_ENTRIES_READ = Table(
    "account_entries",
    (
        *_WHOSE_READ,
        Column("account", "int8", "0 the person's own, else the number of a linked one", key=True),
        Column("day", "int32", "day from whose beginning it counts", "day", key=True),
        Column("amount_fen", "int64", "sum of the day's postings", "fen"),
    ),
)
"""Credits and links alike, by day; a link is an entry of either side."""

ENDS_READ = Table(
    "ends",
    (
        Column("person_id", "id", "number of the insured person", key=True),
        Column("end", "code", "engine.settlement.entitlement.EndKind", key=True),
        Column("ended_on", "int32", "day on which it happened", "day", key=True),
        Column("known_on", "int32", "day on which the bureau learned of it", "day"),
    ),
)

AGREEMENTS_READ = Table(
    "agreements",
    (
        Column("institution_id", "id", "code of the institution", key=True),
        Column("visit_kind", "int8", "engine.codes.enums.VisitKind, 0 for all", key=True),
        Column("suspended", "int8", "1 where the agreement is suspended, else 0", key=True),
        *_PERIOD_READ,
    ),
)

CLOSED_YEARS_READ = Table(
    "closed_years",
    (
        Column("region", "code", "region of the scheme", key=True),
        Column("insurance", "int8", "engine.codes.enums.Insurance", key=True),
        Column("year", "int32", "insurance year", key=True),
        Column("closed_on", "int32", "day from whose beginning it is closed", "day"),
    ),
)
