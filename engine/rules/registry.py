"""The forms that rules of the catalogue may name: a closed list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from engine.rules.facts import Facts, Parameters
from engine.rules.forms.alone import AloneParameters, find_alone
from engine.rules.forms.balance import BalanceParameters, find_past_stock
from engine.rules.forms.company import CompanyParameters, find_company
from engine.rules.forms.conflict import ConflictParameters, find_conflicts
from engine.rules.forms.course import CourseParameters, find_past_course
from engine.rules.forms.differ import DifferParameters, find_differing
from engine.rules.forms.during import DuringParameters, find_during
from engine.rules.forms.frequency import FrequencyParameters, find_frequent
from engine.rules.forms.interval import IntervalParameters, find_in_intervals
from engine.rules.forms.limit import LimitParameters, find_limited
from engine.rules.forms.make_up import MakeUpParameters, find_light
from engine.rules.forms.overlap import OverlapParameters, find_overlaps
from engine.rules.forms.pair import PairParameters, find_pairs
from engine.rules.forms.parts import PartsParameters, find_parts
from engine.rules.forms.quantity import QuantityParameters, find_quantities
from engine.rules.forms.readmission import ReadmissionParameters, find_readmissions
from engine.rules.forms.repeat import RepeatParameters, find_repeats
from engine.rules.forms.repeat_line import RepeatLineParameters, find_repeated_lines
from engine.rules.forms.stay_units import StayUnitsParameters, find_past_stay
from engine.rules.forms.supply import SupplyParameters, find_past_supply
from engine.rules.forms.surge import SurgeParameters, find_surges
from engine.rules.forms.together import TogetherParameters, find_together
from engine.rules.forms.unattended import UnattendedParameters, find_unattended
from engine.rules.forms.unlisted import UnlistedParameters, find_unlisted
from engine.rules.forms.unrecorded import UnrecordedParameters, find_unrecorded
from engine.rules.forms.without import WithoutParameters, find_without


@dataclass(frozen=True)
class Form:
    """What a form asks of a rule, and the function that finds its CANDIDATES."""

    parameters: type[Parameters]
    find: Callable[[Any, Facts], pl.DataFrame]


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "alone": Form(AloneParameters, find_alone),
        "balance": Form(BalanceParameters, find_past_stock),
        "company": Form(CompanyParameters, find_company),
        "conflict": Form(ConflictParameters, find_conflicts),
        "course": Form(CourseParameters, find_past_course),
        "differ": Form(DifferParameters, find_differing),
        "during": Form(DuringParameters, find_during),
        "frequency": Form(FrequencyParameters, find_frequent),
        "interval": Form(IntervalParameters, find_in_intervals),
        "limit": Form(LimitParameters, find_limited),
        "make_up": Form(MakeUpParameters, find_light),
        "overlap": Form(OverlapParameters, find_overlaps),
        "pair": Form(PairParameters, find_pairs),
        "parts": Form(PartsParameters, find_parts),
        "quantity": Form(QuantityParameters, find_quantities),
        "readmission": Form(ReadmissionParameters, find_readmissions),
        "repeat": Form(RepeatParameters, find_repeats),
        "repeat_line": Form(RepeatLineParameters, find_repeated_lines),
        "stay_units": Form(StayUnitsParameters, find_past_stay),
        "supply": Form(SupplyParameters, find_past_supply),
        "surge": Form(SurgeParameters, find_surges),
        "together": Form(TogetherParameters, find_together),
        "unattended": Form(UnattendedParameters, find_unattended),
        "unlisted": Form(UnlistedParameters, find_unlisted),
        "unrecorded": Form(UnrecordedParameters, find_unrecorded),
        "without": Form(WithoutParameters, find_without),
    }
)
