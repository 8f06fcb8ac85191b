// The small map of Shanghai: districts for orientation, regions to choose from by click or keyboard.
const SVG = "http://www.w3.org/2000/svg";

function node(tag, attributes, parent) {
  const made = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  parent.appendChild(made);
  return made;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("svg");
  root.replaceChildren();
  root.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`);
  root.setAttribute("aria-label", data.label);

  data.districts.forEach((district) => {
    const path = node("path", { d: district.path, class: "district" }, root);
    node("title", {}, path).textContent = district.name;
  });
  const ordered = [...data.regions].sort((a, b) => Number(a.current) - Number(b.current));
  ordered.forEach((region) => {
    const classes = ["region", region.current ? "current" : "", region.hasData ? "" : "empty"].join(" ");
    const group = node("g", {
      class: classes, tabindex: 0, role: "button", "data-region": region.id,
      "aria-label": `${region.name}, ${region.note}`, "aria-pressed": region.current,
    }, root);
    node("circle", { cx: region.x, cy: region.y, r: 22, class: "touch" }, group);
    node("circle", { cx: region.x, cy: region.y, r: region.current ? 10 : 8, class: "dot" }, group);
    node("title", {}, group).textContent = `${region.name} (${region.note})`;
    if (region.current) {
      const left = region.x > data.width / 2;
      const text = node("text", {
        x: region.x + (left ? -22 : 22), y: region.y, "text-anchor": left ? "end" : "start",
      }, group);
      text.textContent = region.name;
    }
    const choose = () => setTriggerValue("chosen", region.id);
    group.onclick = choose;
    group.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    };
  });
}
