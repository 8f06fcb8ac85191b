"""The names under which a visit's choices are kept in ``st.session_state``."""

from __future__ import annotations

from typing import Final, Literal, get_args

View = Literal["overlay", "swipe", "side"]
Colour = Literal["true_colour", "false_colour"]
Step = Literal["label", "results", "exchange"]
Kind = Literal["dates", "models"]
Language = Literal["en", "zh"]
Section = Literal["catalog", "add", "jobs", "bin"]
Way = Literal["upload", "url", "folder"]
Part = Literal["cards", "comparison", "samples", "build"]

VIEWS: Final = get_args(View)
COLOURS: Final = get_args(Colour)
STEPS: Final = get_args(Step)
KINDS: Final = get_args(Kind)
PARTS: Final = get_args(Part)
LANGUAGES: Final = get_args(Language)
SECTIONS: Final = get_args(Section)
WAYS: Final = get_args(Way)


class Keys:
    """Session keys; nothing else writes strings into the session state."""

    LANGUAGE: Final = "language"
    REGION: Final = "region"
    DATE: Final = "date"
    MODELS: Final = "models"
    VIEW: Final = "view"
    COLOUR: Final = "colour"
    UNIT: Final = "unit"
    MAP: Final = "map"
    OVERVIEW: Final = "overview"
    CHART: Final = "chart"
    CHARTED: Final = "charted"
    ASKED: Final = "asked"
    SAMPLE: Final = "sample"
    ASSESSED: Final = "assessed"
    STEP: Final = "step"
    INTERPRETER: Final = "interpreter"
    STRATA: Final = "strata"
    WANTED: Final = "wanted"
    LEAST: Final = "least"
    TRAIL: Final = "trail"
    FAILED: Final = "failed"
    PERIOD: Final = "period"
    COMPARED: Final = "compared"
    COMPARE_MAP: Final = "compare_map"
    FOCUS: Final = "focus"
    PATCHES: Final = "patches"
    DOWNLOAD: Final = "download"
    AREA: Final = "area"
    AREA_FILE: Final = "area_file"
    AREA_NAME: Final = "area_name"
    DRAFT: Final = "draft"
    UNDO: Final = "undo_offers"
    LINK: Final = "link"
    LINKED: Final = "linked"
    IGNORED: Final = "ignored"
    LOOKS: Final = "looks"
    KIND: Final = "kind"
    FIRST: Final = "first"
    SECOND: Final = "second"
    SECTION: Final = "section"
    WAY: Final = "way"
    SCENE_REGION: Final = "scene_region"
    SCENE_TEXT: Final = "scene_text"
    SCENE_PAGE: Final = "scene_page"
    PICKED: Final = "picked"
    RUN_MODELS: Final = "run_models"
    UPLOAD: Final = "upload"
    TICKETS: Final = "tickets"
    ADDRESS: Final = "address"
    SERVER_PATH: Final = "server_path"
    AUGMENT: Final = "augment"
    RUN_AUGMENT: Final = "run_augment"
    METHOD: Final = "method"
    WEIGHTS: Final = "weights"
    PART: Final = "part"
    CARD: Final = "card"
    GROUND: Final = "ground"
    GROUND_X: Final = "ground_x"
    GROUND_Y: Final = "ground_y"
    MEMBERS: Final = "members"
    MEMBER_METHOD: Final = "member_method"
    MEMBER_NAME: Final = "member_name"
    MEMBER_THRESHOLD: Final = "member_threshold"
    OPENING: Final = "opening"
    MAP_STOOD: Final = "map_stood"


KEPT: Final = (
    Keys.LANGUAGE,
    Keys.DATE,
    Keys.MODELS,
    Keys.VIEW,
    Keys.COLOUR,
    Keys.UNIT,
    Keys.CHARTED,
    Keys.STRATA,
    Keys.WANTED,
    Keys.LEAST,
    Keys.SAMPLE,
    Keys.STEP,
    Keys.INTERPRETER,
    Keys.COMPARED,
    Keys.KIND,
    Keys.FIRST,
    Keys.SECOND,
    Keys.SECTION,
    Keys.SCENE_REGION,
    Keys.SCENE_TEXT,
    Keys.METHOD,
    Keys.AUGMENT,
    Keys.PART,
    Keys.CARD,
)
"""Choices that outlive a visit of another page; Streamlit forgets those of boxes not drawn."""
