// A post's own page: comments arrive in place, one's own are sent once, nothing that is being typed is touched.
import { live, call, fill, newKey, roll } from '../ui/app.js';
import * as drafts from '../ui/drafts.js';
import { watchLikes, showCounts } from './likes.js';
import { watchPhotos } from './photos.js';

const thread = document.getElementById('thread');
const post = document.querySelector('article[data-post]');
const dock = document.getElementById('write');
const field = dock.elements.text;
const replyTo = dock.elements.reply_to;
const pill = document.getElementById('pill');
const template = document.getElementById('comment-template');
const id = thread.dataset.post;
const PLACE = `post:${id}`;
const NEAR = 120; // px from the end: new comments are followed

watchLikes(document);
watchPhotos(document);

// --- the thread

const shown = (comment) => document.getElementById(`c${comment}`);
const isWhole = () => !thread.querySelector('.dj-older');
let unseen = [];
const held = new Map(); // comments that came while the end of the thread was not on the page yet, by id

function isNearEnd() {
  return document.documentElement.scrollHeight - window.scrollY - window.innerHeight < NEAR;
}

function draw(comment) {
  const item = template.content.cloneNode(true).firstElementChild;
  const own = String(comment.author.id) === thread.dataset.member;
  const part = (name) => item.querySelector(`[data-${name}]`);
  item.id = `c${comment.id}`;
  item.dataset.comment = comment.id;
  item.dataset.version = comment.version;
  const avatar = item.querySelector('.dj-ava');
  avatar.className = `dj-ava dj-ava-${comment.author.id % 7} dj-ava-sm`;
  avatar.textContent = Array.from(comment.author.name).pop();
  part('name').textContent = comment.author.name;
  const branch = part('branch');
  if (own) {
    branch.textContent = thread.dataset.me;
  } else if (String(comment.branch.id) === thread.dataset.branch) {
    branch.className = 'dj-tag dj-tag-own';
    branch.textContent = thread.dataset.sameBranch;
  } else {
    branch.textContent = comment.branch.name;
  }
  const to = part('to');
  if (comment.reply_to_author) {
    const link = to.querySelector('a');
    link.href = `#c${comment.reply_to}`;
    link.textContent = comment.reply_to_author.name;
  } else {
    to.remove();
  }
  part('text').textContent = comment.text;
  const time = item.querySelector('time');
  time.dateTime = comment.created_at;
  time.title = comment.created_at.slice(0, 16).replace('T', ' ');
  time.textContent = thread.dataset.now;
  setTimeout(() => { time.textContent = comment.created_at.slice(11, 16); }, 60000);
  part('edited').hidden = !comment.edited_at;
  part('reply').dataset.reply = comment.id;
  part('reply').href = `?reply=${comment.id}#write`;
  item.querySelectorAll(own ? '[data-other]' : '[data-own]').forEach((link) => link.remove());
  item.querySelectorAll('[data-own], [data-other]').forEach((link) => {
    link.href = link.getAttribute('href').replace(`/comments/0/`, `/comments/${comment.id}/`);
  });
  return item;
}

function append(comment, { fresh }) {
  if (shown(comment.id)) return;
  if (!isWhole()) {
    held.set(comment.id, comment); // the pill says that there is more
    return;
  }
  const none = document.getElementById('no-comments');
  if (none) none.remove();
  const item = draw(comment);
  if (fresh) item.classList.add('dj-fresh');
  thread.append(item);
  if (comment.deleted) goneLine(item, comment);
}

/** The end has come onto the page: what it was read too early to hold is put behind it, each once. */
function appendHeld() {
  if (!isWhole()) return;
  held.forEach((comment) => {
    const item = shown(comment.id);
    if (!item) append(comment, { fresh: String(comment.author.id) !== thread.dataset.member });
    else if (Number(item.dataset.version) < comment.version) update(item, comment);
  });
  held.clear();
}
document.body.addEventListener('htmx:afterSwap', appendHeld);

function showPill() {
  const number = unseen.length;
  pill.lastElementChild.textContent = number === 1 ? pill.dataset.one : fill(pill.dataset.many, { n: number });
  pill.hidden = number === 0;
}

function onComment(event) {
  const comment = event.data;
  const item = shown(comment.id);
  if (event.kind === 'comment.created') {
    if (item) return;
    const follow = isWhole() && isNearEnd();
    const own = String(comment.author.id) === thread.dataset.member;
    append(comment, { fresh: !own });
    if (follow) toEnd();
    else if (!own) {
      unseen.push(comment.id);
      showPill();
    }
    return;
  }
  unseen = unseen.filter((each) => each !== comment.id || event.kind !== 'comment.removed');
  showPill();
  if (!item && !isWhole()) held.set(comment.id, comment);
  if (item && Number(item.dataset.version) < comment.version) update(item, comment);
}

function update(item, comment) {
  item.dataset.version = comment.version;
  if (comment.deleted) goneLine(item, comment);
  else if (item.querySelector('[data-text]')) {
    item.querySelector('[data-text]').textContent = comment.text;
    item.querySelector('[data-edited]').hidden = !comment.edited_at;
  } else item.replaceWith(draw(comment));
}

function goneLine(item, comment) {
  const line = document.createElement('p');
  line.className = 'dj-gone';
  line.textContent = comment.hidden
    ? fill(thread.dataset.hidden, { name: comment.hidden.by, reason: comment.hidden.reason })
    : thread.dataset.deleted;
  if (String(replyTo.value) === String(comment.id)) answer(null);
  // The line is lower than what it stands for; what the reader looks at stays where it is.
  const before = item.offsetHeight;
  const isAbove = item.getBoundingClientRect().bottom < 0;
  item.replaceChildren(line);
  if (isAbove) window.scrollBy(0, item.offsetHeight - before);
}

function toEnd() {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  window.scrollTo({ top: document.documentElement.scrollHeight, behavior: calm ? 'auto' : 'smooth' });
}

/** Load what stands between and the end, then go there: to `goal`, a comment, or to the first not seen. */
async function showUnseen(goal = unseen[0]) {
  while (!isWhole()) {
    const older = thread.querySelector('.dj-older');
    const response = await fetch(older.querySelector('a').href, {
      credentials: 'same-origin', headers: { 'HX-Request': 'true' },
    });
    if (!response.ok) return;
    const box = document.createElement('template');
    box.innerHTML = await response.text();
    older.replaceWith(...Array.from(box.content.children).filter((item) => !item.id || !document.getElementById(item.id)));
    appendHeld();
    if (window.htmx) window.htmx.process(thread);
  }
  const item = shown(goal);
  unseen = [];
  showPill();
  if (item) item.scrollIntoView({ block: 'center' });
  else toEnd();
}
pill.addEventListener('click', () => showUnseen().catch(() => undefined));
window.addEventListener('scroll', () => {
  if (unseen.length && isWhole() && isNearEnd()) {
    unseen = [];
    showPill();
  }
}, { passive: true });

function onPost(event) {
  if (String(event.data.id) !== id) return;
  if (event.kind === 'post.removed') return; // `left` of the post's own topic says it to every reader of it
  if (Number(post.dataset.version) >= event.data.version) return;
  post.dataset.version = event.data.version;
  const text = post.querySelector('[data-text]');
  text.textContent = event.data.text;
  text.hidden = !event.data.text;
  post.querySelector('[data-edited]').hidden = !event.data.edited_at;
}

JSON.parse(thread.dataset.live).forEach((head) => {
  const isOwn = head.topic === PLACE;
  live().join(head.topic, head, {
    onEvent: isOwn ? onComment : onPost,
    onGauge: isOwn ? (data) => showCountsHere(data) : null,
    onReload: isOwn ? reloadGently : null,
    onLeft: isOwn ? () => { document.getElementById('gone').hidden = false; } : null,
  });
});

function showCountsHere(data) {
  showCounts(post, data);
  if ('comments' in data) roll(document.querySelector('#ct [data-comments]'), 'comments', data.comments);
  showHere(data.here);
}

/** How many look at this now; to be alone is no news. Said to nobody aloud: it moves all the time. */
function showHere(here) {
  const place = document.getElementById('here');
  place.textContent = here > 1 ? fill(place.dataset.words, { n: here }) : '';
}

/** Too much was missed: the draft is kept and the page drawn anew. */
async function reloadGently() {
  await save();
  location.reload();
}

// --- writing

const words = dock.dataset;
const toLine = dock.querySelector('.dj-dock-to');
const errorLine = document.getElementById('write-error');
const saved = dock.querySelector('.dj-saved');
const send = dock.querySelector('.dj-btn-primary');
let draft = { text: '', replyTo: '', replyName: '', key: newKey(), isSending: false, tried: '' };
let saving = 0;

function grow() {
  field.style.height = 'auto';
  field.style.height = `${Math.min(field.scrollHeight + 2, 120)}px`;
  document.documentElement.style.setProperty('--dock-h', `${dock.offsetHeight}px`);
}

function answer(comment, name) {
  replyTo.value = comment || '';
  draft.replyTo = replyTo.value;
  draft.replyName = name || '';
  toLine.hidden = !comment;
  if (comment) toLine.firstElementChild.textContent = fill(words.replyWords, { name: draft.replyName });
  grow();
}

async function save() {
  clearTimeout(saving);
  saving = 0;
  draft.text = field.value;
  if (!draft.text.trim() && !draft.isSending) await drafts.forget(PLACE);
  else if (await drafts.keep(PLACE, draft)) showSaved();
}

function showSaved() {
  if (!draft.text.trim() || draft.isSending) return;
  saved.hidden = false;
  saved.lastElementChild.textContent = words.saved;
  grow();
}

field.addEventListener('input', () => {
  grow();
  errorLine.hidden = true;
  saved.hidden = true;
  if (!saving) saving = setTimeout(save, 400);
});
field.addEventListener('keydown', (event) => {
  // Enter chooses a word while Chinese is being composed; on a phone it is a new line, as everywhere there.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  if (!window.matchMedia('(pointer: fine)').matches) return;
  event.preventDefault();
  dock.requestSubmit ? dock.requestSubmit() : send.click();
});
window.addEventListener('pagehide', () => { if (saving) save(); });

thread.addEventListener('click', (event) => {
  const link = event.target.closest('[data-reply]');
  if (!link) return;
  event.preventDefault();
  const item = link.closest('[data-comment]');
  answer(link.dataset.reply, item.querySelector('[data-name]').textContent);
  save();
  field.focus();
});
toLine.querySelector('a').addEventListener('click', (event) => {
  event.preventDefault();
  answer(null);
  save();
  field.focus();
});

dock.addEventListener('submit', (event) => {
  event.preventDefault();
  if (draft.isSending || !field.value.trim()) return field.focus();
  // The same text again is the same comment; another text is another one, unless the first never got an answer.
  draft.tried = field.value;
  draft.isSending = true;
  save();
  deliver();
});

let retry = 0;
let isUnderWay = false;

async function deliver() {
  if (isUnderWay) return; // pressed again, or back online, while the answer is awaited
  isUnderWay = true;
  clearTimeout(retry);
  retry = 0;
  busy(true);
  try {
    const body = { text: draft.tried, reply_to: draft.replyTo ? Number(draft.replyTo) : null };
    const answered = await call('POST', `/api/v1/posts/${id}/comments/`, body, { 'Idempotency-Key': draft.key });
    if (answered.ok) return sent(answered.body);
    if (answered.status === 409 || answered.status === 429) return later(answered.wait * 1000 || 1000);
    if (answered.status >= 500) return trouble(words.failed);
    draft.isSending = false;
    if (answered.status === 401) return trouble(words.ended, true);
    if (answered.body.code === 'key_reused') {
      draft.key = newKey();
      return trouble(words.sentBefore);
    }
    // Refused content is not remembered under its key: the corrected text may go out under the same one.
    trouble(answered.body.detail || words.failed);
  } catch (problem) {
    trouble(navigator.onLine === false ? words.offline : words.failed);
  } finally {
    isUnderWay = false;
  }
  return undefined;
}

function sent(comment) {
  append(comment, { fresh: false });
  if (field.value === draft.tried) field.value = '';
  draft = { text: field.value, replyTo: '', replyName: '', key: newKey(), isSending: false, tried: '' };
  answer(null);
  busy(false);
  errorLine.hidden = true;
  saved.hidden = true;
  grow();
  save();
  if (shown(comment.id)) toEnd();
  else {
    unseen.push(comment.id);
    showPill(); // what is left where the rest cannot be loaded
    showUnseen(comment.id).catch(() => undefined);
  }
}

function later(wait) {
  retry = setTimeout(deliver, wait);
}

function busy(is) {
  send.setAttribute('aria-busy', String(is));
  send.disabled = is;
}

function trouble(text, signIn = false) {
  busy(false);
  const place = errorLine.querySelector('span');
  place.textContent = text;
  errorLine.hidden = false;
  if (signIn) {
    const link = document.createElement('a');
    link.href = `/sign-in/?expired=1&next=${encodeURIComponent(location.pathname)}`;
    link.textContent = words.signIn;
    place.append(link);
  } else if (draft.isSending) {
    const again = document.createElement('button');
    again.type = 'button';
    again.textContent = words.again;
    again.addEventListener('click', deliver);
    place.append(again);
    retry = setTimeout(deliver, 5000 + Math.random() * 5000);
  }
  grow();
  save();
}
window.addEventListener('online', () => { if (draft.isSending && !send.disabled) deliver(); });

(async () => {
  const kept = await drafts.read(PLACE);
  if (kept && !field.value) {
    draft = kept;
    field.value = kept.text;
    if (kept.replyTo && !replyTo.value) answer(kept.replyTo, kept.replyName);
    if (kept.isSending) deliver();
    else showSaved();
  }
  grow();
  if (replyTo.value) field.focus();
})();
