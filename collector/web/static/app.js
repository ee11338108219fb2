// The menu on narrow screens. Everything else works without this file.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  if (!button) return;
  const menu = document.getElementById(button.dataset.menu);
  const open = menu.classList.toggle("show");
  button.setAttribute("aria-expanded", String(open));
});
// A part that could not be refreshed must not look fresh.
document.addEventListener("htmx:sendError", (event) => event.target.classList.add("stale"));
document.addEventListener("htmx:responseError", (event) => event.target.classList.add("stale"));
document.addEventListener("htmx:afterOnLoad", (event) => event.target.classList.remove("stale"));
