// The page's address says what is on view, and a button copies it. The map's frame adds where the visitor looks.
const OF_THE_MAP = ["at", "split", "present", "overlay"];
const SAID_MS = 2500;

function write(query) {
  const now = new URLSearchParams(location.search);
  const next = new URLSearchParams(query);
  OF_THE_MAP.filter((name) => now.has(name)).forEach((name) => next.set(name, now.get(name)));
  [...now.keys()].filter((name) => name.startsWith("embed")).forEach((name) => next.set(name, now.get(name)));
  if (next.toString() === now.toString()) return;
  const text = next.toString().replaceAll("%2C", ",");
  history.replaceState(history.state, "", location.pathname + (text ? "?" + text : "") + location.hash);
}

// A page without TLS has a clipboard on localhost only; the old way works everywhere.
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      // not allowed here: the old way
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.appendChild(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

export default function (component) {
  const { data, parentElement } = component;
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("[role=status]");
  const text = button.querySelector("span");
  write(data.query);
  if (!button.dataset.busy) text.textContent = data.label;
  button.title = data.help;
  button.onclick = async () => {
    const done = await copy(location.href);
    text.textContent = said.textContent = done ? data.copied : data.failed;
    button.dataset.busy = "1";
    setTimeout(() => {
      delete button.dataset.busy;
      text.textContent = data.label;
      said.textContent = "";
    }, SAID_MS);
  };
}
