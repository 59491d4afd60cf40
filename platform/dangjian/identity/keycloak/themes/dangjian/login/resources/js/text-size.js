// 大字: kept by this browser for Keycloak's pages, set before anything is drawn.
(function () {
  "use strict";
  var root = document.documentElement;
  function kept() {
    try { return window.localStorage.getItem("dj-text") || ""; } catch (error) { return ""; }
  }
  function keep(size) {
    try { window.localStorage.setItem("dj-text", size); } catch (error) { /* only until the next page */ }
  }
  function show(size) {
    if (size) { root.setAttribute("data-text", size); } else { root.removeAttribute("data-text"); }
  }
  show(kept());
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("text-size");
    if (!button) { return; }
    function label() {
      button.lastElementChild.textContent = root.hasAttribute("data-text") ? button.dataset.plain : button.dataset.large;
    }
    button.addEventListener("click", function () {
      var size = root.hasAttribute("data-text") ? "" : "large";
      show(size);
      keep(size);
      label();
    });
    label();
    button.hidden = false;
  });
}());
