// Small things that pages need beside htmx: the token in its requests, dialogs, the theme, and what to do when the
// stream ends.
(function () {
  "use strict";
  var body = document.body;
  var token = document.querySelector("meta[name=csrf]").content;

  body.addEventListener("htmx:configRequest", function (event) {
    event.detail.headers["X-CSRF-Token"] = token;
  });
  // Pages that say what did not work are worth showing, too.
  body.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (status >= 400 && event.detail.target && event.detail.target.id === "dialog-body") location.reload();
  });

  // On a phone the pages' names stand in a row that is wider than the screen: the present one must be seen.
  var present = document.querySelector(".side nav [aria-current]");
  var row = present && present.closest("nav");
  if (row && row.scrollWidth > row.clientWidth) {
    var middle = present.getBoundingClientRect().left - row.getBoundingClientRect().left + present.offsetWidth / 2;
    row.scrollLeft += middle - row.clientWidth / 2;
  }

  // --- dialogs ---
  var dialog = document.getElementById("dialog");
  body.addEventListener("htmx:afterSwap", function (event) {
    var into = event.detail.target || event.target;
    if (into.id !== "dialog-body") return;
    if (!dialog.open) dialog.showModal();
    var first = dialog.querySelector("[data-focus], button, a");
    if (first) first.focus();
  });
  body.addEventListener("click", function (event) {
    var closer = event.target.closest && event.target.closest("[data-close]");
    if (closer && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
  });

  // --- theme ---
  var themes = ["system", "light", "dark"];
  var button = document.querySelector("[data-theme-switch]");
  function chosen() {
    return document.documentElement.dataset.theme || "system";
  }
  function show() {
    button.querySelector("[data-theme-name]").textContent = chosen();
  }
  button.addEventListener("click", function () {
    var next = themes[(themes.indexOf(chosen()) + 1) % themes.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("dbgate-theme", next);
    } catch (error) {
      // it holds for this page then
    }
    show();
    body.dispatchEvent(new CustomEvent("dbgate:theme"));
  });
  show();

  // --- the stream ---
  var lost = document.getElementById("lost");
  var heard = new Date();
  function current() {
    heard = new Date();
    lost.hidden = true;
    body.classList.remove("stale");
  }
  function stale() {
    lost.querySelector("[data-lost-since]").textContent = heard.toISOString().slice(11, 19) + " UTC";
    lost.hidden = false;
    body.classList.add("stale");
  }
  var stream = null;
  var left = false; // the stream was closed because nobody looked
  body.addEventListener("htmx:sseOpen", function (event) {
    current();
    var source = event.detail.source;
    stream = source;
    if (source.dbgate) return;
    source.dbgate = true;
    source.addEventListener("bye", function () {
      source.close();
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
    });
  });
  body.addEventListener("htmx:sseBeforeMessage", function (event) {
    current();
    if (event.detail.type === "points") {
      event.preventDefault();
      body.dispatchEvent(new CustomEvent("dbgate:points", { detail: JSON.parse(event.detail.data) }));
    }
  });
  // Browsers allow six connections to a place: pages that nobody looks at must not hold theirs.
  var leaving = 0;
  var typed = false;
  body.addEventListener("input", function () {
    typed = true;
  });
  document.addEventListener("visibilitychange", function () {
    clearTimeout(leaving);
    if (document.visibilityState === "hidden") {
      leaving = setTimeout(function () {
        left = true;
        if (stream) stream.close();
      }, 5000);
    } else if (left) {
      if (typed) stale();
      else location.reload();
    }
  });
  body.addEventListener("htmx:sseError", stale);
  // A connection that neither brings anything nor ends is no better than a lost one.
  setInterval(function () {
    if (new Date() - heard > 20000) stale();
  }, 2000);
})();
