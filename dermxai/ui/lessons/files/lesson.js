// A step at a time. An answer counts as saved when the server has said so; until then it is sent
// again, and the server keeps it once. Where the teacher brings everybody, this page follows.
const base = document.documentElement.dataset.base;
const at = (id) => document.getElementById(id);
const EVERY = 2000; // milliseconds between questions where everybody is
let shown = null; // the step on the screen
let busy = false; // an answer is not confirmed
let pending = Promise.resolve(); // until it is
const drafts = new Map(); // what is typed, chosen and marked, by step

function make(kind, text = "", about = {}, ...inside) {
  const made = Object.assign(document.createElement(kind), about);
  if (text) made.textContent = text;
  made.append(...inside);
  return made;
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const named = () => Array.from(crypto.getRandomValues(new Uint32Array(5)), (part) => part.toString(16).padStart(8, "0")).join("");
const percent = (share) => `${share > 0 && share < 0.01 ? "< 1" : Math.round(100 * share)} %`;

function complain(sentence) {
  at("problem").textContent = sentence || "";
  at("problem").hidden = !sentence;
}

// Until the server has answered: a connection that is lost, or a database, comes back.
async function ask(path, body) {
  const unsaved = path === "answer" ? "Your answer is not saved yet: " : "";
  for (let tried = 0; ; tried += 1) {
    try {
      const response = await fetch(`${base}/${path}`, {
        method: body ? "POST" : "GET",
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body ? JSON.stringify(body) : undefined,
        cache: "no-store",
      });
      const told = await response.json();
      if (response.status < 500) {
        complain("");
        return { ok: response.ok, told };
      }
      complain(`${unsaved}${told.problem}`);
    } catch {
      complain(`${unsaved}the connection is lost; trying again.`);
    }
    await sleep(Math.min(5000, 500 * 2 ** tried));
  }
}

function show({ ok, told }) {
  if (ok) return showStep(told);
  if (told.then === "join") return showEntry("");
  complain(told.problem);
  if (told.then === "answered") return ask("state").then((found) => (show(found), complain(told.problem)));
}

function showEntry(code) {
  shown = null;
  at("steps").hidden = true;
  at("who").textContent = at("progress").textContent = "";
  const press = named(); // sent twice, it is one student
  const field = make("input", "", { id: "code", autocomplete: "off", autocapitalize: "none", spellcheck: false, required: true, maxLength: 20, value: code });
  const name = make("input", "", { id: "name", autocomplete: "off", maxLength: 30 });
  const enter = make("button", "Join", { className: "main" });
  const form = make(
    "form", "", { className: "card" },
    make("h1", "Join the lesson"),
    make("label", "Code", { htmlFor: "code" }),
    field,
    make("label", "Name for the teacher's board (optional; not your real one)", { htmlFor: "name" }),
    name,
    enter,
    make("p", "For research and teaching, not for diagnosis.", { className: "soft" }),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    enter.disabled = true;
    const found = await ask("join", { code: field.value, name: name.value, press });
    enter.disabled = false;
    if (found.ok) show(found);
    else complain(found.told.problem);
  });
  at("screen").replaceChildren(form);
  (code ? name : field).focus();
}

function showStep(step) {
  const anew = shown?.step !== step.step;
  shown = step;
  at("lesson").textContent = step.lesson;
  at("who").textContent = step.name || `Student ${step.number}`;
  at("progress").textContent = `${step.step + 1} of ${step.of}`;
  at("screen").replaceChildren(step.kind === "quiz" ? quiz(step) : card(step));
  at("steps").hidden = false;
  guide();
  if (anew) scrollTo(0, 0);
}

function guide() {
  at("back").disabled = shown.led || shown.step === 0;
  at("next").disabled = shown.led || shown.step + 1 === shown.of;
  at("led").textContent = shown.open ? (shown.led ? "The teacher leads" : "") : "This lesson is closed";
}

const texts = (step) => [make("h1", step.title), ...(step.text ? [make("p", step.text, { className: "text" })] : [])];

function card(step) {
  const made = make("section", "", { className: "card" }, ...texts(step));
  if (step.link) made.append(make("a", "Open the page", { className: "open", href: step.link, target: "dermxai-lesson-page" }));
  if (step.kind === "discussion") made.append(make("p", "Discuss with your neighbours and with the class.", { className: "soft" }));
  if (step.kind === "question") made.append(...(step.options.length ? choices(step) : freeText(step)));
  if (step.explanation) made.append(make("p", step.explanation, { className: "text" }));
  return made;
}

function draft(step) {
  if (!drafts.has(step.step)) drafts.set(step.step, { choice: null, point: null, text: "" });
  return drafts.get(step.step);
}

function choices(step) {
  const kept = draft(step);
  const save = make("button", "Answer", { type: "button", className: "main", disabled: !kept.choice });
  const buttons = step.options.map((each) => {
    const button = make("button", each.title, { type: "button" });
    button.ariaPressed = each.code === (step.choice ?? kept.choice);
    button.disabled = step.choice !== null || !step.open;
    if (step.right && each.code === step.right) button.classList.add("right");
    button.addEventListener("click", () => {
      kept.choice = each.code;
      buttons.forEach((other, index) => (other.ariaPressed = step.options[index].code === each.code));
      save.disabled = false;
    });
    return button;
  });
  save.addEventListener("click", () => give(save, { step: step.step, choice: kept.choice, point: kept.point }));
  const told = step.choice === null ? (step.open ? [save] : []) : answered(step);
  return [make("div", "", { className: "options" }, ...buttons), ...told];
}

function answered(step) {
  if (!step.right) return [make("p", "Your answer is saved.", { className: "soft" })];
  return [make("p", step.choice === step.right ? "Right." : "Not the expected answer.", { className: "verdict" })];
}

function freeText(step) {
  if (step.choice !== null) return [make("p", step.choice, { className: "text" }), make("p", "Your answer is saved.", { className: "soft" })];
  if (!step.open) return [];
  const kept = draft(step);
  const field = make("textarea", "", { id: "free", maxLength: 4000, value: kept.text, ariaLabel: "Your answer" });
  const save = make("button", "Answer", { type: "button", className: "main", disabled: !kept.text.trim() });
  field.addEventListener("input", () => {
    kept.text = field.value;
    save.disabled = !field.value.trim();
  });
  save.addEventListener("click", () => give(save, { step: step.step, choice: field.value }));
  return [field, make("div", "", {}, save)];
}

async function give(button, body) {
  if (busy) return;
  pending = sent(button, body);
  await pending;
}

async function sent(button, body) {
  busy = button.disabled = true;
  const found = await ask("answer", body);
  busy = false;
  if (found.ok) at("said").textContent = "Saved";
  if (found.ok && found.told.step !== shown?.step) return; // the class has gone on meanwhile
  show(found);
  if (!found.ok) button.disabled = false;
}

function mark(point) {
  const made = make("span", "", { className: "mark" });
  made.style.left = `${100 * point[0]}%`;
  made.style.top = `${100 * point[1]}%`;
  return made;
}

function markable(step, src, alt) {
  const image = make("img", "", { src, alt, draggable: false });
  const box = make("div", "", { className: "markable" }, image);
  const place = (point) => {
    box.querySelector(".mark")?.remove();
    if (point) box.append(mark(point));
  };
  if (step.choice !== null) {
    place(step.point);
    return box;
  }
  const kept = draft(step);
  place(kept.point);
  box.classList.add("asked");
  box.addEventListener("click", (event) => {
    const found = image.getBoundingClientRect();
    const inside = (share) => Math.min(1, Math.max(0, share));
    kept.point = [inside((event.clientX - found.left) / found.width), inside((event.clientY - found.top) / found.height)];
    place(kept.point);
  });
  return box;
}

function quiz(step) {
  const hint = step.choice === null ? "Tap where you look, if you like: it is compared with the model's map afterwards." : "";
  const image = make("figure", "", {}, markable(step, step.image, "image of the quiz"), ...(hint ? [make("figcaption", hint)] : []));
  const side = make("section", "", { className: "card" }, ...texts(step), ...(step.revealed ? told(step) : choices(step)));
  const made = make("div", "", { className: "quiz" }, image, side);
  if (step.revealed) return make("div", "", {}, made, ...after(step));
  return made;
}

function told(step) {
  const { truth, predicted, probabilities } = step.revealed;
  const own = step.options.find((each) => each.code === step.choice)?.title ?? step.choice;
  const rows = probabilities.map((each) => make("tr", "", {}, make("td", each.title), make("td", percent(each.share))));
  return [
    make("p", step.choice === truth.code ? "You agree with the label." : "You differ from the label.", { className: "verdict" }),
    make(
      "table", "", {},
      make("tr", "", {}, make("th", "Label"), make("td", truth.title)),
      make("tr", "", {}, make("th", "You"), make("td", own)),
      make("tr", "", {}, make("th", "Model"), make("td", predicted.title)),
    ),
    make("h2", "What the model considered"),
    make("table", "", {}, ...rows),
  ];
}

function after(step) {
  const found = step.revealed;
  const parts = [];
  if (found.alike.length) {
    parts.push(make("h2", "Look-alikes: the nearest images of other patients, as the model sees them"));
    for (const each of found.alike) {
      parts.push(
        make("p", each.title, { className: "soft" }),
        make("div", "", { className: "alike" }, ...each.images.map((one) => make("figure", "", {}, make("img", "", { src: one.src, alt: each.title, loading: "lazy" }), make("figcaption", one.told)))),
      );
    }
  }
  if (found.signs.length) {
    parts.push(make("h2", `Dermoscopic signs: ${found.truth.title}`), make("ul", "", { className: "signs" }, ...found.signs.map(sign)));
  }
  if (found.map) {
    parts.push(
      make("h2", `What speaks for ${found.predicted.title} in the model`),
      make("figure", "", {}, markable(step, found.map, "the image under the model's map"), make("figcaption", `Warm: for it, cold: against it. Method: ${found.method}. A map shows what the model used, not what is true.`)),
    );
  }
  parts.push(...place(found));
  if (step.explanation) parts.push(make("p", step.explanation, { className: "text" }));
  return parts.length ? [make("section", "", { className: "card" }, ...parts)] : [];
}

const sign = (each) => make("li", "", {}, make("strong", `${each.name}: `), each.text, make("span", ` ${each.sources.join("; ")}`, { className: "soft" }));

function place(found) {
  const said = [];
  if (found.stronger !== null) said.push(`On ${percent(found.stronger)} of the image the map is higher than where you looked.`);
  if (found.distance !== null) {
    said.push(found.on_signs ? "You looked at a drawn sign." : `The nearest drawn sign is ${percent(found.distance)} of the image's diagonal away from where you looked.`);
  }
  return said.length ? [make("h2", "Where you looked"), make("p", said.join(" "), { className: "text" })] : [];
}

async function go(by) {
  await pending;
  const step = shown ? shown.step + by : -1;
  if (!shown || shown.led || step < 0 || step >= shown.of) return;
  show(await ask("go", { step }));
}

// Cheap: three numbers; the step itself is asked for only where something has changed.
async function follow() {
  for (;;) {
    await sleep(EVERY);
    if (!shown || busy || document.hidden) continue;
    const before = shown;
    let found;
    try {
      const response = await fetch(`${base}/pulse`, { cache: "no-store" });
      if (response.status >= 500) continue;
      found = { ok: response.ok, told: await response.json() };
    } catch {
      continue; // a lost connection is told where an answer is given
    }
    if (shown !== before || busy) continue;
    if (!found.ok) {
      complain(found.told.problem);
      if (found.told.then === "join") showEntry("");
    } else if (found.told.step !== shown.step || found.told.open !== shown.open) {
      const now = await ask("state");
      if (shown === before && !busy) show(now);
    } else if (found.told.led !== shown.led) {
      shown.led = found.told.led;
      guide();
    }
  }
}

at("back").addEventListener("click", () => go(-1));
at("next").addEventListener("click", () => go(1));
addEventListener("beforeunload", (event) => busy && event.preventDefault());

// A link carries the code behind "#", which browsers send to no server and write in no log.
async function begin() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (code) history.replaceState(null, "", location.pathname);
  const found = await ask("state");
  const same = found.told.code === code.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (found.ok && (!code || same)) return show(found);
  showEntry(code);
}
addEventListener("hashchange", begin);
begin();
follow();
