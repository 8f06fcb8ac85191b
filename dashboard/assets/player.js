// The dates as a film: every frame is loaded before it is shown, and two pictures are faded into each other.
(function () {
  "use strict";

  const { Probability } = window.satsegLayers;
  const FADE_MS = 450;
  const PATIENCE_MS = 6000;
  const AHEAD = 3;
  const MANY = 12;
  const SPEEDS = [[0.5, 4000], [1, 2000], [2, 1000]];
  const PICTURES = {
    play: '<path d="M8 5v14l11-7z" class="solid"/>',
    pause: '<path d="M7 5h4v14H7zM13 5h4v14h-4z" class="solid"/>',
    present: '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
    leave: '<path d="M6 6l12 12M18 6L6 18"/>',
  };

  function element(tag, className, parent, attributes) {
    const node = L.DomUtil.create(tag, className, parent);
    Object.entries(attributes || {}).forEach(([name, value]) => node.setAttribute(name, value));
    return node;
  }

  function draw(button, name) {
    if (button.dataset.picture === name) return;
    button.dataset.picture = name;
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${PICTURES[name]}</svg>`;
  }

  // The frames on one map.
  class Film {
    constructor(map) {
      Object.assign(this, { map, reels: new Map(), shown: null });
      map.createPane("satseg-film").style.zIndex = 260;
      map.createPane("satseg-filmover").style.zIndex = 355;
    }

    load(number, frame, tables, withOverlay) {
      if (this.reels.has(number)) return;
      const options = (source, pane) => ({
        pane, bounds: source.bounds, minZoom: Math.max(0, source.minZoom - 2), maxNativeZoom: source.maxZoom,
        maxZoom: 22, keepBuffer: 1, opacity: 0,
      });
      const layers = [L.tileLayer(frame.imagery.url, options(frame.imagery, "satseg-film"))];
      if (withOverlay && frame.overlay) {
        layers.push(new Probability(frame.overlay, tables, options(frame.overlay, "satseg-filmover")));
      }
      const reel = { layers, waiting: new Set(layers) };
      layers.forEach((layer) => {
        layer.on("loading", () => reel.waiting.add(layer));
        layer.on("load", () => reel.waiting.delete(layer));
        layer.on("tileloadstart", (event) => { event.tile.style.width = event.tile.style.height = "256.7px"; });
        layer.addTo(this.map);
        layer.getContainer().style.transition = `opacity ${FADE_MS}ms linear`;
      });
      this.reels.set(number, reel);
    }

    ready(number) {
      const reel = this.reels.get(number);
      return Boolean(reel) && reel.waiting.size === 0;
    }

    // The new picture rises over the old one, which stays whole below it until then: no frame is ever blank.
    show(number) {
      if (number === this.shown) return;
      const before = this.shown;
      this.shown = number;
      this.reels.forEach((reel, at) => {
        const [imagery, overlay] = reel.layers;
        imagery.setZIndex(at === number ? 3 : at === before ? 2 : 1);
        if (at === number || at !== before) imagery.setOpacity(at === number ? 1 : 0);
        if (overlay) overlay.setOpacity(at === number ? 1 : 0);
      });
      clearTimeout(this.fading);
      this.fading = setTimeout(() => {
        this.reels.forEach((reel, at) => at !== this.shown && reel.layers[0].setOpacity(0));
      }, FADE_MS + 50);
    }

    keep(numbers) {
      this.reels.forEach((reel, at) => {
        if (numbers.has(at)) return;
        reel.layers.forEach((layer) => layer.remove());
        this.reels.delete(at);
      });
    }

    clear() {
      clearTimeout(this.fading);
      this.keep(new Set());
      this.shown = null;
    }

    setTables(tables) {
      this.reels.forEach((reel) => reel.layers[1] && reel.layers[1].setTables(tables));
    }
  }

  class Player {
    constructor(parent, app) {
      Object.assign(this, { app, frames: [], index: 0, target: 0, asked: null, until: 0, playing: false, speed: 1, presenting: false });
      this.films = new Map();
      this.bar = element("div", "satseg-bar satseg-player", parent, { role: "group" });
      this.toggle = element("button", "satseg-round", this.bar, { type: "button", id: "satseg-play" });
      this.range = element("input", "", this.bar, { type: "range", min: 0, step: 1, id: "satseg-frame" });
      this.date = element("output", "satseg-date", this.bar, { for: "satseg-frame" });
      this.pace = element("button", "satseg-pace", this.bar, { type: "button", id: "satseg-speed" });
      this.stage = element("button", "satseg-round", this.bar, { type: "button", id: "satseg-present" });
      this.title = element("div", "satseg-title", parent);
      this.name = element("h1", "", this.title);
      this.when = element("p", "satseg-when", this.title);
      this.amount = element("p", "satseg-amount", this.title);
      L.DomEvent.disableClickPropagation(this.bar);
      this.toggle.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
      this.range.addEventListener("input", () => this.go(Number(this.range.value)));
      this.range.addEventListener("change", () => this.tell());
      this.pace.addEventListener("click", () => this.faster());
      this.stage.addEventListener("click", () => this.present(!this.presenting));
      document.addEventListener("keydown", (event) => this.key(event), true);
      document.addEventListener("fullscreenchange", () => {
        if (!document.fullscreenElement && this.native) this.present(false);
      });
    }

    // ------------------------------------------------------------ what Python describes

    apply(state) {
      const frames = state.frames || [];
      const text = JSON.stringify(frames.map((f) => [f.id, f.imagery.url, f.overlay && f.overlay.url]));
      const view = state.view;
      const arriving = this.text === undefined;
      const other = text !== this.text;
      const turned = !other && view !== this.view;
      if (other) this.playing = false;
      if (other || turned) this.clear();
      Object.assign(this, { text, view, frames, state });
      if (other || !this.awaits(state.frame)) this.follow(state.frame || 0);
      if (turned && this.playing) this.go(this.target);
      if (arriving && window.satsegPlace.presents()) this.present(true);
      if (this.playing) this.stay();
      this.speak();
    }

    // After it has told Python a date, the player waits for the answer and lets older ones pass.
    awaits(frame) {
      if (this.asked === frame) this.asked = null;
      return this.playing || this.waiting();
    }

    waiting() {
      return this.asked !== null && performance.now() < this.until;
    }

    follow(frame) {
      if (frame !== this.target) this.clear();
      this.target = frame;
      if (!this.running()) this.index = frame;
    }

    speak() {
      const { words } = this.state;
      const frame = this.frames[this.index];
      const many = this.frames.length > 1;
      this.bar.hidden = this.app.drawer.active || !frame || (!many && !this.presenting);
      [this.toggle, this.range, this.pace].forEach((node) => { node.hidden = !many; });
      if (!frame) return;
      this.bar.setAttribute("aria-label", words.film);
      draw(this.toggle, this.playing ? "pause" : "play");
      draw(this.stage, this.presenting ? "leave" : "present");
      this.label(this.toggle, this.playing ? words.pause : words.play);
      this.label(this.stage, this.presenting ? words.leave : words.present);
      this.label(this.pace, words.speed);
      this.pace.textContent = this.speed + "×";
      this.range.max = this.frames.length - 1;
      this.range.value = this.target;
      this.range.setAttribute("aria-label", words.frame);
      this.range.setAttribute("aria-valuetext", frame.label);
      this.date.textContent = frame.label;
      this.name.textContent = this.state.title;
      this.when.textContent = frame.label;
      this.amount.textContent = frame.note;
    }

    label(button, text) {
      button.title = text;
      button.setAttribute("aria-label", text);
    }

    // ------------------------------------------------------------ the film

    sheets() {
      const side = this.view === "side";
      return this.app.sheets().map((sheet, number) => ({ sheet, withOverlay: !side || number === 1 }));
    }

    film(sheet) {
      if (!this.films.has(sheet)) this.films.set(sheet, new Film(sheet.map));
      return this.films.get(sheet);
    }

    load(centre) {
      const count = this.frames.length;
      const near = new Set();
      if (count <= MANY) this.frames.forEach((frame, at) => near.add(at));
      else for (let step = -1; step <= AHEAD; step += 1) near.add((centre + step + count) % count);
      this.sheets().forEach(({ sheet, withOverlay }) => {
        const film = this.film(sheet);
        film.keep(near);
        // The one that is wanted now first.
        [...near].sort((a, b) => (a !== centre) - (b !== centre)).forEach((at) =>
          film.load(at, this.frames[at], this.app.farmland, withOverlay));
      });
    }

    ready(number) {
      return this.sheets().every(({ sheet }) => this.film(sheet).ready(number));
    }

    running() {
      return [...this.films.values()].some((film) => film.reels.size > 0);
    }

    clear() {
      clearTimeout(this.timer);
      this.films.forEach((film) => film.clear());
      this.app.hideOverlays(false);
    }

    // Show a frame as soon as all of it is there.
    go(number) {
      this.target = number;
      this.load(number);
      this.speak();
      clearTimeout(this.timer);
      const begun = performance.now();
      const attempt = () => {
        if (this.target !== number) return;
        if (!this.ready(number) && performance.now() - begun < PATIENCE_MS) {
          this.timer = setTimeout(attempt, 60);
          return;
        }
        this.sheets().forEach(({ sheet }) => this.film(sheet).show(number));
        this.index = number;
        this.speak();
        this.app.hideOverlays(true);
        this.repaint();
        if (this.playing) {
          if (!this.waiting()) this.tell(); // a page slower than the film follows as well as it can
          this.timer = setTimeout(() => this.go((number + 1) % this.frames.length), this.pause_ms());
        }
      };
      attempt();
    }

    pause_ms() {
      return SPEEDS.find(([speed]) => speed === this.speed)[1];
    }

    play() {
      this.playing = true;
      this.go(this.index === this.frames.length - 1 ? 0 : this.index);
    }

    // What is on view stays, also where the next date was being loaded.
    pause() {
      this.playing = false;
      this.target = this.index;
      clearTimeout(this.timer);
      this.speak();
      this.tell();
    }

    // A page that ran anew while the film plays changes nothing about it.
    stay() {
      this.app.hideOverlays(this.running());
    }

    step(by) {
      const count = this.frames.length;
      if (count < 2) return;
      this.playing = false;
      this.go((this.target + by + count) % count);
      this.tell();
    }

    faster() {
      const at = SPEEDS.findIndex(([speed]) => speed === this.speed);
      this.speed = SPEEDS[(at + 1) % SPEEDS.length][0];
      this.speak();
    }

    // The same date is not told twice: a run that is begun anew by that forgets the date of the first one.
    tell() {
      if (this.waiting() && this.asked === this.target) return;
      this.asked = this.target;
      this.until = performance.now() + PATIENCE_MS;
      this.app.tell(null, { frame: this.frames[this.target].id });
    }

    repaint() {
      this.films.forEach((film) => {
        film.map.getPane("satseg-filmover").style.opacity = this.app.look.opacity;
        film.setTables(this.app.farmland);
      });
      this.app.clip();
    }

    // ------------------------------------------------------------ the stage

    present(on) {
      if (on === this.presenting) return;
      this.presenting = on;
      this.app.frame.classList.toggle("satseg-presenting", on);
      const box = window.frameElement;
      if (box) {
        const styles = { position: "fixed", inset: "0", width: "100vw", height: "100vh", "z-index": "1000000", "border-radius": "0" };
        Object.entries(styles).forEach(([name, value]) =>
          (on ? box.style.setProperty(name, value, "important") : box.style.removeProperty(name)));
      }
      const root = document.documentElement;
      if (on && root.requestFullscreen) {
        root.requestFullscreen().then(() => { this.native = true; }).catch(() => { this.native = false; });
      } else if (!on && document.fullscreenElement) {
        document.exitFullscreen();
      }
      if (!on) this.native = false;
      window.satsegPlace.write({ present: on ? "1" : null });
      window.focus();
      if (this.state) this.speak();
      if (on) this.toggle.focus({ preventScroll: true });
      else this.stage.focus({ preventScroll: true });
    }

    key(event) {
      const inBar = this.bar.contains(event.target);
      if (this.app.drawer.active || (!inBar && !this.presenting && event.key !== " ")) return;
      if (event.key === " " && !this.presenting && event.target.closest("button, input") && !inBar) return;
      if (event.key === " " && inBar && event.target.tagName === "BUTTON" && event.target !== this.toggle) return;
      const does = {
        " ": () => (this.playing ? this.pause() : this.play()),
        ArrowLeft: () => this.step(-1),
        ArrowRight: () => this.step(1),
        Escape: () => this.present(false),
      };
      if (!(event.key in does) || this.bar.hidden || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === " " && this.frames.length < 2) return;
      event.preventDefault();
      event.stopPropagation();
      does[event.key]();
    }
  }

  window.satsegPlayer = Player;
})();
