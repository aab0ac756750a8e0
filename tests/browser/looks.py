"""What every page must be, however it is looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


def accessible(page: Any) -> None:
    """axe-core has nothing against the page."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    problems = [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in found["violations"]]
    assert problems == [], json.dumps(problems, indent=1)


def fits(page: Any, width: int) -> None:
    """Nothing has to be scrolled sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
