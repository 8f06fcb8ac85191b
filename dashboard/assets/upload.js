// Sends files straight to the server's disk, with progress; the page hears when one has arrived.
const STATES = new WeakMap();
const TIFF = ["II*\0", "MM\0*", "II+\0", "MM\0+"];

function fill(text, blanks) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => blanks[name] ?? whole);
}

async function problem(file, data) {
  if (file.size > data.maxBytes) return fill(data.words.large, { name: file.name, size: data.limit });
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (!TIFF.includes(String.fromCharCode(...start))) return fill(data.words.kind, { name: file.name });
  return "";
}

function send(file, state) {
  return new Promise((resolve) => {
    const { data, nodes } = state;
    const request = new XMLHttpRequest();
    state.request = request;
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) nodes.progress.value = event.loaded / event.total;
    };
    request.onload = () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch (error) {
        // a proxy's own page, for example that the file is too large for it
      }
      if (request.status === 200 && answer.id) return resolve({ id: answer.id });
      const told = [answer.expected, answer.found, answer.fix].filter(Boolean).join(" · ");
      return resolve({ error: `${file.name}: ${told || request.status + " " + request.statusText}` });
    };
    request.onerror = () => resolve({ error: fill(data.words.broken, { name: file.name }) });
    request.onabort = () => resolve({ error: fill(data.words.stopped, { name: file.name }), stopped: true });
    request.open("POST", `arrivals/${data.tickets[state.used % data.tickets.length]}?name=${encodeURIComponent(file.name)}`);
    state.used += 1;
    request.send(file);
  });
}

async function sendAll(files, state) {
  if (state.request || !files.length) return;
  const { nodes } = state;
  const errors = [];
  let sent = 0;
  nodes.said.textContent = "";
  for (const file of files.slice(0, state.data.tickets.length)) {
    const wrong = await problem(file, state.data);
    if (wrong) {
      errors.push(wrong);
      continue;
    }
    nodes.progress.value = 0;
    nodes.name.textContent = fill(state.data.words.sending, { name: file.name });
    nodes.root.dataset.busy = "yes";
    const answer = await send(file, state);
    if (answer.error) errors.push(answer.error);
    else sent += 1;
    state.request = null;
    if (answer.stopped) break;
  }
  delete nodes.root.dataset.busy;
  nodes.said.textContent = errors.join("\n");
  state.used = 0;
  state.tell("ended", `${Date.now()}-${sent}`);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".upload");
  const known = STATES.get(root);
  const state = known || { used: 0, request: null };
  const find = (name) => root.querySelector(name);
  state.data = data;
  state.tell = setTriggerValue;
  find(".drop-text").textContent = data.words.drop;
  find(".choose").textContent = data.words.choose;
  find(".limit").textContent = fill(data.words.limit, { size: data.limit });
  find("button").textContent = data.words.cancel;
  find("input").setAttribute("aria-label", `${data.words.drop} ${data.words.choose}`);
  if (known) return;
  STATES.set(root, state);
  state.nodes = { root, progress: find("progress"), name: find(".name"), said: find("[role=status]") };
  const input = find("input");
  input.onchange = () => {
    const files = [...input.files];
    input.value = "";
    sendAll(files, state);
  };
  find("button").onclick = () => state.request && state.request.abort();
  const zone = find("label");
  zone.ondragover = (event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    sendAll([...event.dataTransfer.files], state);
  };
}
