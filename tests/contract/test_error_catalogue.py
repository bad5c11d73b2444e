"""The page of error codes is that of the sources, in both languages."""

import re

from tests.error_catalogue import PAGE, catalogue, page


def test_the_page_holds_every_code_as_the_sources_have_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.error_catalogue`"


def test_every_code_is_told_in_chinese_and_in_english() -> None:
    assert len(catalogue()) > 60
    for code, (zh, en) in catalogue().items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", code), code
        assert re.search(r"[\u4e00-\u9fff]", zh), code
        assert not re.search(r"[\u4e00-\u9fff]", en), code
