"""The forms that rules of the catalogue may name: a closed list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from engine.rules.facts import Facts, Parameters
from engine.rules.forms.alone import AloneParameters, find_alone
from engine.rules.forms.conflict import ConflictParameters, find_conflicts
from engine.rules.forms.course import CourseParameters, find_past_course
from engine.rules.forms.during import DuringParameters, find_during
from engine.rules.forms.frequency import FrequencyParameters, find_frequent
from engine.rules.forms.interval import IntervalParameters, find_in_intervals
from engine.rules.forms.limit import LimitParameters, find_limited
from engine.rules.forms.overlap import OverlapParameters, find_overlaps
from engine.rules.forms.pair import PairParameters, find_pairs
from engine.rules.forms.quantity import QuantityParameters, find_quantities
from engine.rules.forms.readmission import ReadmissionParameters, find_readmissions
from engine.rules.forms.repeat import RepeatParameters, find_repeats
from engine.rules.forms.repeat_line import RepeatLineParameters, find_repeated_lines
from engine.rules.forms.stay_units import StayUnitsParameters, find_past_stay


@dataclass(frozen=True)
class Form:
    """What a form asks of a rule, and the function that finds its CANDIDATES."""

    parameters: type[Parameters]
    find: Callable[[Any, Facts], pl.DataFrame]


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "alone": Form(AloneParameters, find_alone),
        "conflict": Form(ConflictParameters, find_conflicts),
        "course": Form(CourseParameters, find_past_course),
        "during": Form(DuringParameters, find_during),
        "frequency": Form(FrequencyParameters, find_frequent),
        "interval": Form(IntervalParameters, find_in_intervals),
        "limit": Form(LimitParameters, find_limited),
        "overlap": Form(OverlapParameters, find_overlaps),
        "pair": Form(PairParameters, find_pairs),
        "quantity": Form(QuantityParameters, find_quantities),
        "readmission": Form(ReadmissionParameters, find_readmissions),
        "repeat": Form(RepeatParameters, find_repeats),
        "repeat_line": Form(RepeatLineParameters, find_repeated_lines),
        "stay_units": Form(StayUnitsParameters, find_past_stay),
    }
)
