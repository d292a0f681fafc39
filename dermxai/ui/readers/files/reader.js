// A case at a time. An answer counts as saved when the server has said so, and not before: what is
// not said yet is sent again, under the same name, which the server keeps once.
const base = document.documentElement.dataset.base;
const at = (id) => document.getElementById(id);
const KEYS = "1234567890abcdefghijklmnopqrstuvwxyz";
let shown = null; // the case on the screen
let sending = 0; // answers that are not confirmed
let order = Promise.resolve();

function make(kind, text = "", about = {}, ...inside) {
  const made = Object.assign(document.createElement(kind), about);
  if (text) made.textContent = text;
  made.append(...inside);
  return made;
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function complain(sentence) {
  at("problem").textContent = sentence || "";
  at("problem").hidden = !sentence;
}

const say = (sentence) => (at("said").textContent = sentence);

function named() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

// Until the server has answered: a connection that is lost, or a database, comes back.
async function ask(path, body) {
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
      complain(`${body?.choice ? "Not saved yet. " : ""}${told.problem}`);
    } catch {
      complain(`${body?.choice ? "Your answer is not saved yet: " : ""}the connection is lost; trying again.`);
    }
    await sleep(Math.min(5000, 500 * 2 ** tried));
  }
}

// One after the other, so that a change of mind never overtakes what it changes.
function inOrder(path, body) {
  sending += 1;
  const answer = order.then(() => ask(path, body));
  order = answer.finally(() => (sending -= 1));
  return answer;
}

function draw(screen, ...parts) {
  at("screen").replaceChildren(...parts);
  if (screen) {
    at("study").textContent = screen.study;
    at("progress").textContent = `${screen.answered + (screen.kind === "case" ? 1 : 0)} of ${screen.of}`;
  }
  at("pause").hidden = screen?.kind !== "case";
}

function show({ ok, told }) {
  shown = null;
  if (!ok) return refuse(told);
  if (told.kind === "case") return showCase(told);
  if (told.kind === "finished") return showFinished(told);
  return showReady(told);
}

function refuse(told) {
  if (told.then === "enter") return showEntry(told.problem);
  complain(told.problem);
  if (told.then === "closed") return draw(null, make("div", "", { className: "card" }, make("h1", "Study closed")));
  if (told.then === "finished") return ask("next", {}).then((found) => (show(found), complain(told.problem)));
}

function showEntry(problem) {
  complain(problem && location.hash.length < 2 && at("code") ? problem : "");
  const code = make("input", "", { id: "code", type: "password", autocomplete: "off", required: true });
  const form = make(
    "form", "", { className: "card" },
    make("h1", "Reader study"),
    make("label", "Your code", { htmlFor: "code" }),
    code,
    make("button", "Enter", { className: "main" }),
    make("p", "For research and teaching, not for diagnosis."),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const found = await ask("enter", { code: code.value });
    if (found.ok) show(found);
    else complain(found.told.problem);
  });
  draw(null, form);
  return form;
}

function faults(screen) {
  if (!screen.faults) return [];
  const cases = screen.faults === 1 ? "1 case cannot" : `${screen.faults} cases cannot`;
  return [make("p", `${cases} be shown at the moment: an image has changed since the study began. Tell who runs the study.`)];
}

function showReady(screen) {
  const agrees = make("input", "", { type: "checkbox", required: true });
  const fields = screen.background.map((name) => make("input", "", { name, maxLength: 200, required: true }));
  const left = screen.of - screen.answered;
  const form = make(
    "form", "", { className: "card" },
    make("h1", screen.study),
    make("p", `${left} of ${screen.of} answers are left. You can pause and return at any time by the same link.`),
    ...faults(screen),
    ...(screen.consent ? [make("p", screen.consent), make("label", "", { className: "tick" }, agrees, "I agree to take part")] : []),
    ...fields.flatMap((field) => [make("label", field.name, {}), field]),
    make("button", screen.answered ? "Continue" : "Begin", { className: "main" }),
  );
  fields.forEach((field, index) => {
    field.id = `field${index}`;
    field.previousSibling.htmlFor = field.id;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const background = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const asks = screen.consent || fields.length;
    show(await (asks ? ask("agree", { consents: agrees.checked, background }) : ask("next", {})));
  });
  draw(screen, form);
}

function showFinished(screen) {
  draw(
    screen,
    make(
      "div", "", { className: "card" },
      make("h1", "Thank you"),
      make("p", `All ${screen.answered} answers are saved. You can close this page.`),
      ...faults(screen),
    ),
  );
}

function picture(image) {
  const seen = make("img", "", { src: image.src, alt: image.view ? `${image.view} image` : "image of the case", draggable: false });
  const figure = make("figure", "", {}, seen, ...(image.view ? [make("figcaption", image.view)] : []));
  seen.addEventListener("click", () => figure.classList.toggle("large"));
  return figure;
}

function advice(screen) {
  const title = (code) => screen.classes.find((each) => each.code === code)?.title ?? code;
  const rows = screen.advice.probabilities.slice(0, 3).map(([code, share]) =>
    make(
      "tr", "", { className: code === screen.advice.shown ? "shown" : "" },
      make("td", title(code)),
      make("td", `${(100 * share).toFixed(0)} %`),
    ),
  );
  return make("div", "", { className: "advice" }, make("h2", "AI"), make("table", "", {}, make("tbody", "", {}, ...rows)));
}

function showCase(screen) {
  shown = screen;
  const buttons = screen.classes.map((each, index) => {
    const button = make("button", "", { type: "button" }, make("kbd", KEYS[index].toUpperCase()), make("span", each.title));
    button.addEventListener("click", () => choose(each.code));
    return button;
  });
  const levels = Array.from({ length: screen.levels }, (_, index) => {
    const button = make("button", String(index + 1), { type: "button", ariaLabel: `Confidence ${index + 1} of ${screen.levels}` });
    button.addEventListener("click", () => trust(index + 1));
    return button;
  });
  const next = make("button", "Next", { type: "button", className: "main", id: "next" });
  next.addEventListener("click", goOn);
  const images = screen.images.map(picture);
  if (screen.advice?.map) images.push(picture({ src: screen.advice.map, view: "map of the AI" }));
  const title = (code) => screen.classes.find((each) => each.code === code)?.title ?? code;
  const confidence = screen.levels
    ? [make("h2", "Confidence"), make("div", "", { className: "levels" }, ...levels), make("div", "", { className: "ends" }, make("span", "low"), make("span", "high"))]
    : [];
  draw(
    screen,
    make(
      "div", "", { className: "case" },
      make("div", "", { className: "images" }, ...images),
      make(
        "div", "", {},
        ...(screen.advice ? [advice(screen)] : []),
        make("h2", screen.stage === "alone" ? "Your diagnosis, without AI" : screen.stage ? "Your diagnosis, with AI" : "Your diagnosis"),
        ...(screen.earlier ? [make("p", `Before, alone: ${title(screen.earlier)}`)] : []),
        make("div", "", { className: "classes" }, ...buttons),
        make("div", "", { className: "end" }, ...confidence, next),
      ),
    ),
  );
  Object.assign(shown, { buttons, levels_: levels, next });
  mark();
  scrollTo(0, 0);
}

function mark() {
  shown.buttons.forEach((button, index) => (button.ariaPressed = shown.classes[index].code === shown.choice));
  shown.levels_.forEach((button, index) => (button.ariaPressed = index + 1 === shown.confidence));
  shown.next.disabled = !shown.choice || (shown.levels > 0 && !shown.confidence);
}

async function keep(done) {
  const { turn, choice, confidence } = shown;
  const found = await inOrder("answer", { turn, press: named(), choice, confidence, done });
  if (found.ok && !done) return say("Saved");
  if (shown?.turn === turn && (done || !found.ok)) show(found);
}

function choose(code) {
  if (!shown || shown.choice === code || shown.leaving) return;
  shown.choice = code;
  mark();
  keep(false);
}

function trust(level) {
  if (!shown || shown.confidence === level || shown.leaving) return;
  shown.confidence = level;
  mark();
  if (shown.choice) keep(false);
}

function goOn() {
  if (!shown || shown.next.disabled || shown.leaving) return;
  shown.leaving = true;
  shown.next.disabled = true;
  keep(true);
}

async function pause() {
  if (shown) show(await inOrder("pause", { turn: shown.turn }));
}

document.addEventListener("keydown", (event) => {
  if (!shown || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const index = KEYS.indexOf(event.key.toLowerCase());
  if (event.key.length === 1 && index >= 0 && index < shown.classes.length) choose(shown.classes[index].code);
  else if (event.key === "ArrowRight") trust(Math.min(shown.levels, (shown.confidence ?? 0) + 1));
  else if (event.key === "ArrowLeft") trust(Math.max(1, (shown.confidence ?? 2) - 1));
  else if (event.key === "Enter" && event.target.tagName !== "BUTTON") goOn();
  else if (event.key === "Escape") document.querySelector("figure.large")?.classList.remove("large");
});

// Who looks at something else does not look at the case.
document.addEventListener("visibilitychange", async () => {
  if (!shown || shown.leaving) return;
  if (document.hidden) navigator.sendBeacon(`${base}/pause`, JSON.stringify({ turn: shown.turn }));
  else if (!sending) show(await ask("next", {}));
});
addEventListener("beforeunload", (event) => sending && event.preventDefault());
at("pause").addEventListener("click", pause);

// A link carries the code behind "#", which browsers send to no server and write in no log.
async function begin() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) return show(await ask("state"));
  history.replaceState(null, "", location.pathname);
  const found = await ask("enter", { code });
  if (found.ok) return show(found);
  showEntry();
  complain(found.told.problem);
}
addEventListener("hashchange", begin);
begin();
