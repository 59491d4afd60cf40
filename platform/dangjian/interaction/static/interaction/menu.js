// The "more" menu of a card: one template, copied beside the button that asked.
import { fill, toast } from '../ui/app.js';

let shown = null;
let opener = null;

export function watchMenus(root) {
  root.addEventListener('click', (event) => {
    const button = event.target.closest('[data-menu]');
    if (button) {
      event.preventDefault();
      const again = button === opener;
      close();
      if (!again) open(button);
    } else if (shown && !shown.contains(event.target)) {
      close();
    }
  });
  root.addEventListener('keydown', (event) => {
    if (!shown || event.key !== 'Escape') return;
    const back = opener;
    close();
    back.focus();
  });
}

function open(button) {
  const rights = button.dataset.menu.split(' ');
  const id = button.closest('[data-post]').dataset.post;
  shown = document.getElementById('post-menu').content.cloneNode(true).firstElementChild;
  shown.querySelectorAll('[data-for]').forEach((entry) => {
    const wanted = entry.dataset.for;
    if (wanted === 'others' ? rights.includes('own') : !rights.includes(wanted)) entry.remove();
    else entry.setAttribute('href', fill(entry.getAttribute('href'), { id }));
  });
  const copy = shown.querySelector('[data-copy]');
  if (!navigator.clipboard) copy.remove(); // plain http
  else copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(new URL(`/posts/${id}/`, location.href).href);
    close();
    toast(copy.dataset.done);
  });
  // Beside the button in the reading order too, so that Tab goes on into it.
  const head = button.closest('.dj-post-head');
  head.style.position = 'relative';
  shown.style.right = '0';
  shown.style.top = `${button.offsetHeight}px`;
  button.after(shown);
  button.setAttribute('aria-expanded', 'true');
  opener = button;
}

function close() {
  if (!shown) return;
  shown.remove();
  opener.removeAttribute('aria-expanded');
  shown = opener = null;
}
