// The month's sheet: Enter and the arrows go from person to person, the sum of what is being entered stands at the foot.

const parse = (text) => Math.round(Number(text.normalize('NFKC').replace(/[,¥\s]/g, '')) * 100) || 0;

function show(sheet) {
  const cents = Array.from(sheet.querySelectorAll('[name^="paid-"]')).reduce((sum, field) => sum + parse(field.value), 0);
  const place = sheet.querySelector('[data-now]');
  place.hidden = cents === 0;
  place.querySelector('[data-now-sum]').textContent = (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
}

function prepare() {
  const sheet = document.querySelector('[data-sheet]');
  const fill = sheet && sheet.querySelector('[data-fill]');
  const all = sheet && sheet.querySelector('[data-all]');
  if (fill) fill.hidden = false;
  if (all) all.hidden = true; // filled in, one sees what will be written
}

document.addEventListener('click', (event) => {
  const fill = event.target.closest('[data-fill]');
  if (!fill) return;
  fill.form.querySelectorAll('[name^="paid-"]').forEach((field) => {
    if (!field.value && Number(field.dataset.missing) > 0) field.value = field.dataset.missing;
  });
  show(fill.form);
});

document.addEventListener('input', (event) => {
  if (event.target.form && event.target.form.matches('[data-sheet]')) show(event.target.form);
});

document.addEventListener('keydown', (event) => {
  const field = event.target;
  if (event.isComposing || !field.matches || !field.matches('[data-sheet] .dj-dues input')) return;
  const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || (event.key === 'Enter' && (event.ctrlKey || event.metaKey))) return;
  event.preventDefault();
  const column = Array.from(field.form.querySelectorAll(`[name^="${field.name.split('-')[0]}-"]`));
  const next = column[column.indexOf(field) + step];
  if (next) {
    next.focus();
    next.select();
  } else if (step > 0) field.form.querySelector('.dj-sheet-foot .dj-btn-primary').focus();
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('[data-sheet]')) return;
  // A disabled button is not sent, so which one was pressed is said by a field.
  if (event.submitter && event.submitter.name) {
    const said = document.createElement('input');
    said.type = 'hidden';
    said.name = event.submitter.name;
    said.value = event.submitter.value;
    form.append(said);
  }
  form.querySelectorAll('button').forEach((button) => { button.disabled = true; });
});
addEventListener('pageshow', (event) => {
  if (event.persisted) document.querySelectorAll('[data-sheet] button').forEach((button) => { button.disabled = false; });
});

document.addEventListener('dj:put', prepare);
prepare();
