// Light or dark, before anything is drawn: as the system says, until the button says otherwise.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let wish = null;
  const apply = () => (document.documentElement.dataset.theme = wish || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (event.target.id !== "theme") return;
    wish = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    apply();
  });
  apply();
})();
