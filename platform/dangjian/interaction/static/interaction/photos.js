// Photos of one post, large, one after the other; closed with Escape, the button or a press beside them.

export function watchPhotos(root) {
  root.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-photo]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(Array.from(link.parentElement.querySelectorAll(':scope > a[data-photo]')), link);
  });
}

function open(links, opener) {
  const icons = document.querySelector('use').getAttribute('href').split('#')[0];
  const words = document.getElementById('viewer-words').dataset;
  let at = links.indexOf(opener);
  const box = document.createElement('div');
  box.className = 'dj-viewer';
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-modal', 'true');
  box.setAttribute('aria-label', words.photos);
  const picture = document.createElement('img');
  const count = document.createElement('p');
  const button = (name, icon, label, act) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = `dj-viewer-${name}`;
    made.setAttribute('aria-label', label);
    made.innerHTML = `<svg class="dj-icon" aria-hidden="true"><use href="${icons}#i-${icon}"/></svg>`;
    made.addEventListener('click', act);
    return made;
  };
  const show = (index) => {
    at = (index + links.length) % links.length;
    picture.src = links[at].href;
    picture.alt = links[at].querySelector('img').alt;
    count.textContent = links.length > 1 ? `${at + 1} / ${links.length}` : '';
  };
  const close = () => {
    document.removeEventListener('keydown', onKey, true);
    box.remove();
    opener.focus();
  };
  const closing = button('close', 'close', words.close, close);
  const parts = [picture, count, closing];
  if (links.length > 1) {
    parts.push(button('before', 'back', words.before, () => show(at - 1)));
    parts.push(button('after', 'next', words.after, () => show(at + 1)));
  }
  const onKey = (event) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowLeft') show(at - 1);
    else if (event.key === 'ArrowRight') show(at + 1);
    else if (event.key === 'Tab') {
      const buttons = Array.from(box.querySelectorAll('button'));
      const next = buttons.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
      buttons[(next + buttons.length) % buttons.length].focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  box.append(...parts);
  box.addEventListener('click', (event) => event.target === box && close());
  document.addEventListener('keydown', onKey, true);
  document.body.append(box);
  show(at);
  closing.focus();
}
