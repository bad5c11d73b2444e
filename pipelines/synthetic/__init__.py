"""A synthetic city: claims of nobody, shaped like real ones, with every planted row on record."""

from pipelines.synthetic.make import make_city
from pipelines.synthetic.plan import CityPlan, CitySummary

__all__ = ["CityPlan", "CitySummary", "make_city"]
