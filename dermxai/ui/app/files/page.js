// What only the browser can do: copy the whole address, and come back to where one was on a page.
(() => {
  if (window.dermxaiPage) return;
  window.dermxaiPage = true;

  // "Copy link" in the sidebar. The server learns only with its next run of the script what the
  // browser has written into the address.
  const copy = async text => {
    if (window.isSecureContext && navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");  // a server without https
    field.value = text;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("refused");
  };

  const said = document.createElement("div");
  said.setAttribute("role", "status");
  said.style.cssText = "position: fixed; width: 1px; height: 1px; overflow: hidden; opacity: 0";
  document.body.append(said);

  const say = (button, words) => {
    const text = button.querySelector("p")?.firstChild;
    said.textContent = words;
    if (!text || button.dataset.before) return;
    button.dataset.before = text.data;
    text.data = words;
    setTimeout(() => {
      text.data = button.dataset.before;
      delete button.dataset.before;
      said.textContent = "";
    }, 2000);
  };

  document.addEventListener("click", event => {
    const button = event.target.closest && event.target.closest(".st-key-copy-link button");
    if (!button) return;
    event.stopPropagation();  // nothing for the server to do
    event.preventDefault();
    copy(location.href).then(
      () => say(button, "Copied"),
      () => say(button, "Copy it from the address bar"),
    );
  }, true);

  // Back: the page is drawn anew, and begins at its top.
  const MOST = 50, PATIENCE = 15000;  // addresses, ms
  const seen = new Map();
  let wanted = null;
  const main = () => document.querySelector('[data-testid="stMain"]');
  document.addEventListener("scroll", event => {
    if (event.target !== main() || wanted) return;
    seen.delete(location.href);
    seen.set(location.href, event.target.scrollTop);
    if (seen.size > MOST) seen.delete(seen.keys().next().value);
  }, true);
  const giveUp = () => { wanted = null; };
  for (const kind of ["wheel", "touchstart", "keydown", "mousedown"])
    document.addEventListener(kind, giveUp, {capture: true, passive: true});
  const follow = () => {
    if (!wanted) return;
    const place = main();
    if (place && place.scrollHeight - place.clientHeight >= wanted.top) {
      place.scrollTop = wanted.top;
      if (Math.abs(place.scrollTop - wanted.top) < 2) wanted.held += 1;
    }
    if (wanted.held > 10 || Date.now() > wanted.until) return giveUp();
    setTimeout(follow, 100);
  };
  window.addEventListener("popstate", () => {
    const top = seen.get(location.href);
    if (!top) return giveUp();
    const fresh = !wanted;
    wanted = {top, held: 0, until: Date.now() + PATIENCE};
    if (fresh) follow();
  });
})();
