import polars as pl
import pytest

from tests.unit.pipelines.synthetic_city import CLEAN, NIGHT, PLAN, City


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(tmp_path_factory.mktemp("city"), PLAN)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(tmp_path_factory.mktemp("clean"), CLEAN)


# Refunds


def test_a_refund_is_the_exact_negative_of_its_original(city: City) -> None:
    refunds = city.claims.filter(pl.col("refund") == "1")
    pairs = refunds.join(
        city.claims.unique("settlement_id"),
        left_on="original_settlement_id",
        right_on="settlement_id",
        suffix="_original",
    )
    assert len(pairs) == len(refunds)
    assert (pairs["total_fen"] == -pairs["total_fen_original"]).all()
    for name in ("person_id", "institution_id", "visit_id", "begin_date", "end_date"):
        assert (pairs[name] == pairs[f"{name}_original"]).all(), name
    assert (pairs["settled_at"] > pairs["settled_at_original"]).all()


def test_each_line_of_a_refund_undoes_one_line_of_its_original(city: City) -> None:
    refunds = city.claims.filter(pl.col("refund") == "1")
    lines = city.lines.join(refunds.select("settlement_id", "original_settlement_id"),
                            on="settlement_id")  # fmt: skip
    pairs = lines.join(
        city.lines, left_on="original_line_id", right_on="line_id", suffix="_original"
    )
    assert len(pairs) == len(lines)
    assert (pairs["settlement_id_original"] == pairs["original_settlement_id"]).all()
    assert (pairs["item_code"] == pairs["item_code_original"]).all()
    assert (pairs["price_e6"] == pairs["price_e6_original"]).all()
    assert (pairs["quantity_e4"] == -pairs["quantity_e4_original"]).all()
    assert (pairs["amount_fen"] == -pairs["amount_fen_original"]).all()


def refunds_of_the_last(city: City) -> set[str]:
    """Walks each person's settlements in order; a refund must name the last that stands."""
    standing: dict[str, list[str]] = {}
    taken = set()
    order = city.claims.unique("settlement_id").sort("settled_at", "message_id")
    for row in order.select(
        "person_id", "settlement_id", "refund", "original_settlement_id"
    ).iter_rows():
        person, settlement, refund, original = row
        stack = standing.setdefault(person, [])
        if refund == "0":
            stack.append(settlement)
        elif stack and stack[-1] == original:
            stack.pop()
            taken.add(settlement)
    return taken


def test_only_the_planted_refunds_are_not_of_the_last_settlement(city: City) -> None:
    refunds = set(city.claims.filter(pl.col("refund") == "1")["settlement_id"])
    planted = set(city.planted("refund_not_last")["settlement_ids"].list.last())
    assert len(planted) == round(len(refunds) * 0.02)
    assert refunds - refunds_of_the_last(city) == planted


# What is planted


def test_planted_rows_are_counted_by_kind(city: City) -> None:
    counted = dict(city.truth.group_by("kind").len().iter_rows())
    assert counted == city.summary.planted
    assert {"finding", "refused", "bad_row"} == set(city.truth["group"])
    assert city.truth.filter(pl.col("group") == "bad_row")["kind"].n_unique() == 10


def test_no_settlement_serves_two_plants(city: City) -> None:
    own = city.truth.filter(pl.col("kind") != "orphan_line")["settlement_ids"].explode()
    assert own.is_unique().all()


def test_a_duplicate_differs_from_its_original_in_its_identifiers_alone(city: City) -> None:
    pairs = city.pairs("duplicate_settlement")
    assert len(pairs) == 10
    for name in ("person_id", "institution_id", "begin_date", "end_date", "disease_code",
                 "total_fen"):  # fmt: skip
        assert (pairs[name] == pairs[f"{name}_last"]).all(), name
    for name in ("message_id", "visit_id"):
        assert (pairs[name] != pairs[f"{name}_last"]).all(), name


def test_no_settlement_is_billed_twice_but_the_planted(city: City) -> None:
    key = ("person_id", "institution_id", "begin_date", "end_date", "disease_code", "total_fen")
    claims = city.claims.unique("settlement_id").drop_nulls("total_fen")
    twice = claims.filter(pl.struct(key).is_duplicated())
    assert set(twice["settlement_id"]) == set(
        city.planted("duplicate_settlement")["settlement_ids"].explode()
    )


def test_an_overlapping_stay_lies_within_another_at_another_hospital(city: City) -> None:
    pairs = city.pairs("overlapping_stays")
    assert len(pairs) == 4
    assert (pairs["visit_kind_last"] == "21").all()
    assert (pairs["person_id"] == pairs["person_id_last"]).all()
    assert (pairs["institution_id"] != pairs["institution_id_last"]).all()
    assert (pairs["begin_date"] < pairs["begin_date_last"]).all()
    assert (pairs["end_date_last"] < pairs["end_date"]).all()


def test_no_visit_of_a_clean_city_falls_within_a_stay(clean: City) -> None:
    stays = clean.claims.filter(pl.col("visit_kind") == "21")
    met = clean.claims.join(stays, on="person_id", suffix="_stay").filter(
        pl.col("settlement_id") != pl.col("settlement_id_stay"),
        pl.col("begin_date") <= pl.col("end_date_stay"),
        pl.col("end_date") >= pl.col("begin_date_stay"),
    )
    assert len(met) == 0


def test_only_the_planted_lines_are_of_items_for_the_other_sex(city: City) -> None:
    limits = city.reference("catalogue").unique("item_code").select("item_code", "sex_limit")
    persons = city.claims.unique("settlement_id").select("settlement_id", "sex")
    other = (
        city.lines.join(limits, on="item_code")
        .join(persons, on="settlement_id")
        .filter(pl.col("sex_limit") != pl.col("sex"))
    )
    assert set(other["line_id"]) == set(city.planted("other_sex_item")["line_ids"].explode())
    assert len(other) == 6


@pytest.mark.parametrize("kind", ["exponent_money", "comma_money"])
def test_an_ill_written_total_is_illegible(city: City, kind: str) -> None:
    assert city.settlements(kind)["total_fen"].to_list() == [None]


def test_illegible_values_are_all_planted(city: City) -> None:
    assert city.claims["total_fen"].null_count() == 2
    assert city.lines["amount_fen"].null_count() == 1
    assert city.planted_lines("third_decimal")["amount_fen"].to_list() == [None]


def test_a_planted_visit_ends_before_it_begins(city: City) -> None:
    visits = city.claims.filter(pl.col("end_date") < pl.col("begin_date"))
    assert visits.equals(city.settlements("end_before_begin"))
    assert len(visits) == 1


def test_a_planted_settlement_lies_after_the_night(city: City) -> None:
    after = city.claims.filter(pl.col("settled_at").dt.date() > NIGHT)
    assert after.equals(city.settlements("settled_after_night"))
    assert len(after) == 1


def test_a_planted_person_is_not_in_the_register(city: City) -> None:
    strangers = city.claims.join(city.reference("persons"), on="person_id", how="anti")
    assert set(strangers["settlement_id"]) == set(
        city.settlements("unknown_person")["settlement_id"]
    )
    assert len(strangers) == 1


def test_a_planted_item_is_in_no_catalogue(city: City) -> None:
    unlisted = city.lines.join(city.reference("catalogue"), on="item_code", how="anti")
    assert unlisted.equals(city.planted_lines("unknown_item"))
    assert len(unlisted) == 1


def test_a_planted_claim_is_negative_without_being_a_refund(city: City) -> None:
    negative = city.claims.filter(pl.col("total_fen") < 0, pl.col("refund") == "0")
    assert negative.equals(city.settlements("negative_amount"))
    lines = city.lines.filter(pl.col("settlement_id").is_in(negative["settlement_id"].implode()))
    assert lines["amount_fen"].sum() == negative["total_fen"].sum()
    assert len(negative) == 1


def test_a_planted_claim_row_stands_twice(city: City) -> None:
    repeated = city.claims.filter(pl.col("settlement_id").is_duplicated())
    assert set(repeated["settlement_id"]) == set(
        city.settlements("repeated_settlement_id")["settlement_id"]
    )
    assert len(repeated) == 2
    assert len(repeated.unique()) == 1


def test_a_planted_line_belongs_to_no_settlement(city: City) -> None:
    orphans = city.lines.join(city.claims, on="settlement_id", how="anti")
    assert orphans.equals(city.planted_lines("orphan_line"))
    assert len(orphans) == 1


def test_nothing_is_planted_where_no_share_is_asked_for(clean: City) -> None:
    assert clean.summary.planted == {}
    assert len(clean.truth) == 0
