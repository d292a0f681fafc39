// A link with a code carries it behind "#", which browsers send to no server and write in no log.
const form = document.querySelector("form");
const code = decodeURIComponent(location.hash.slice(1));
if (form && code) {
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.code.value = code;
  form.requestSubmit();
}
