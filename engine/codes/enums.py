"""Closed sets that the engine reckons with. The integers are stored: never renumber a member."""

from enum import IntEnum


class Insurance(IntEnum):
    """Which insurance a visit is settled under."""

    EMPLOYEE = 1
    RESIDENT = 2
    CIVIL_SERVANT = 3
    LARGE_AMOUNT = 4
    RETIRED_CADRE = 5
    DISABLED_SERVICEMAN = 6
    RED_ARMY_VETERAN = 7
    ENTERPRISE = 8
    FORMER_RURAL = 9
    FORMER_URBAN_RESIDENT = 10
    SERIOUS_ILLNESS = 11
    OTHER_SPECIAL = 12
    LONG_TERM_CARE = 13
    MATERNITY = 14
    WORK_INJURY = 15


class VisitKind(IntEnum):
    """What kind of visit a claim is for."""

    OUTPATIENT = 1
    REGISTRATION = 2
    EMERGENCY = 3
    CHRONIC = 4
    SPECIAL_DRUG = 5
    TRADITIONAL = 6
    INPATIENT = 7
    TRAUMA_INPATIENT = 8
    REFERRED_OUT = 9
    EMERGENCY_INPATIENT = 10
    CROSS_REGION_INPATIENT = 11
    SINGLE_DISEASE = 12
    SELF_ARRANGED_INPATIENT = 13
    DAY_SURGERY = 14
    PHARMACY = 15
    MATERNITY_OUTPATIENT = 16
    MATERNITY_INPATIENT = 17
    FAMILY_PLANNING = 18
    CARE = 19
    ACCIDENT_OUTPATIENT = 20
    OTHER_OUTPATIENT = 21
    OTHER_INPATIENT = 22
    OTHER_PURCHASE = 23
    LOCAL = 24


class PersonType(IntEnum):
    """The class of an insured person, without its local subclasses."""

    ACTIVE = 1
    RETIRED = 2
    RETIRED_CADRE = 3
    MINOR_RESIDENT = 4
    ADULT_RESIDENT = 5
    ELDERLY_RESIDENT = 6


class LevelGroup(IntEnum):
    """The level of a hospital as policies group it; L0 has none, as pharmacies."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3


class HospitalLevel(IntEnum):
    """The accredited level of a hospital. It need not be the level that prices or deducts."""

    L3_SPECIAL = 1
    L3A = 2
    L3B = 3
    L3C = 4
    L2A = 5
    L2B = 6
    L2C = 7
    L1A = 8
    L1B = 9
    L1C = 10
    NONE = 11

    @property
    def group(self) -> LevelGroup:
        """The level group of this level."""
        return LevelGroup[self.name[:2]] if self is not HospitalLevel.NONE else LevelGroup.L0


class ItemClass(IntEnum):
    """The class of a catalogue item: A whole, B after a first share, C off the list."""

    A = 1
    B = 2
    C = 3


class ItemCategory(IntEnum):
    """What a charge is for."""

    BED = 1
    CONSULTATION = 2
    EXAMINATION = 3
    LABORATORY = 4
    TREATMENT = 5
    SURGERY = 6
    NURSING = 7
    CONSUMABLES = 8
    WESTERN_DRUG = 9
    HERBAL_SLICES = 10
    PATENT_DRUG = 11
    GENERAL_CONSULTATION = 12
    REGISTRATION = 13
    OTHER = 14


class Sex(IntEnum):
    """Sex as the identity record states it."""

    UNKNOWN = 0
    MALE = 1
    FEMALE = 2


class Fund(IntEnum):
    """A fund that pays. Results hold one amount per fund, in this order."""

    POOL = 0
    LARGE_AMOUNT = 1
    SERIOUS_ILLNESS = 2
    CIVIL_SERVANT = 3
    ENTERPRISE = 4
    ASSISTANCE = 5
    INJURY = 6
    MATERNITY = 7
    OTHER = 8


class PaymentSource(IntEnum):
    """Where a payment comes from as the interface itemises it: finer than funds, and wider."""

    EMPLOYEE_POOL = 1
    RESIDENT_POOL = 2
    ACCOUNT = 3
    FAMILY_ACCOUNT = 4
    LARGE_AMOUNT = 5
    SERIOUS_ILLNESS = 6
    CIVIL_SERVANT = 7
    ENTERPRISE = 8
    ASSISTANCE = 9
    INJURY = 10
    MATERNITY = 11
    RETIRED_CADRE = 12
    DISABLED_SERVICEMAN = 13
    PREFERENTIAL = 14
    EMPLOYEE_ACCIDENT = 15
    RESIDENT_ACCIDENT = 16
    SPECIAL_BENEFIT = 17
    CARE = 18
    GOVERNMENT_BACKSTOP = 19
    HOSPITAL_ADVANCED = 20
    HOSPITAL_WAIVER = 21
    OTHER = 22

    @property
    def fund(self) -> Fund | None:
        """The fund that bears it; None for account money and what the hospital bears."""
        if self in _BORNE_BY_NO_FUND:
            return None
        return _FUND_OF_SOURCE.get(self, Fund.OTHER)

    @classmethod
    def of_fund(cls, fund: Fund, insurance: Insurance) -> "PaymentSource":
        """Return the source that a fund's payment under an insurance is itemised as."""
        if fund is Fund.POOL:
            return cls.RESIDENT_POOL if insurance is Insurance.RESIDENT else cls.EMPLOYEE_POOL
        return cls[fund.name]


_BORNE_BY_NO_FUND = frozenset(
    {
        PaymentSource.ACCOUNT,
        PaymentSource.FAMILY_ACCOUNT,
        PaymentSource.HOSPITAL_ADVANCED,
        PaymentSource.HOSPITAL_WAIVER,
    }
)

_FUND_OF_SOURCE = {
    PaymentSource.EMPLOYEE_POOL: Fund.POOL,
    PaymentSource.RESIDENT_POOL: Fund.POOL,
    PaymentSource.LARGE_AMOUNT: Fund.LARGE_AMOUNT,
    PaymentSource.SERIOUS_ILLNESS: Fund.SERIOUS_ILLNESS,
    PaymentSource.CIVIL_SERVANT: Fund.CIVIL_SERVANT,
    PaymentSource.ENTERPRISE: Fund.ENTERPRISE,
    PaymentSource.ASSISTANCE: Fund.ASSISTANCE,
    PaymentSource.INJURY: Fund.INJURY,
    PaymentSource.MATERNITY: Fund.MATERNITY,
}
