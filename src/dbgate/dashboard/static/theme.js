// Before the first paint: the theme that was chosen in this browser, else the system's.
(function () {
  "use strict";
  try {
    var theme = localStorage.getItem("dbgate-theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // storage may be switched off
  }
})();
