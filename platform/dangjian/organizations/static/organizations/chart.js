// The outline as a structure chart, for wide screens: one organisation, what is below it, and what is below that.
// It is drawn from the outline itself, which stays the page for everybody without it. Its controls are a path of
// buttons and a choice, so that the keyboard goes where the mouse does.

const WIDE = matchMedia('(min-width: 900px)');
const ROW = 28; // px a name needs
const box = document.querySelector('[data-chart]');
const outline = document.querySelector('.dj-outline');
const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
let library = null;
let chart = null;
let drawnNodes = []; // the library copies what it is given, and a node leads back to itself

function read(item, above) {
  const entry = item.querySelector('.dj-entry');
  const link = entry.querySelector('a');
  const node = {
    name: link.textContent, href: link.href, above, children: [],
    count: entry.querySelector('.dj-entry-count').textContent, warned: Boolean(entry.querySelector('.dj-state-due')),
  };
  const list = item.querySelector(':scope > details > ul');
  if (list) node.children = Array.from(list.children, (child) => read(child, node));
  return node;
}

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function drawn(node, depth) {
  return {
    name: `${node.name}  ${node.count}`, at: drawnNodes.push(node) - 1,
    itemStyle: { color: node.warned ? token('--due') : token('--link') },
    children: depth ? node.children.map((child) => drawn(child, depth - 1)) : [],
  };
}

function button(text, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'dj-btn dj-btn-sm dj-btn-quiet';
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}

function walk(node, { focus = false } = {}) {
  const way = [];
  for (let step = node.above; step; step = step.above) way.unshift(step);
  const path = box.querySelector('[data-path]');
  path.replaceChildren(...way.map((step) => button(step.name, () => walk(step, { focus: true }))));
  const here = box.querySelector('[data-here]');
  here.textContent = node.name;
  here.href = node.href;
  const choice = box.querySelector('select');
  choice.replaceChildren(choice.options[0], ...node.children.map((child, number) => new Option(`${child.name}  ${child.count}`, number)));
  choice.selectedIndex = 0;
  choice.disabled = !node.children.length;
  choice.onchange = () => walk(node.children[Number(choice.value)], { focus: true });
  if (focus) here.focus({ preventScroll: true });

  // Grandchildren only where they leave room for their names.
  const below = node.children.reduce((sum, child) => sum + Math.max(1, child.children.length), 0);
  const depth = below <= 60 ? 2 : 1;
  const rows = depth === 2 ? below : node.children.length;
  const canvas = box.querySelector('[data-canvas]');
  canvas.setAttribute('aria-label', box.dataset.says.replace('{name}', node.name).replace('{below}', node.children.length).replace('{count}', node.count));
  canvas.style.height = `${Math.max(12 * ROW, (rows + 2) * ROW)}px`;
  if (chart) chart.dispose();
  drawnNodes = [];
  chart = library.init(canvas);
  chart.setOption({
    animationDuration: still ? 0 : 200,
    series: [{
      type: 'tree', data: [drawn(node, depth)], left: 24, right: depth === 2 ? 260 : 320, top: ROW, bottom: ROW,
      expandAndCollapse: false, roam: false, symbol: 'circle', symbolSize: 9, initialTreeDepth: -1,
      lineStyle: { color: token('--line-strong'), width: 1.5, curveness: 0.5 },
      label: { position: 'top', align: 'left', distance: 6, fontSize: 13, color: token('--ink'), fontFamily: getComputedStyle(document.body).fontFamily },
      leaves: { label: { position: 'right', align: 'left', verticalAlign: 'middle', distance: 8 } },
    }],
  });
  chart.on('click', (event) => {
    const chosen = event.data && drawnNodes[event.data.at];
    if (!chosen) return;
    if (chosen === node || !chosen.children.length) location.assign(chosen.href);
    else walk(chosen);
  });
}

async function show(charted) {
  if (charted && !library) library = await import(box.dataset.chart);
  box.hidden = !charted;
  outline.hidden = charted;
  document.querySelectorAll('[data-view]').forEach((each) => {
    each.setAttribute('aria-pressed', String((each.dataset.view === 'chart') === charted));
  });
  if (charted) walk(read(outline.children[0], null));
}

if (box && outline && outline.querySelector('.dj-entry')) {
  const choice = document.querySelector('[data-views]');
  const fit = () => {
    choice.hidden = !WIDE.matches;
    if (!WIDE.matches && !box.hidden) show(false);
  };
  choice.querySelectorAll('[data-view]').forEach((each) => {
    each.addEventListener('click', () => show(each.dataset.view === 'chart'));
  });
  WIDE.addEventListener('change', fit);
  addEventListener('resize', () => chart && !box.hidden && chart.resize());
  fit();
}
