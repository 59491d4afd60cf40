// Likes: shown at once, sent, and put right by what the server answers.
import { call, roll } from '../ui/app.js';

/** Fill a post's counts from a gauge: {likes, comments, views}. */
export function showCounts(post, counts) {
  if (!post) return;
  const set = (name) => post.querySelectorAll(`[data-${name}]`).forEach((place) => roll(place, name, counts[name]));
  ['likes', 'comments', 'views'].filter((name) => name in counts).forEach(set);
}

export function watchLikes(root) {
  root.addEventListener('submit', async (event) => {
    const form = event.target.closest('form[data-like]');
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector('button');
    if (form.dataset.busy) return;
    form.dataset.busy = '1';
    const liked = button.getAttribute('aria-pressed') === 'true';
    const number = form.querySelector('[data-likes]');
    const before = Number(number.dataset.likes);
    show(button, number, !liked, before + (liked ? -1 : 1));
    try {
      const answer = await call(liked ? 'DELETE' : 'PUT', `/api/v1/posts/${form.dataset.like}/like/`);
      if (answer.ok) show(button, number, answer.body.liked, answer.body.like_count);
      else show(button, number, liked, before);
      if (answer.status === 401 || answer.status === 404) location.reload();
    } catch (problem) {
      show(button, number, liked, before);
    }
    delete form.dataset.busy;
  });
}

function show(button, number, liked, count) {
  button.setAttribute('aria-pressed', String(liked));
  button.value = liked ? '0' : '1';
  roll(number, 'likes', Math.max(0, count));
}
