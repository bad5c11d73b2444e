"""Which of our two languages a caller reads."""

from collections.abc import Iterator

LANGUAGES = ("zh", "en")


def language_of(accepted: str) -> str:
    """Return `zh` or `en` by an Accept-Language header, or nothing where it asks for neither."""
    weighed = sorted(_weights(accepted), key=lambda pair: -pair[1])
    return next((name for name, weight in weighed if weight > 0), "")


def _weights(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in LANGUAGES:
            yield name, _weight(weight.strip())


def _weight(text: str) -> float:
    # Text that is no weight counts as none was given: a header of a browser is no reason to fail.
    number = text.removeprefix("q=")
    plain = number.replace(".", "", 1).isdecimal() and number.isascii()
    return float(number) if plain else 1.0
