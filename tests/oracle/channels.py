"""Default channel groups, as GA4 lists them (canon M04, kpi_rules A20): the first match wins."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

SITES = Path(__file__).parents[2] / "seeds" / "ref" / "channel_sources.csv"

PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
SHOPPING = re.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$")
DISPLAY = ("display", "banner", "expandable", "interstitial", "cpm")
SOCIAL = ("social", "social-network", "social-media", "sm", "social network", "social media")
EMAIL = ("email", "e-mail", "e_mail", "e mail")
PAID_MEDIA = (
    "Paid Search",
    "Paid Shopping",
    "Paid Social",
    "Paid Video",
    "Paid Other",
    "Display",
    "Cross-network",
)

Rule = tuple[str, Callable[[str, str, str, str], bool]]

RULES: tuple[Rule, ...] = (
    ("Direct", lambda source, medium, campaign, site: _is_direct(source, medium)),
    ("Cross-network", lambda source, medium, campaign, site: "cross-network" in campaign),
    (
        "Paid Shopping",
        lambda source, medium, campaign, site: _is_shopping(site, campaign) and _is_paid(medium),
    ),
    ("Paid Search", lambda source, medium, campaign, site: site == "search" and _is_paid(medium)),
    ("Paid Social", lambda source, medium, campaign, site: site == "social" and _is_paid(medium)),
    ("Paid Video", lambda source, medium, campaign, site: site == "video" and _is_paid(medium)),
    ("Display", lambda source, medium, campaign, site: medium in DISPLAY),
    ("Paid Other", lambda source, medium, campaign, site: _is_paid(medium)),
    ("Organic Shopping", lambda source, medium, campaign, site: _is_shopping(site, campaign)),
    ("Organic Social", lambda source, medium, campaign, site: site == "social" or medium in SOCIAL),
    ("Organic Video", lambda source, medium, campaign, site: site == "video" or "video" in medium),
    (
        "Organic Search",
        lambda source, medium, campaign, site: site == "search" or medium == "organic",
    ),
    ("Referral", lambda source, medium, campaign, site: medium in ("referral", "app", "link")),
    ("Email", lambda source, medium, campaign, site: source in EMAIL or medium in EMAIL),
    ("Affiliates", lambda source, medium, campaign, site: medium == "affiliate"),
    ("Audio", lambda source, medium, campaign, site: medium == "audio"),
    ("SMS", lambda source, medium, campaign, site: "sms" in (source, medium)),
    (
        "Mobile Push",
        lambda source, medium, campaign, site: (
            medium.endswith("push")
            or "mobile" in medium
            or "notification" in medium
            or source == "firebase"
        ),
    ),
)


@cache
def channel_group(source: str, medium: str, campaign: str) -> str:
    """The channel of a source, medium and campaign."""
    texts = (source.lower(), medium.lower(), campaign.lower())
    site = _sites().get(texts[0], "")
    matching = (name for name, holds in RULES if holds(*texts, site))
    return next(matching, "Unassigned")


def _is_direct(source: str, medium: str) -> bool:
    return source == "(direct)" and medium in ("(none)", "(not set)")


def _is_paid(medium: str) -> bool:
    return bool(PAID.match(medium))


def _is_shopping(site: str, campaign: str) -> bool:
    return site == "shopping" or bool(SHOPPING.match(campaign))


@cache
def _sites() -> dict[str, str]:
    with SITES.open(newline="", encoding="utf-8") as file:
        return {row["source"].lower(): row["category"] for row in csv.DictReader(file)}
