// What every page needs: the CSRF token for scripts, and menus that close again.

/** The token for unsafe calls, read afresh: it changes when somebody signs in. */
export function csrf() {
  const name = document.body.dataset.csrfCookie + '=';
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(name));
  return found ? decodeURIComponent(found.slice(name.length)) : '';
}

document.addEventListener('click', (event) => {
  document.querySelectorAll('details.dj-drop[open]').forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = document.querySelector('details.dj-drop[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
