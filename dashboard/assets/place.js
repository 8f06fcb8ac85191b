// Where the visitor looks, in the page's own address: no round trip, no entry in the history.
(function () {
  "use strict";

  const PATTERN = /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/;

  function page() {
    try {
      return window.parent.location && window.parent;
    } catch (error) {
      return null; // shown inside of a foreign page
    }
  }

  function parameters() {
    return new URLSearchParams(page() ? page().location.search : "");
  }

  window.satsegPlace = {
    // The place in the address: { centre, zoom }, or null where there is none that can be.
    at: function () {
      const found = PATTERN.exec(parameters().get("at") || "");
      if (!found) return null;
      const [lat, lng, zoom] = found.slice(1).map(Number);
      const possible = Math.abs(lat) <= 85 && Math.abs(lng) <= 180 && zoom >= 9 && zoom <= 22;
      return possible ? { centre: [lat, lng], zoom } : null;
    },

    split: function () {
      const share = Number(parameters().get("split"));
      return share >= 0.02 && share <= 0.98 ? share : null;
    },

    overlay: function () {
      return parameters().get("overlay");
    },

    presents: function () {
      return parameters().get("present") === "1";
    },

    // Change some parameters of the address; null takes one away.
    write: function (changes) {
      const outer = page();
      if (!outer) return;
      const now = parameters();
      const before = now.toString();
      Object.entries(changes).forEach(([name, value]) => {
        if (value === null) now.delete(name);
        else now.set(name, value);
      });
      if (now.toString() === before) return;
      const query = now.toString().replaceAll("%2C", ",").replaceAll("%2B", "+");
      const { pathname, hash } = outer.location;
      outer.history.replaceState(outer.history.state, "", pathname + (query ? "?" + query : "") + hash);
    },
  };
})();
