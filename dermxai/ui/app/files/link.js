// "Copy link" in the sidebar: the address as the browser has it. The server learns only with its
// next run of the script what the browser has written there.
(() => {
  if (window.dermxaiLink) return;
  window.dermxaiLink = true;

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
    const label = button.querySelector("p");
    said.textContent = words;
    if (!label || !label.firstChild || label.dataset.before) return;
    label.dataset.before = label.firstChild.data;
    label.firstChild.data = words;
    setTimeout(() => {
      label.firstChild.data = label.dataset.before;
      delete label.dataset.before;
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
})();
