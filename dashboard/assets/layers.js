// Layers of the map: probability painted in the browser, and a slot that changes pictures without a blink.
(function () {
  "use strict";

  const NODATA = 255;
  const LEVELS = 254;
  const MASK_COLOUR = [255, 196, 0];
  // By farmland at the earlier date (1) and at the later one (2): lost, gained, at both.
  const CHANGE_COLOURS = { 1: [213, 94, 0], 2: [0, 114, 178], 3: [240, 228, 66] };
  const RAMP = [[0, [68, 1, 84]], [0.35, [49, 104, 142]], [0.65, [53, 183, 121]], [1, [253, 231, 37]]];
  // Uncertainty from sure (dark) to unsure (bright): equal steps of it look equally far apart, with any colour
  // vision. Source: van der Walt and Smith (2015), matplotlib's magma, at every eighth of its length.
  const UNSURE = [
    [0, [0, 0, 4]], [0.125, [28, 16, 68]], [0.25, [79, 18, 123]], [0.375, [129, 37, 129]], [0.5, [181, 54, 122]],
    [0.625, [229, 80, 100]], [0.75, [251, 135, 97]], [0.875, [254, 194, 135]], [1, [252, 253, 191]],
  ];
  const stats = (window.satsegStats = { tiles: 0, repaints: 0, lastMs: 0 });

  // ---------------------------------------------------------------- probability layer

  function rampColour(p, ramp = RAMP) {
    let i = 1;
    while (i < ramp.length - 1 && p > ramp[i][0]) i += 1;
    const [p0, c0] = ramp[i - 1];
    const [p1, c1] = ramp[i];
    const f = Math.min(1, Math.max(0, (p - p0) / (p1 - p0)));
    return c0.map((v, k) => Math.round(v + f * (c1[k] - v)));
  }

  function word([r, g, b]) {
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }

  // Entropy in bits of a probability: the map of a single model holds its uncertainty already.
  function entropyOf(p) {
    return [p, 1 - p].reduce((sum, part) => (part > 0 ? sum - part * Math.log2(part) : sum), 0);
  }

  // What grey values look like where they are not farmland: classes by their code, or a share of the largest
  // uncertainty, of which the ramp shows the part up to ``top``.
  function paintTable(paint) {
    const grey = new Uint32Array(256);
    if (paint.classes) {
      paint.classes.forEach(({ code, colour }) => { grey[code] = word(colour); });
      return grey;
    }
    for (let v = 0; v <= LEVELS; v += 1) {
      const share = paint.of === "probability" ? entropyOf(v / LEVELS) : v / LEVELS;
      grey[v] = word(rampColour(Math.min(1, share / paint.top), UNSURE));
    }
    return grey;
  }

  // Little-endian RGBA words: what each grey value looks like, from which value on there is farmland, and what
  // each kind of change looks like. Opacity is the whole pane's, so that tiles which overlap by a pixel at a
  // fractional zoom do not draw lines.
  function lookupTable(look, threshold) {
    const grey = new Uint32Array(256);
    const change = new Uint32Array(4);
    const first = Math.max(0, Math.ceil(threshold * LEVELS - 1e-9));
    for (let v = first; v < NODATA; v += 1) grey[v] = word(look.shade ? rampColour(v / LEVELS) : MASK_COLOUR);
    Object.entries(CHANGE_COLOURS).forEach(([kind, colour]) => { change[kind] = word(colour); });
    return { grey, first, change };
  }

  // One table for what is shown where that is not farmland; else one for it, and one for the first of two maps where that has a threshold of its own.
  function lookupTables(look, paint) {
    if (paint) {
      const shown = { grey: paintTable(paint), first: 0, change: new Uint32Array(4) };
      return { own: shown, first: shown };
    }
    const own = lookupTable(look, look.threshold);
    const hasFirst = look.first !== null && look.first !== undefined;
    return { own, first: hasFirst ? lookupTable(look, look.first) : own };
  }

  function fetchGrey(url, size, context) {
    return fetch(url)
      .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(String(answer.status)))))
      .then((blob) => createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" }))
      .then((bitmap) => {
        context.clearRect(0, 0, size.x, size.y);
        context.drawImage(bitmap, 0, 0, size.x, size.y);
        const picture = context.getImageData(0, 0, size.x, size.y);
        const grey = new Uint8Array(size.x * size.y);
        for (let i = 0; i < grey.length; i += 1) grey[i] = picture.data[4 * i];
        return { grey, picture };
      });
  }

  const Probability = L.GridLayer.extend({
    // With the address of an earlier map, change between the two is painted; ``first`` tells the first of two maps.
    initialize: function (source, tables, options) {
      this._url = source.url;
      this._before = source.before || null;
      this._first = Boolean(source.first);
      this._tables = tables;
      L.GridLayer.prototype.initialize.call(this, options);
    },

    createTile: function (coords, done) {
      const canvas = L.DomUtil.create("canvas", "leaflet-tile satseg-grey");
      const size = this.getTileSize();
      canvas.width = size.x;
      canvas.height = size.y;
      stats.tiles += 1;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const urls = [this._url, this._before].filter(Boolean).map((url) => L.Util.template(url, coords));
      Promise.all(urls.map((url) => fetchGrey(url, size, context)))
        .then(([found, before]) => {
          canvas.satsegGrey = found.grey;
          canvas.satsegPicture = found.picture;
          canvas.satsegBefore = before ? before.grey : null;
          this._paint(canvas);
          done(null, canvas);
        })
        .catch((error) => done(error, canvas));
      return canvas;
    },

    setTables: function (tables) {
      if (tables === this._tables) return;
      const start = performance.now();
      this._tables = tables;
      Object.values(this._tiles).forEach((tile) => this._paint(tile.el));
      stats.repaints += 1;
      stats.lastMs = performance.now() - start;
    },

    _paint: function (canvas) {
      const grey = canvas.satsegGrey;
      if (!grey) return;
      const words = new Uint32Array(canvas.satsegPicture.data.buffer);
      const before = canvas.satsegBefore;
      const { grey: table, first, change } = this._first ? this._tables.first : this._tables.own;
      if (before) {
        const from = this._tables.first.first;
        for (let i = 0; i < grey.length; i += 1) {
          const seen = grey[i] < NODATA && before[i] < NODATA;
          words[i] = seen ? change[(before[i] >= from ? 1 : 0) | (grey[i] >= first ? 2 : 0)] : 0;
        }
      } else {
        for (let i = 0; i < grey.length; i += 1) words[i] = table[grey[i]];
      }
      canvas.getContext("2d").putImageData(canvas.satsegPicture, 0, 0);
    },
  });

  // ---------------------------------------------------------------- one pane that shows one raster at a time

  // Keeps the old picture until the new one is complete, so a change of date never blinks.
  class Slot {
    constructor(map, pane, make) {
      Object.assign(this, { map, pane, make, layer: null, url: null });
    }

    show(source) {
      const url = source ? source.url + (source.before || "") : null;
      if (url === this.url) return;
      const old = this.layer;
      this.url = url;
      this.layer = source ? this.make(source, this.options(source)) : null;
      const drop = () => old && this.map.removeLayer(old);
      if (!this.layer) return drop();
      this.layer.once("load", drop);
      this.layer.on("tileloadstart", (event) => {
        event.tile.style.width = event.tile.style.height = "256.7px"; // no gaps at a fractional zoom
      });
      if (old) setTimeout(drop, 4000);
      this.layer.addTo(this.map);
    }

    options(source) {
      return {
        pane: this.pane,
        bounds: source.bounds,
        minZoom: Math.max(0, source.minZoom - 2),
        maxNativeZoom: source.maxZoom,
        maxZoom: 22,
        keepBuffer: 1,
      };
    }
  }

  window.satsegLayers = { Probability, Slot, lookupTables, CHANGE_COLOURS, UNSURE };
})();
