"""Sources that are listed and that no policy cites."""

from collections.abc import Iterable, Iterator

from engine.policy.book import Scheme
from engine.policy.reader import Document
from engine.policy.review.finding import Finding, walk, warning

CITED_BY_CODE = "law"


def review_sources(listing: Document, schemes: Iterable[Scheme]) -> Iterator[Finding]:
    """Return the listed sources that these schemes do not cite; laws are cited by code as well."""
    cited = {
        value.split("#")[0]
        for scheme in schemes
        for path, value in walk(scheme.document.value)
        if path[-1:] == ("source",) and isinstance(value, str)
    }
    for name, facts in listing.value["sources"].items():
        if name not in cited and facts.get("kind") != CITED_BY_CODE:
            yield warning(
                listing,
                "source_uncited",
                ("sources", name),
                f"来源 {name} 没有任何政策引用",
                f"no policy cites the source {name}",
            )
