"""What the claims of all chunks share: the plan, the catalogue, the institutions."""

from dataclasses import dataclass

from pipelines.synthetic.catalogue import Catalogue, make_catalogue
from pipelines.synthetic.institutions import Institutions, make_institutions
from pipelines.synthetic.plan import CityPlan


@dataclass(frozen=True, slots=True)
class World:
    """A plan with the reference data made from it."""

    plan: CityPlan
    catalogue: Catalogue
    places: Institutions

    @classmethod
    def of(cls, plan: CityPlan) -> "World":
        """Return the world of a plan."""
        return cls(plan, make_catalogue(plan), make_institutions(plan))
