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

  // The feature map: what is seen of it stands in the address, and comes to the server with the next
  // run of the script, so that a map that is drawn anew shows the same.
  const remember = plot => {
    const {xaxis, yaxis, meta} = plot.layout, address = new URL(location.href);
    if (!meta) return;
    if (xaxis.autorange !== false && yaxis.autorange !== false && !plot.dataset.moved) return;
    const ends = [...xaxis.range, ...yaxis.range].map(end => Number(end).toPrecision(5));
    if (xaxis.autorange && yaxis.autorange) address.searchParams.delete("camera");
    else address.searchParams.set("camera", [meta, ...ends].join(","));
    plot.dataset.moved = "yes";
    history.replaceState(history.state, "", address);
  };
  setInterval(() => {
    const places = '[class*="st-key-figure-map-"] .js-plotly-plot';
    for (const plot of document.querySelectorAll(places)) {
      if (plot.dataset.watched || !plot.on) continue;
      plot.dataset.watched = "yes";
      plot.on("plotly_relayout", changed => {
        if (Object.keys(changed).some(name => /^[xy]axis/.test(name))) remember(plot);
      });
    }
  }, 500);

  // Back: the page is drawn anew, and begins at its top.
  const MOST = 50, PATIENCE = 15000;  // addresses, ms
  const seen = new Map();
  let wanted = null;
  const main = () => document.querySelector('[data-testid="stMain"]');
  const here = () => location.pathname + "?" + new URLSearchParams(location.search).get("primary");
  const note = () => {
    if (!main()) return;
    seen.delete(here());
    seen.set(here(), main().scrollTop);
    if (seen.size > MOST) seen.delete(seen.keys().next().value);
  };
  const giveUp = () => { wanted = null; };
  for (const kind of ["mousedown", "keydown"]) document.addEventListener(kind, note, true);
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
    const top = seen.get(here());
    if (!top) return giveUp();
    const fresh = !wanted;
    wanted = {top, held: 0, until: Date.now() + PATIENCE};
    if (fresh) follow();
  });
})();
