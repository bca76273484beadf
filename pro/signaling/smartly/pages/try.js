// The page on which an operator tries an entity: form, steps, picture, numbers.
// @ts-check
import { canSign } from './signature.js';
import { StepList } from './step-list.js';
import { Trial } from './trial.js';

const STATS_PERIOD_MS = 1000;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new TypeError(`the page has no ${type.name} '${id}'`);
}

const form = byId('form', HTMLFormElement);
const start = byId('start', HTMLButtonElement);
const hangup = byId('hangup', HTMLButtonElement);
const notice = byId('notice', HTMLElement);
const numbers = byId('stats', HTMLElement);
const video = byId('video', HTMLVideoElement);
const steps = new StepList(byId('steps', HTMLElement));

/** @type {Trial | undefined} */
let trial;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void runTrial();
});
hangup.addEventListener('click', () => void endTrial(false));
window.addEventListener('pagehide', () => void endTrial(true));
setInterval(() => void showNumbers(), STATS_PERIOD_MS);

if (!canSign()) {
  notice.textContent =
    'This browser signs only on pages that came by HTTPS or from this machine: open ' +
    `https://${location.host}${location.pathname}, or this page on the server itself as localhost.`;
  notice.hidden = false;
  start.disabled = true;
}

async function runTrial() {
  // At once: a second click while the last session is hung up would begin two.
  start.disabled = true;
  await endTrial(false);
  steps.clear();
  numbers.replaceChildren();
  const current = new Trial(steps, video);
  trial = current;
  const client = { id: valueOf('client'), secret: byId('secret', HTMLInputElement).value };
  const route = byId('relay', HTMLSelectElement).value === 'relay' ? 'relay' : 'all';
  try {
    hangup.disabled = false;
    await current.run(client, { entity: valueOf('entity'), route });
  } catch {
    // The step that failed says why.
  } finally {
    start.disabled = false;
  }
}

/** @param {boolean} isLast the page is about to go */
async function endTrial(isLast) {
  const ending = trial;
  trial = undefined;
  hangup.disabled = true;
  await ending?.hangUp(isLast).catch(() => undefined);
}

async function showNumbers() {
  const rows = await trial?.connection.getStats();
  for (const row of rows?.values() ?? []) {
    if (row.type !== 'inbound-rtp' || row.kind !== 'video') continue;
    const values = [
      ['Frames decoded', row.framesDecoded],
      ['Frames per second', row.framesPerSecond ?? 0],
      ['Packets lost', row.packetsLost],
    ];
    numbers.replaceChildren(
      ...values.flatMap(([name, value]) => [cell('dt', name), cell('dd', value ?? 0)]),
    );
  }
}

/**
 * @param {string} tag
 * @param {string | number} text
 */
function cell(tag, text) {
  const element = document.createElement(tag);
  element.textContent = String(text);
  return element;
}

/** @param {string} id */
function valueOf(id) {
  return byId(id, HTMLInputElement).value.trim();
}
