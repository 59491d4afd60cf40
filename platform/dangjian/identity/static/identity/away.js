// Asks in the background whether people can sign in again, and only then leaves the page: nobody is torn from reading.
const { onward, retry } = document.querySelector('[data-onward]').dataset;

setInterval(async () => {
  const answer = await fetch(onward, { redirect: 'manual' }).catch(() => null);
  if (answer && answer.type === 'opaqueredirect') location.assign(onward);
}, retry * 1000);
