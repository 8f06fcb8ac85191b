// The map inside the st_folium frame. Python describes what to show (satseg.apply), this file shows it;
// threshold, opacity, swipe and the second map live here so that they answer without a round trip.
(function () {
  "use strict";

  const { Probability, Slot, lookupTables, CHANGE_COLOURS, UNSURE } = window.satsegLayers;

  // ---------------------------------------------------------------- one map: base lines, imagery, overlay, areas

  // Names are text, never markup.
  function plain(text) {
    const node = document.createElement("span");
    node.textContent = text;
    return node;
  }

  const PANES = { base: 150, imagery: 250, later: 300, overlay: 350, second: 360, areas: 420 };

  // Where north is: the map does not turn, but a picture of it should say so.
  const North = L.Control.extend({
    options: { position: "bottomleft" },

    onAdd: function () {
      const mark = L.DomUtil.create("div", "satseg-north");
      mark.setAttribute("role", "img");
      mark.innerHTML = '<span></span><svg viewBox="0 0 12 14" aria-hidden="true"><path d="M6 0l5 14-5-3.6L1 14z"/></svg>';
      return mark;
    },

    speak: function (words) {
      this.getContainer().title = words.north_up;
      this.getContainer().setAttribute("aria-label", words.north_up);
      this.getContainer().firstChild.textContent = words.north;
    },
  });

  class Sheet {
    constructor(map, app) {
      this.map = map;
      this.app = app;
      Object.entries(PANES).forEach(([name, z]) => {
        map.createPane("satseg-" + name).style.zIndex = z;
      });
      this.imagery = new Slot(map, "satseg-imagery", (s, o) => L.tileLayer(s.url, o));
      this.later = new Slot(map, "satseg-later", (s, o) => L.tileLayer(s.url, o));
      this.overlay = new Slot(map, "satseg-overlay", (s, o) => new Probability(s, app.tables, o));
      this.second = new Slot(map, "satseg-second", (s, o) => new Probability(s, app.tables, o));
      this.districts = L.geoJSON(null, {
        pane: "satseg-base",
        interactive: false,
        style: { color: "#8a97a6", weight: 1, fillColor: "#f7f8f6", fillOpacity: 1 },
        onEachFeature: (feature, layer) => {
          layer.bindTooltip("", { permanent: true, direction: "center", className: "satseg-district" });
        },
      }).addTo(map);
      this.areas = L.geoJSON(null, {
        pane: "satseg-areas",
        style: { className: "satseg-outline" },
        onEachFeature: (feature, layer) => layer.on("click", () => app.chooseRegion(feature.properties.id)),
      }).addTo(map);
      this.around = L.geoJSON(null, {
        pane: "satseg-areas",
        interactive: false,
        style: (feature) => (feature.properties.outside
          ? { stroke: false, fillColor: "#101c22", fillOpacity: 0.45 }
          : { color: "#ffffff", weight: 3, fill: false, className: "satseg-outline" }),
      }).addTo(map);
      this.focus = L.geoJSON(null, {
        pane: "satseg-areas",
        interactive: false,
        style: { color: "#ffffff", weight: 3, fill: false, className: "satseg-outline" },
      }).addTo(map);
      map.attributionControl.setPrefix('<a href="https://leafletjs.com" target="_blank" rel="noopener">Leaflet</a>');
      L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
      this.north = new North().addTo(map);
      ["pointerdown", "wheel", "keydown"].forEach((name) =>
        map.getContainer().addEventListener(name, () => { app.untouched = false; }, { capture: true, passive: true }));
      map.on("zoomend", () => this.labels());
      map.on("mousemove", (event) => app.pointer(event.latlng, this));
      map.on("mouseout", () => app.pointer(null, this));
      this.cross = L.circleMarker([0, 0], { radius: 6, color: "#ffffff", weight: 2, fill: false, interactive: false });
    }

    labels() {
      this.map.getContainer().classList.toggle("satseg-far", this.map.getZoom() <= 12);
      this.districts.eachLayer((layer) => {
        const box = layer.getBounds();
        const wide = this.map.latLngToLayerPoint(box.getNorthEast()).x - this.map.latLngToLayerPoint(box.getSouthWest()).x;
        const shown = layer.getTooltip().getElement();
        if (shown) shown.style.visibility = wide < 60 ? "hidden" : "";
      });
    }

    drawDistricts(districts, language) {
      if (districts && !this.districts.getLayers().length) this.districts.addData(districts);
      this.districts.eachLayer((layer) => {
        const names = layer.feature.properties;
        layer.setTooltipContent(plain(language === "zh" ? names.name_zh : names.name_en || names.name_zh));
      });
      this.labels();
    }

    drawAreas(regions, current) {
      const drawn = JSON.stringify([regions.map((r) => [r.id, r.name, r.hasData]), current]);
      if (drawn === this.drawn) return;
      this.drawn = drawn;
      this.areas.clearLayers();
      this.areas.addData({
        type: "FeatureCollection",
        features: regions.map((r) => ({
          type: "Feature",
          geometry: r.geometry,
          properties: { id: r.id, name: r.name, hasData: r.hasData },
        })),
      });
      this.areas.eachLayer((layer) => {
        const here = layer.feature.properties.id === current;
        layer.setStyle({
          color: here ? "#ffffff" : "#00625f",
          weight: 2,
          dashArray: layer.feature.properties.hasData ? null : "4 4",
          fill: !here,
          fillColor: "#00857f",
          fillOpacity: here ? 0 : 0.35,
        });
        if (!here) this.reachable(layer);
        if (!here) layer.bindTooltip(plain(layer.feature.properties.name), { className: "satseg-area", sticky: true });
      });
    }

    // Whoever has no mouse chooses a region on the map by Tab and Enter.
    reachable(layer) {
      const { id, name } = layer.feature.properties;
      const outline = layer.getElement();
      Object.entries({ tabindex: 0, role: "button", "aria-label": name }).forEach(([key, value]) =>
        outline.setAttribute(key, value));
      outline.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.app.chooseRegion(id);
      });
    }

    drawFocus(focus) {
      this.focus.clearLayers();
      if (focus) this.focus.addData(focus.geometry);
    }

    // An area of interest: its outline, and everything around it a little darker.
    drawInterest(interest) {
      const drawn = interest ? JSON.stringify(interest.geometry) : "";
      if (drawn === this.interestDrawn) return;
      this.interestDrawn = drawn;
      this.around.clearLayers();
      if (!interest) return;
      const { type, coordinates } = interest.geometry;
      const polygons = type === "Polygon" ? [coordinates] : coordinates;
      const world = [[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]];
      const holes = polygons.flatMap((rings) => rings.slice(1)).map((ring) => [ring]);
      const outside = [[world, ...polygons.map((rings) => rings[0])], ...holes];
      const feature = (geometry, isOutside) => ({ type: "Feature", geometry, properties: { outside: isOutside } });
      this.around.addData(feature({ type: "MultiPolygon", coordinates: outside }, true));
      this.around.addData(feature(interest.geometry, false));
    }

    // Show only what lies between two shares of the width; null for everything.
    clip(name, range) {
      const pane = this.map.getPane("satseg-" + name);
      if (range === null) {
        pane.style.clipPath = "";
        return;
      }
      const size = this.map.getSize();
      const a = this.map.containerPointToLayerPoint([size.x * range[0], 0]);
      const b = this.map.containerPointToLayerPoint([size.x * range[1], size.y]);
      pane.style.clipPath =
        `polygon(${a.x}px ${a.y}px, ${b.x}px ${a.y}px, ${b.x}px ${b.y}px, ${a.x}px ${b.y}px)`;
    }
  }

  // ---------------------------------------------------------------- widgets over the map

  function element(tag, className, parent, attributes) {
    const node = L.DomUtil.create(tag, className, parent);
    Object.entries(attributes || {}).forEach(([name, value]) => node.setAttribute(name, value));
    return node;
  }

  class Panel {
    constructor(parent, app) {
      this.app = app;
      this.root = element("section", "satseg-panel", parent);
      L.DomEvent.disableClickPropagation(this.root);
      L.DomEvent.disableScrollPropagation(this.root);
      this.title = element("h2", "", this.root);
      this.choice = element("select", "", this.root, { id: "satseg-paint" });
      this.choice.addEventListener("change", () => app.choosePaint(this.choice.value));
      this.first = this.slider("first", 0.02, 0.98, 0.01);
      this.threshold = this.slider("threshold", 0.02, 0.98, 0.01);
      this.opacity = this.slider("opacity", 0, 1, 0.05);
      const line = element("label", "satseg-check", this.root);
      this.shade = element("input", "", line, { type: "checkbox", id: "satseg-shade" });
      this.shadeWord = element("span", "", line);
      this.legend = element("div", "satseg-legend", this.root);
      this.shade.addEventListener("change", () => {
        app.setLook({ shade: this.shade.checked });
        app.tell();
      });
    }

    slider(name, min, max, step) {
      const row = element("div", "satseg-row", this.root);
      const label = element("label", "", row, { for: "satseg-" + name });
      const value = element("output", "", row, { for: "satseg-" + name });
      const input = element("input", "", this.root, { type: "range", id: "satseg-" + name, min, max, step });
      input.addEventListener("input", () => this.app.setLook({ [name]: Number(input.value) }));
      input.addEventListener("change", () => this.app.tell());
      return { row, label, value, input };
    }

    // What the overlay shows: farmland, or one of ``paints`` ({ kind, label, ... }) instead.
    offer(paints, chosen, words) {
      const given = [{ kind: "farmland", label: words.farmland_short }, ...paints];
      const drawn = JSON.stringify(given.map(({ kind, label }) => [kind, label]));
      this.choice.hidden = !paints.length;
      if (drawn !== this.offered) {
        this.choice.replaceChildren(...given.map(({ kind, label }) => new Option(label, kind)));
        this.offered = drawn;
      }
      this.choice.value = chosen ? chosen.kind : "farmland";
      this.choice.setAttribute("aria-label", words.overlay);
      this.threshold.row.hidden = this.threshold.input.hidden = Boolean(chosen);
      if (!chosen) return;
      this.shade.parentElement.hidden = true;
      this.legend.className = "satseg-legend " + (chosen.classes ? "satseg-kinds satseg-classes" : "satseg-unsure");
      this.legend.replaceChildren();
      if (chosen.classes) {
        chosen.classes.forEach(({ colour, name }) => {
          element("i", "", this.legend).style.background = `rgb(${colour.join(",")})`;
          element("span", "", this.legend).textContent = name;
        });
        return;
      }
      const stops = UNSURE.map(([at, colour]) => `rgb(${colour.join(",")}) ${100 * at}%`);
      this.legend.style.setProperty("--satseg-ramp", `linear-gradient(90deg, ${stops.join(", ")})`);
      chosen.ticks.forEach((text) => { element("span", "", this.legend).textContent = text; });
      element("em", "", this.legend).textContent = chosen.unit;
      element("p", "", this.legend).textContent = chosen.note;
    }

    draw(look, words, on, change, pair) {
      this.root.hidden = !on;
      this.title.textContent = words.overlay;
      this.shade.parentElement.hidden = pair;
      this.legend.className = "satseg-legend";
      const two = Boolean(words.threshold_first);
      this.first.row.hidden = this.first.input.hidden = !two;
      const parts = [["threshold", this.threshold], ["opacity", this.opacity]];
      if (two) parts.push(["first", this.first]);
      parts.forEach(([name, part]) => {
        const percent = Math.round(100 * look[name]) + " %";
        part.label.textContent = words[name === "first" ? "threshold_first" : name];
        part.value.textContent = name === "opacity" ? percent : look[name].toFixed(2);
        part.input.value = look[name];
        part.input.setAttribute("aria-valuetext", part.value.textContent);
      });
      this.shade.checked = look.shade;
      this.shadeWord.textContent = words.shade;
      this.legend.classList.toggle("satseg-ramp", look.shade && !change);
      this.legend.classList.toggle("satseg-kinds", change);
      this.legend.innerHTML = "";
      if (change) {
        [["both", 3], ["gain", 2], ["loss", 1]].forEach(([name, kind]) => {
          element("i", "", this.legend).style.background = `rgb(${CHANGE_COLOURS[kind].join(",")})`;
          element("span", "", this.legend).textContent = words[name];
        });
      } else if (look.shade) {
        ["0", "0.5", "1"].forEach((text) => { element("span", "", this.legend).textContent = text; });
      } else {
        element("i", "", this.legend);
        element("span", "", this.legend).textContent = words.farmland;
      }
    }
  }

  class Swipe {
    constructor(parent, app) {
      this.fraction = 0.5;
      this.app = app;
      this.bar = element("div", "satseg-swipe", parent);
      this.grip = element("button", "", this.bar, {
        type: "button", role: "slider", "aria-valuemin": 0, "aria-valuemax": 100, id: "satseg-swipe",
      });
      this.grip.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 6l-6 6 6 6M15 6l6 6-6 6"/></svg>';
      L.DomEvent.disableClickPropagation(this.bar);
      this.bar.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.grip.focus();
        this.bar.setPointerCapture(event.pointerId);
        this.dragging = true;
      });
      this.bar.addEventListener("pointermove", (event) => {
        if (!this.dragging) return;
        const box = parent.getBoundingClientRect();
        this.move((event.clientX - box.left) / box.width);
      });
      ["pointerup", "pointercancel"].forEach((name) =>
        this.bar.addEventListener(name, () => { this.dragging = false; }));
      this.grip.addEventListener("keydown", (event) => {
        const steps = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
        if (!(event.key in steps)) return;
        event.preventDefault();
        event.stopPropagation();
        this.move(this.fraction + steps[event.key]);
      });
    }

    move(fraction) {
      this.fraction = Math.min(0.98, Math.max(0.02, fraction));
      this.draw();
      this.app.clip();
      this.app.note();
    }

    draw() {
      this.bar.style.left = 100 * this.fraction + "%";
      this.grip.setAttribute("aria-valuenow", Math.round(100 * this.fraction));
    }
  }

  // ---------------------------------------------------------------- the application

  class App {
    constructor(map) {
      this.look = { threshold: 0.5, opacity: 0.55, shade: false, first: null };
      this.tables = lookupTables(this.look);
      this.farmland = this.tables; // what a film is painted with, whatever else is chosen
      this.wanted = null;
      this.filming = false;
      this.frame = document.getElementById("parent");
      this.first = new Sheet(map, this);
      this.second = null;
      this.districts = null;
      this.clicks = 0;
      this.drawings = 0;
      const over = element("div", "satseg-over", this.frame);
      this.labels = [element("div", "satseg-label satseg-left", over), element("div", "satseg-label satseg-right", over)];
      this.badge = element("div", "satseg-badge", over, { role: "note" });
      this.notice = element("div", "satseg-notice", over, { role: "status" });
      this.where = element("div", "satseg-where", over);
      this.swipe = new Swipe(over, this);
      this.panel = new Panel(over, this);
      this.drawer = new window.satsegDraw(over, map, (ring) => {
        this.drawings += 1;
        this.tell(null, { drawn: { number: this.drawings, ring } });
      });
      this.player = new window.satsegPlayer(over, this);
      this.drawer.changed = () => { if (this.player.state) this.player.speak(); };
      map.on("moveend", () => { if (this.state) this.note(); });
      map.on("move zoomend resize", () => { this.clip(); this.follow(this.first, this.second); });
      new ResizeObserver(() => this.resized()).observe(this.frame);
      // Until the visitor moves the map, it keeps the whole region in view.
      this.untouched = true;
      fetch("../../assets/districts.json")
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((districts) => { this.districts = districts; if (this.state) this.draw(); });
    }

    sheets() {
      return this.second && this.state.view === "side" ? [this.first, this.second] : [this.first];
    }

    apply(state) {
      const moved = !this.state || this.state.region.id !== state.region.id || !this.sameGround(state);
      if (!this.state || this.state.token !== state.token) {
        const { threshold, opacity, shade, first } = state;
        this.look = { ...this.look, threshold, opacity, shade, first };
      }
      const arriving = !this.state;
      this.state = state;
      if (arriving) this.wanted = window.satsegPlace.overlay();
      this.retable();
      this.layout();
      if (moved) this.untouched = true;
      const linked = arriving ? window.satsegPlace.at() : null;
      if (linked) {
        this.untouched = false;
        this.first.map.setView(linked.centre, linked.zoom, { animate: false });
      }
      if (arriving) this.swipe.fraction = window.satsegPlace.split() || this.swipe.fraction;
      const focus = state.focus || null;
      if (this.focus && !focus) this.untouched = true;
      if (focus && (!this.focus || this.focus.id !== focus.id)) {
        this.untouched = false;
        this.first.map.fitBounds(focus.bounds, { padding: [60, 60], maxZoom: 18, animate: false });
      } else if (this.untouched) {
        this.fit();
      }
      this.focus = focus;
      this.draw();
      if (arriving) this.stand();
      this.note();
    }

    // Tell the server, once, that the map is complete: the chart, which takes the browser long, waits for that.
    stand() {
      const { standing } = this.state;
      if (!standing) return;
      const layers = [this.first.imagery, this.first.overlay].map((slot) => slot.layer).filter(Boolean);
      const complete = (layer) => new Promise((done) => (layer.isLoading() ? layer.once("load", done) : done()));
      Promise.all(layers.map(complete)).then(() => fetch("../../standing/" + standing, { method: "POST" }));
    }

    // Write into the page's address where the visitor looks, once the map rests.
    note() {
      clearTimeout(this.noting);
      this.noting = setTimeout(() => {
        const { lat, lng } = this.first.map.getCenter();
        const at = [lat.toFixed(5), lng.toFixed(5), Math.round(10 * this.first.map.getZoom()) / 10].join(",");
        const split = this.state.view === "swipe" ? this.swipe.fraction.toFixed(2) : null;
        window.satsegPlace.write({ at: this.untouched ? null : at, split: split === "0.50" ? null : split });
      }, 300);
    }

    // Whether the visitor looks at the same area; one that was just drawn is in view already.
    sameGround(state) {
      const outline = (given) => JSON.stringify(given.interest ? given.interest.geometry : null);
      return outline(this.state) === outline(state) || Boolean(state.interest && state.interest.inView);
    }

    fit() {
      const { region, interest } = this.state;
      const margin = interest ? 60 : 10;
      const panel = interest && this.first.map.getSize().x > 640 ? 160 : 0; // beside the panel, not below it
      this.first.map.fitBounds((interest || region).bounds, {
        paddingTopLeft: [margin, margin], paddingBottomRight: [margin + panel, margin], maxZoom: 19, animate: false,
      });
    }

    resized() {
      if (!this.state) return;
      this.sheets().forEach((sheet) => sheet.map.invalidateSize({ animate: false }));
      if (this.untouched) this.fit();
      this.clip();
    }

    layout() {
      const side = this.state.view === "side";
      this.frame.className = "float-container " + (side ? "double" : "single");
      if (side && !this.second) {
        const { zoomSnap } = this.first.map.options;
        const map = L.map("map_div2", { zoomControl: false, maxZoom: 22, minZoom: 9, zoomSnap });
        map.setView(this.first.map.getCenter(), this.first.map.getZoom(), { animate: false });
        this.second = new Sheet(map, this);
        map.on("move zoomend", () => this.follow(this.second, this.first));
      }
      this.sheets().forEach((sheet) => sheet.map.invalidateSize({ animate: false }));
      if (side) this.follow(this.first, this.second);
    }

    draw() {
      const { state } = this;
      const side = state.view === "side";
      this.sheets().forEach((sheet) => {
        sheet.north.speak(state.words);
        sheet.drawDistricts(this.districts, state.language);
        sheet.drawAreas(state.regions, state.region.id);
        sheet.drawFocus(state.focus);
        sheet.drawInterest(state.interest || null);
        sheet.imagery.show(sheet === this.second && state.later ? state.later : this.ground());
      });
      this.first.later.show(state.view === "swipe" ? state.later || null : null);
      const [left, middle, right] = this.overlays();
      this.first.overlay.show(left);
      this.first.second.show(middle);
      if (this.second) this.second.overlay.show(right);
      this.repaint();
      this.clip();
      const swiping = state.view === "swipe" && Boolean(state.overlay || state.later);
      const parted = state.view === "side" || swiping;
      this.labels[0].textContent = parted ? state.words.left : "";
      const paint = this.paint();
      const beside = paint && !state.models ? paint.label : state.words.right;
      this.labels[1].textContent = parted ? beside : "";
      this.frame.classList.toggle("satseg-swiping", swiping);
      this.swipe.grip.setAttribute("aria-label", state.words.swipe);
      this.swipe.draw();
      this.badge.textContent = state.simulated ? state.words.simulated : "";
      this.notice.textContent = state.notice || "";
      this.drawer.speak(state.words, Boolean(state.drawing));
      this.player.apply(state);
      this.first.map.getContainer().setAttribute("aria-label", state.words.map);
    }

    // What the overlay shows instead of farmland: what the visitor wants, where this view has it.
    paint() {
      if (this.filming) return null;
      return (this.state.paints || []).find(({ kind }) => kind === this.wanted) || null;
    }

    choosePaint(kind) {
      this.wanted = kind === "farmland" ? null : kind;
      window.satsegPlace.write({ overlay: this.wanted });
      this.retable();
      this.draw();
    }

    retable() {
      this.farmland = lookupTables(this.look);
      const paint = this.paint();
      const key = JSON.stringify(paint && [paint.kind, paint.of, paint.top, paint.classes]);
      if (!paint) this.tables = this.farmland;
      else if (key !== this.painted) this.tables = lookupTables(this.look, paint);
      this.painted = key;
    }

    // While a film is on, its own frames stand for the overlay.
    hideOverlays(hidden) {
      if (hidden !== this.filming) {
        this.filming = hidden;
        this.retable();
      }
      [this.first, this.second].forEach((sheet) => {
        if (sheet) sheet.map.getPane("satseg-overlay").style.visibility = hidden ? "hidden" : "";
      });
    }

    // The overlays of the first map, on top of that one, and of the second map.
    overlays() {
      const { view, models, later } = this.state;
      const paint = this.state.overlay ? this.paint() : null;
      const overlay = paint ? paint.source : this.state.overlay;
      if (models && view === "swipe") return [models.first, models.second, null];
      if (models && view === "side") return [models.first, null, models.second];
      if (view === "side") return [later ? overlay : null, null, overlay];
      return [overlay, null, null];
    }

    // The picture below: where two dates are compared, the later one unless both are on view.
    ground() {
      const { state } = this;
      return state.later && state.view === "overlay" ? state.later : state.imagery;
    }

    setLook(change) {
      this.look = { ...this.look, ...change };
      if (!("opacity" in change)) this.retable();
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => { this.pending = 0; this.repaint(); });
    }

    repaint() {
      [this.first, this.second].forEach((sheet) => {
        if (!sheet) return;
        [["overlay", sheet.overlay], ["second", sheet.second]].forEach(([name, slot]) => {
          sheet.map.getPane("satseg-" + name).style.opacity = this.look.opacity;
          if (slot.layer) slot.layer.setTables(this.tables);
        });
      });
      this.player.repaint();
      const { overlay, words } = this.state;
      const change = Boolean(overlay && overlay.before) && !(this.state.models && this.state.view !== "overlay");
      this.panel.draw(this.look, words, Boolean(overlay), change, Boolean(overlay && overlay.before));
      this.panel.offer(this.state.paints || [], this.paint(), words);
    }

    clip() {
      const fraction = this.state && this.state.view === "swipe" ? this.swipe.fraction : null;
      const clips = { later: null, overlay: null, second: null };
      if (fraction !== null && this.state.models) {
        clips.overlay = [0, fraction];
        clips.second = [fraction, 1];
      } else if (fraction !== null) {
        clips[this.state.later ? "later" : "overlay"] = [fraction, 1];
      }
      Object.entries(clips).forEach(([name, range]) => this.first.clip(name, range));
      if (this.first.map.getPane("satseg-filmover")) this.first.clip("filmover", clips.overlay);
    }

    follow(from, to) {
      if (!from || !to || this.following || this.state.view !== "side") return;
      this.following = true;
      to.map.setView(from.map.getCenter(), from.map.getZoom(), { animate: false });
      this.following = false;
    }

    pointer(latlng, sheet) {
      this.where.textContent = latlng ? latlng.lat.toFixed(5) + "° N  " + latlng.lng.toFixed(5) + "° E" : "";
      const other = this.second && this.state.view === "side" ? (sheet === this.first ? this.second : this.first) : null;
      if (!other) return;
      if (latlng) other.cross.setLatLng(latlng).addTo(other.map);
      else other.cross.remove();
    }

    chooseRegion(id) {
      if (id === this.state.region.id || this.drawer.active) return;
      this.clicks += 1;
      this.tell(id);
    }

    // The answer to Python: how the overlay looks now, and a region that was clicked or an area that was drawn.
    tell(region, more) {
      window.Streamlit.setComponentValue({
        token: this.state.token, ...this.look, region: region || null, clicks: this.clicks, ...more,
      });
    }
  }

  let app = null;
  window.satseg = {
    apply: function (map, state) {
      app = app || new App(map);
      app.apply(state);
    },
    maps: () => app.sheets().map((sheet) => sheet.map),
  };
})();
