"""The page about scale says what its model prints."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import scale

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "live-scale.md"


def test_the_page_shows_what_the_model_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition("<!-- python -m tests.benchmarks.scale -->\n")[2].partition("<!-- end -->")[0]
    assert shown.strip() == scale.report().strip()


def test_a_quiet_evening_costs_nothing_and_a_comment_reaches_its_watchers() -> None:
    measured = scale.Measured()
    silent = scale.Evening(comments=1e-9, likes=0, new_posts=0)
    assert scale.play(silent, measured, seconds=10, seed=1).deliveries == 0
    one_post = scale.Evening(sockets=100, reading_a_post=0.5, posts=1, comments=10, likes=0, new_posts=0)
    load = scale.play(one_post, measured, seconds=1000, seed=1)
    # 50 get the comment; the counts go to 50 and, on the feed, to 100, in the windows that saw any: at most four
    # a second, and 92 of 100 windows see one when there are ten comments a second.
    assert 9.5 < load.events < 10.5
    assert abs(load.gauges / 2 - 4 * 0.918) < 0.1
    assert abs(load.deliveries - (load.events * 50 + load.gauges / 2 * 150)) < 1e-6
