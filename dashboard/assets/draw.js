// Drawing an area on the map: corners by click, by touch or, with the arrow keys and the space bar, at the middle.
(function () {
  "use strict";

  const SAME_PX = 6;
  const MAX_CORNERS = 500;
  const ICON =
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 8l8-4 6 7-4 8-9-2z"/><circle cx="5" cy="8" r="2"/>' +
    '<circle cx="13" cy="4" r="2"/><circle cx="19" cy="11" r="2"/><circle cx="15" cy="19" r="2"/><circle cx="6" cy="17" r="2"/></svg>';

  function element(tag, className, parent, attributes) {
    const node = L.DomUtil.create(tag, className, parent);
    Object.entries(attributes || {}).forEach(([name, value]) => node.setAttribute(name, value));
    return node;
  }

  class Draw {
    constructor(parent, map, done) {
      Object.assign(this, { map, done, active: false, corners: [], changed: () => {} });
      this.start = element("button", "satseg-tool satseg-draw", parent, { type: "button", id: "satseg-draw" });
      this.start.innerHTML = ICON;
      this.bar = element("div", "satseg-bar satseg-drawing", parent, { role: "status" });
      this.hint = element("span", "", this.bar);
      this.finish = element("button", "satseg-go", this.bar, { type: "button", id: "satseg-draw-finish" });
      this.stop = element("button", "", this.bar, { type: "button", id: "satseg-draw-cancel" });
      this.cross = element("div", "satseg-cross", parent);
      [this.start, this.bar].forEach((node) => L.DomEvent.disableClickPropagation(node));
      this.start.addEventListener("click", () => (this.active ? this.end() : this.begin()));
      this.finish.addEventListener("click", () => this.complete());
      this.stop.addEventListener("click", () => this.end());
      const style = { color: "#ffffff", weight: 2.5, fillColor: "#00857f", fillOpacity: 0.25, className: "satseg-outline" };
      this.shape = L.polygon([], { ...style, interactive: false, pane: "satseg-areas" });
      this.dots = L.layerGroup();
      this.onClick = (event) => this.add(event.latlng);
      this.onMove = (event) => { this.byKeys(false); this.show(event.latlng); };
      document.addEventListener("keydown", (event) => this.key(event), true);
      this.show();
    }

    speak(words, shown) {
      this.words = words;
      this.start.hidden = !shown;
      this.start.title = words.draw;
      this.start.setAttribute("aria-label", words.draw);
      this.finish.textContent = words.draw_finish;
      this.stop.textContent = words.draw_cancel;
      if (!shown && this.active) this.end();
      this.show();
    }

    begin() {
      this.active = true;
      this.corners = [];
      this.map.doubleClickZoom.disable();
      this.map.on("click", this.onClick).on("mousemove", this.onMove);
      this.map.on("dblclick", this.complete, this).on("move", this.show, this);
      this.shape.addTo(this.map);
      this.dots.addTo(this.map);
      this.map.getContainer().classList.add("satseg-crosshair");
      this.map.getContainer().focus();
      this.show();
    }

    end() {
      this.active = false;
      this.map.off("click", this.onClick).off("mousemove", this.onMove);
      this.map.off("dblclick", this.complete, this).off("move", this.show, this);
      this.map.doubleClickZoom.enable();
      this.map.getContainer().classList.remove("satseg-crosshair");
      this.byKeys(false);
      this.shape.remove();
      this.dots.remove();
      this.corners = [];
      this.show();
    }

    complete() {
      if (this.corners.length < 3) return;
      const ring = this.corners.map((at) => [at.lng, at.lat]);
      this.end();
      this.done(ring);
    }

    add(latlng) {
      const at = this.map.latLngToContainerPoint(latlng);
      const near = (corner) => this.map.latLngToContainerPoint(corner).distanceTo(at) < SAME_PX;
      if (this.corners.length > 2 && near(this.corners[0])) {
        this.complete();
        return;
      }
      const last = this.corners[this.corners.length - 1];
      if (this.corners.length < MAX_CORNERS && !(last && near(last))) this.corners.push(latlng);
      this.show(latlng);
    }

    byKeys(on) {
      this.cross.classList.toggle("on", on);
    }

    key(event) {
      if (!this.active || event.target.closest("button, input")) {
        if (this.active && event.key === "Escape") this.end();
        return;
      }
      const does = {
        Escape: () => this.end(),
        Enter: () => this.complete(),
        Backspace: () => { this.corners.pop(); this.show(); },
        " ": () => { this.byKeys(true); this.add(this.map.getCenter()); },
      };
      if (event.key.startsWith("Arrow")) this.byKeys(true);
      if (!(event.key in does)) return;
      event.preventDefault();
      event.stopPropagation();
      does[event.key]();
    }

    show(pointer) {
      this.changed();
      const enough = this.corners.length >= 3;
      this.bar.hidden = !this.active;
      this.start.setAttribute("aria-pressed", this.active);
      this.finish.disabled = !enough;
      if (!this.active) return;
      this.hint.textContent = this.corners.length ? this.words.draw_more : this.words.draw_hint;
      const ahead = this.cross.classList.contains("on") ? this.map.getCenter() : pointer && pointer.lat ? pointer : null;
      this.shape.setLatLngs(ahead && this.corners.length ? [...this.corners, ahead] : this.corners);
      this.dots.clearLayers();
      this.corners.forEach((corner) =>
        this.dots.addLayer(L.circleMarker(corner, {
          radius: 4, color: "#1d2b33", weight: 1.5, fillColor: "#ffffff", fillOpacity: 1, interactive: false, pane: "satseg-areas",
        })));
    }
  }

  window.satsegDraw = Draw;
})();
