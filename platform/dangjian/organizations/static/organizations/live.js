// A page that listens: when something it shows has changed, it is fetched again and its pieces are put in place.
//   <div data-live="[{topic, epoch, seq}]" data-kinds="transfer.changed" data-updated="words for screen readers">
//     <section id="state" data-piece>…</section>
// A piece in which somebody is writing stays as it is until they have finished.
import { live } from '../ui/app.js';

const PAUSE = 150; // ms: several events of one act make one request
const box = document.querySelector('[data-live]');
const kinds = box ? box.dataset.kinds.split(' ') : [];
let timer = 0;
let running = false;
let again = false;

function isTouched(control) {
  if (control === document.activeElement && control.matches('input, textarea, select')) return true;
  if (control.type === 'checkbox' || control.type === 'radio') return control.checked !== control.defaultChecked;
  if (control.tagName === 'SELECT') {
    const options = Array.from(control.options);
    const given = options.some((option) => option.defaultSelected);
    return options.some((option, number) => option.selected !== (given ? option.defaultSelected : number === 0));
  }
  return control.tagName !== 'BUTTON' && control.type !== 'hidden' && control.value !== control.defaultValue;
}

const isWrittenIn = (piece) => Array.from(piece.querySelectorAll('input, textarea, select')).some(isTouched);

function put(piece, fresh) {
  if (piece.innerHTML === fresh.innerHTML) return false;
  const focused = piece.contains(document.activeElement) ? document.activeElement.id : '';
  piece.replaceChildren(...Array.from(document.importNode(fresh, true).childNodes));
  if (focused && document.getElementById(focused)) document.getElementById(focused).focus({ preventScroll: true });
  piece.classList.remove('dj-fresh');
  void piece.offsetWidth; // the highlight begins anew
  piece.classList.add('dj-fresh');
  piece.dispatchEvent(new CustomEvent('dj:put', { bubbles: true }));
  return true;
}

async function renew() {
  timer = 0;
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const answer = await fetch(location.href, { credentials: 'same-origin', cache: 'no-store' });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    let changed = false;
    box.querySelectorAll('[data-piece]').forEach((piece) => {
      const fresh = page.getElementById(piece.id);
      if (!fresh) return;
      if (isWrittenIn(piece)) piece.dataset.stale = '';
      else {
        delete piece.dataset.stale;
        changed = put(piece, fresh) || changed;
      }
    });
    if (changed) say();
  } catch (problem) {
    // The connection's own state tells of a lost network; a page that is gone is told by the next click.
  }
  running = false;
  if (again) {
    again = false;
    soon();
  }
}

function say() {
  let place = document.getElementById('live-said');
  if (!place) {
    place = document.createElement('p');
    place.id = 'live-said';
    place.className = 'dj-sr';
    place.setAttribute('role', 'status');
    box.append(place);
  }
  place.textContent = '';
  requestAnimationFrame(() => { place.textContent = box.dataset.updated || ''; });
}

function soon() {
  if (!timer) timer = setTimeout(renew, PAUSE);
}

if (box) {
  JSON.parse(box.dataset.live).forEach((head) => {
    live().join(head.topic, head, {
      onEvent: (event) => { if (kinds.includes(event.kind)) soon(); },
      onReload: soon,
    });
  });
  // What is for the reader alone comes over the page's one place in the topic `me`.
  document.addEventListener('dj:me', (event) => { if (kinds.includes(event.detail.kind)) soon(); });
  box.addEventListener('focusout', (event) => {
    const piece = event.target.closest('[data-stale]');
    if (piece) setTimeout(() => { if (!isWrittenIn(piece)) soon(); });
  });
}
