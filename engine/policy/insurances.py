"""Which scheme settles a visit under an insurance."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.codes.enums import Insurance

SCHEME_OF: Mapping[Insurance, str] = MappingProxyType(
    {
        Insurance.EMPLOYEE: "employee",
        Insurance.RESIDENT: "resident",
        Insurance.CIVIL_SERVANT: "civil_servant",
        Insurance.SERIOUS_ILLNESS: "serious_illness",
        Insurance.MATERNITY: "maternity",
        Insurance.WORK_INJURY: "injury",
    }
)
"""The other insurances settle nothing by a scheme of their own."""
