"""What was understood of an image, to be looked at, corrected, and then added or discarded."""

from __future__ import annotations

import base64
import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.choice import region_name
from dashboard.notices import attempt, show_error
from dashboard.overview import BOUNDS, district_paths, project
from dashboard.scene_text import in_bytes
from dashboard.session import Keys, Language
from dashboard.shelf import desk, shelf
from dashboard.words import Words
from satseg.bands import canonical
from satseg.deliveries import Plan, described
from satseg.errors import SatsegError
from satseg.intake import Entry, Status, Understood, place
from satseg.intake.adding import MAX_TEXT
from satseg.intake.understanding import FIRST_YEAR, suggested_title

if TYPE_CHECKING:
    from satseg.regions import Region

OTHER: Final = "other"
NEW: Final = ""
AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Fields:
    """The keys of the boxes of one arrival."""

    arrival_id: str

    def key(self, name: str) -> str:
        """Return the key of a box."""
        return f"{name}_{self.arrival_id}"


def show_preview(status: Status, say: Words) -> None:
    """Draw what was understood, the boxes to correct it, and the two buttons."""
    if status.known:
        scene = next((s for s in shelf().catalog.scenes() if s.id == status.known), None)
        st.warning(say("known_scene", name=scene.title if scene else status.known))
    if status.plan is not None:
        _delivery(status, status.plan, say)
    elif status.understood is not None:
        _image(status, status.understood, say)


def _image(status: Status, found: Understood, say: Words) -> None:
    fields = Fields(status.arrival.id)
    _suggest(status, found, fields)
    look, facts, form = st.columns([1.15, 1.1, 1.25], gap="medium")
    with form:
        _title(fields, say)
        bands = _bands(found, fields, say)
        when, terms = st.columns(2, gap="small")
        with when:
            entry_date = _date(fields, say)
        with terms:
            _licence(fields, say)
        region_id = _region(place(found.footprint, shelf().regions()).touched, fields, say)
        missing = say("need_bands") if not bands else "" if entry_date else say("need_date")
        _buttons(status, missing, (fields, bands, region_id), say)
    with look:
        order = bands if bands and len(bands) == found.look.values.shape[0] else found.scene.bands
        st.image(
            found.look.png(order),
            width="stretch",
            alt=say("picture_of", name=status.arrival.name),
        )
    with facts:
        st.html(_heading(status.arrival.name, say, simulated=found.scene.simulated))
        st.html(_facts(found, say) + _map(found, status.arrival.name, say))


def _suggest(status: Status, found: Understood, fields: Fields) -> None:
    """Fill the boxes once with what was understood; later they are the visitor's."""
    state = st.session_state
    if fields.key("title") not in state:
        state[fields.key("title")] = suggested_title(status.arrival.name)
        state[fields.key("date")] = found.scene.date
        state[fields.key("region_en")] = suggested_title(status.arrival.name)


def _bands(found: Understood, fields: Fields, say: Words) -> tuple[str, ...]:
    """Return the order of the bands; empty while nobody has told one that fits."""
    orders = [",".join(order) for order in found.orders]
    key = fields.key("order")
    if st.session_state.get(key) not in [*orders, OTHER]:
        told = found.bands_told != "nobody"
        st.session_state[key] = ",".join(found.scene.bands) if told else None
    chosen = st.selectbox(
        say("order_label"),
        [*orders, OTHER],
        key=key,
        format_func=lambda text: say("order_other") if text == OTHER else text.replace(",", ", "),
        placeholder=say("told_nobody"),
        help=say("order_help"),
    )
    if chosen is None:
        return ()
    text = chosen
    if chosen == OTHER:
        text = st.text_input(
            say("order_text"),
            key=fields.key("bands"),
            placeholder=say("order_hint"),
            max_chars=MAX_TEXT,
        )
    try:
        bands = tuple(canonical(name.strip()) for name in text.split(",") if name.strip())
    except SatsegError as error:
        show_error(error, say)
        return ()
    fits = len(bands) in (found.structure.data_bands, found.structure.bands)
    return bands if fits and len(set(bands)) == len(bands) else ()


def _date(fields: Fields, say: Words) -> dt.date | None:
    chosen: dt.date | None = st.date_input(
        say("date_label"),
        value=None,
        key=fields.key("date"),
        min_value=dt.date(FIRST_YEAR, 1, 1),
        max_value="today",
        format="YYYY-MM-DD",
        help=say("date_help"),
    )
    return chosen


def _title(fields: Fields, say: Words) -> None:
    st.text_input(
        say("title_label"), key=fields.key("title"), max_chars=100, help=say("title_help")
    )


def _licence(fields: Fields, say: Words) -> None:
    st.text_input(
        say("licence_label"), key=fields.key("licence"), max_chars=100, help=say("licence_help")
    )


def _region(touched: Sequence[Region], fields: Fields, say: Words) -> str:
    """Draw the list of the regions below the image; return the id of one, or NEW."""
    language: Language = st.session_state[Keys.LANGUAGE]
    known = {region.id: region for region in touched}
    options = [*known, NEW]
    box = fields.key(f"home_{language}")
    if st.session_state.get(box) not in options:
        st.session_state[box] = st.session_state.get(fields.key("home"), options[0])
    chosen: str = st.selectbox(
        say("region_label"),
        options,
        key=box,
        format_func=lambda name: region_name(known[name], language) if name else say("region_new"),
        help=say("region_help"),
    )
    st.session_state[fields.key("home")] = chosen
    if chosen == NEW:
        english, chinese = st.columns(2, gap="small")
        english.text_input(say("region_en"), key=fields.key("region_en"), max_chars=100)
        chinese.text_input(say("region_zh"), key=fields.key("region_zh"), max_chars=100)
    return chosen


def _buttons(
    status: Status, missing: str, made: tuple[Fields, tuple[str, ...], str], say: Words
) -> None:
    arrival_id = status.arrival.id
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            say("add_scene"),
            key=f"add_{arrival_id}",
            type="primary",
            disabled=bool(missing or status.known),
            on_click=attempt,
            args=(_add, *made),
        )
        st.button(
            say("discard"),
            key=f"discard_{arrival_id}",
            on_click=attempt,
            args=(desk().discard, arrival_id),
        )
        if missing and not status.known:
            st.html(f'<p class="satseg-note">{html.escape(missing)}</p>')


def _add(fields: Fields, bands: tuple[str, ...], region_id: str) -> None:
    state = st.session_state
    date = state.get(fields.key("date"))
    sharpened = state.get(fields.key("sharpen"), False)
    entry = Entry(
        title=state[fields.key("title")],
        date=date if isinstance(date, dt.date) else None,
        bands=bands,
        region_id=None if region_id in (NEW, AUTO) else region_id,
        region_name=state.get(fields.key("region_en"), ""),
        region_name_zh=state.get(fields.key("region_zh"), ""),
        licence=state.get(fields.key("licence"), "").strip(),
        pansharpen_m=state.get(fields.key("gsd")) if sharpened else None,
    )
    desk().add(fields.arrival_id, entry)


def _delivery(status: Status, plan: Plan, say: Words) -> None:
    fields = Fields(status.arrival.id)
    if fields.key("title") not in st.session_state:
        st.session_state[fields.key("title")] = suggested_title(status.arrival.name)
    facts, form = st.columns([1.5, 1], gap="medium")
    with facts:
        st.html(_heading(status.arrival.name, say, simulated=plan.simulated))
        rows = [(html.escape(label), html.escape(text)) for label, text in described(plan)]
        st.html(_table(rows))
    with form:
        _title(fields, say)
        if plan.delivery.pan is not None and plan.delivery.image.kind == "multispectral":
            finest = plan.delivery.pan.metadata.gsd_m or 0.5
            if st.toggle(say("sharpen"), key=fields.key("sharpen")):
                st.number_input(
                    say("sharpen_gsd"),
                    min_value=0.1,
                    max_value=10.0,
                    value=float(finest),
                    step=0.1,
                    key=fields.key("gsd"),
                    help=say("sharpen_help"),
                )
        _licence(fields, say)
        st.html(f'<p class="satseg-note">{say("region_label")}: {say("region_auto")}</p>')
        _buttons(status, "", (fields, (), AUTO), say)


def _heading(name: str, say: Words, *, simulated: bool) -> str:
    chip = f' <span class="satseg-chip">{say("simulated_short")}</span>' if simulated else ""
    return f'<h3 class="satseg-heading satseg-file">{html.escape(name)}{chip}</h3>'


def _facts(found: Understood, say: Words) -> str:
    scene, structure = found.scene, found.structure
    known_bands = ", ".join(scene.bands) if found.bands_told != "nobody" else ""
    count = say("bands_n", n=structure.data_bands)
    regions = place(found.footprint, shelf().regions())
    language: Language = st.session_state[Keys.LANGUAGE]
    home = region_name(regions.region, language) if regions.region else say("region_none")
    size = say(
        "pixels",
        height=f"{structure.height:,}",
        width=f"{structure.width:,}",
        size=in_bytes(structure.size_bytes),
    )
    crs = scene.grid.crs if len(scene.grid.crs) < 40 else scene.grid.crs.split('"')[1]
    lon, lat = found.footprint.centroid.x, found.footprint.centroid.y
    validity = scene.layout.validity
    nodata = found.nodata
    if validity != "nodata":
        nodata = say("nodata_none" if validity == "all" else f"nodata_{validity}")
    rows = [
        ("fact_bands", f"{count}: {known_bands}" if known_bands else count, found.bands_told),
        ("fact_date", str(scene.date or "–"), found.date_told),
        ("fact_crs", crs, ""),
        ("fact_gsd", f"{found.gsd_m:.2f} m", ""),
        ("fact_size", size, ""),
        ("fact_valid", say("about", share=f"{100 * found.look.valid_fraction:.1f} %"), ""),
        ("fact_nodata", nodata, ""),
        ("fact_region", home, ""),
        (
            "fact_place",
            f"{abs(lon):.4f}° {'E' if lon >= 0 else 'W'}, "
            f"{abs(lat):.4f}° {'N' if lat >= 0 else 'S'}",
            "",
        ),
    ]
    return _table(
        [
            (
                say(label),
                html.escape(text)
                + (f"<small>{html.escape(say(f'told_{told}'))}</small>" if told else ""),
            )
            for label, text, told in rows
        ]
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in rows)
    return f'<dl class="satseg-facts">{cells}</dl>'


def _map(found: Understood, name: str, say: Words) -> str:
    """Return a small drawing of Shanghai with the footprint; nothing for a place elsewhere."""
    west, south, east, north = found.footprint.bounds
    inside = west < BOUNDS[2] and east > BOUNDS[0] and south < BOUNDS[3] and north > BOUNDS[1]
    if not inside:
        return ""
    width, height = project(BOUNDS[2], BOUNDS[1])
    left, top = project(west, north)
    right, bottom = project(east, south)
    x, y = (left + right) / 2, (top + bottom) / 2
    districts = "".join(
        f'<path d="{each["path"]}"/>' for each in district_paths(st.session_state[Keys.LANGUAGE])
    )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<g fill="#dde6e8" stroke="#fff">{districts}</g><g stroke="#b4174b">'
        f'<rect x="{left}" y="{top}" width="{max(1.0, right - left):.1f}"'
        f' height="{max(1.0, bottom - top):.1f}" fill="#b4174b"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="13" fill="none" stroke-width="3"/></g></svg>'
    )
    label = html.escape(say("place_of", name=name), quote=True)
    source = base64.b64encode(drawing.encode()).decode()
    return f'<img class="satseg-where" alt="{label}" src="data:image/svg+xml;base64,{source}">'
