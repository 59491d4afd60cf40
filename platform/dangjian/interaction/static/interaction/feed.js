// The feed: new posts wait in a pill, numbers roll, likes are sent at once.
import { live, fill, toast } from '../ui/app.js';
import { watchLikes, showCounts } from './likes.js';
import { watchPhotos } from './photos.js';
import { watchMenus } from './menu.js';

const feed = document.getElementById('feed');
const pill = document.getElementById('pill');
const slot = pill.parentElement;
const waiting = new Set(); // ids of new posts nobody has seen yet
const place = (id) => document.getElementById(`post-${id}`);

function belongs(post) {
  const tab = feed.dataset.tab;
  if (tab === 'branch') return String(post.branch.id) === feed.dataset.branch;
  return !tab || post.kind === tab;
}

function showPill() {
  const number = waiting.size;
  pill.lastElementChild.textContent = number === 1 ? pill.dataset.one : fill(pill.dataset.many, { n: number });
  pill.hidden = number === 0;
  slot.classList.toggle('has-news', number > 0);
}

async function load(ids) {
  const response = await fetch(`${feed.dataset.cards}?ids=${ids.join(',')}`, { credentials: 'same-origin' });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const box = document.createElement('template');
  box.innerHTML = await response.text();
  return Array.from(box.content.querySelectorAll('[data-post]'));
}

/** Show what the pill promised: scroll up, insert, highlight. */
async function showWaiting() {
  pill.disabled = true;
  try {
    const ids = Array.from(waiting);
    const cards = [];
    for (let start = 0; start < ids.length; start += 20) cards.push(...(await load(ids.slice(start, start + 20))));
    ids.forEach((id) => waiting.delete(id));
    const empty = feed.querySelector('.dj-empty');
    if (empty) empty.remove();
    window.scrollTo({ top: 0 });
    cards.reverse().forEach((card) => {
      const old = document.getElementById(card.id);
      if (old) old.remove();
      card.classList.add('dj-fresh');
      feed.prepend(card);
    });
    const first = feed.querySelector('[data-post]');
    if (first) {
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }
  } catch (problem) {
    toast(feed.dataset.failed);
  }
  pill.disabled = false;
  showPill();
}

async function replace(id) {
  const [card] = await load([id]).catch(() => []);
  if (card && place(id)) place(id).replaceWith(card);
}

function onEvent(event) {
  const post = event.data;
  const shown = place(post.id);
  if (event.kind === 'post.removed') {
    waiting.delete(post.id);
    if (shown && Number(shown.dataset.version) < post.version) fade(shown);
  } else if (shown) {
    if (Number(shown.dataset.version) < post.version) replace(post.id);
  } else if (event.kind === 'post.created' && belongs(post)) {
    waiting.add(post.id);
  }
  showPill();
}

/** What is above the reader keeps its height, so that nothing below jumps. */
function fade(card) {
  const box = card.getBoundingClientRect();
  card.replaceChildren();
  card.style.minHeight = `${box.height}px`;
  card.setAttribute('aria-hidden', 'true');
  card.removeAttribute('aria-labelledby');
}

JSON.parse(feed.dataset.live).forEach((head) => {
  live().join(head.topic, head, {
    onEvent,
    onGauge: (data) => Object.keys(data.posts || {}).forEach((id) => showCounts(place(id), data.posts[id])),
    onReload: () => location.reload(),
  });
});

pill.addEventListener('click', showWaiting);
watchLikes(document);
watchPhotos(document);
watchMenus(document);

// 随手拍 goes away on the way down and comes back on the way up.
const fab = document.getElementById('fab');
let last = window.scrollY;
window.addEventListener('scroll', () => {
  const now = window.scrollY;
  if (Math.abs(now - last) < 12) return;
  if (fab) fab.classList.toggle('is-away', now > last && now > 200);
  last = now;
}, { passive: true });
