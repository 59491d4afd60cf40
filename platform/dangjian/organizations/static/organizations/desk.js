// The officer's desk: a member opens beside the list, Esc closes. Without this file every link is a page of its own.

const split = document.querySelector('[data-split]');
const panel = document.getElementById('panel');

function settle() {
  const open = panel.childElementCount > 0;
  split.classList.toggle('dj-split', open);
  split.classList.toggle('dj-split-wide', open);
  panel.classList.toggle('dj-panel', open);
  const shown = /\/members\/(\d+)\//.exec(location.pathname);
  split.querySelectorAll('tr[data-member]').forEach((row) => {
    row.classList.toggle('is-open', Boolean(shown) && row.dataset.member === shown[1]);
  });
}

async function open(url, { push = true } = {}) {
  const answer = await fetch(url, { headers: { 'HX-Request': 'true', 'HX-Target': 'panel' } }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) {
    location.assign(url);
    return;
  }
  panel.innerHTML = await answer.text();
  if (push) history.pushState({ panel: true }, '', url);
  settle();
  panel.scrollTop = 0;
  const title = panel.querySelector('[data-panel-title]');
  if (title) title.focus({ preventScroll: true });
}

function close() {
  const link = panel.querySelector('[data-close]');
  if (!link) return;
  const row = split.querySelector('tr.is-open a');
  history.pushState({ panel: true }, '', link.href);
  panel.replaceChildren();
  settle();
  if (row) row.focus();
}

if (split && panel) {
  document.addEventListener('click', (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest('a[data-panel], a[data-close]');
    if (!link) return;
    event.preventDefault();
    if ('close' in link.dataset) close();
    else open(link.href);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing && !document.querySelector('details.dj-drop[open]')) close();
  });
  addEventListener('popstate', () => {
    if (/\/members\/\d+\//.test(location.pathname)) open(location.href, { push: false });
    else {
      panel.replaceChildren();
      settle();
    }
  });
}

document.querySelectorAll('[data-print]').forEach((button) => {
  button.hidden = false;
  button.addEventListener('click', () => print());
});

document.querySelectorAll('form[data-once]').forEach((form) => {
  form.addEventListener('submit', () => {
    form.querySelectorAll('button').forEach((button) => {
      button.disabled = true;
    });
  });
});
addEventListener('pageshow', (event) => {
  if (event.persisted) document.querySelectorAll('form[data-once] button').forEach((button) => {
    button.disabled = false;
  });
});

// An import whose rows have been read or written by itself: say so, and let the keyboard go on from there.
const say = document.querySelector('[data-say]');
document.body.addEventListener('htmx:afterSwap', () => {
  const result = say && document.querySelector('[data-result]');
  if (!result || 'seen' in result.dataset) return;
  result.dataset.seen = '';
  if (!document.activeElement || document.activeElement === document.body) result.focus();
  const told = document.querySelector('[data-told]');
  say.textContent = told ? told.textContent : '';
});
