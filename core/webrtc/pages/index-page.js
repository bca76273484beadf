// The index page: asks for the streams every few seconds and shows them.
// @ts-check
import { byId, create } from './client/dom.js';

/**
 * @typedef {object} PathRow
 * @property {string} name
 * @property {'live' | 'standby' | 'connecting' | 'failing' | 'waiting'} state
 * @property {number | null} onlineAt Date ms
 * @property {string[]} tracks
 * @property {number} readers
 * @property {string} origin
 * @property {string | null} failure
 * @property {boolean} canPublish
 */

/**
 * @typedef {object} PathOverview
 * @property {PathRow[]} paths
 * @property {boolean} isLoginNeeded
 * @property {boolean} isRefused
 * @property {string | null} exampleName
 * @property {number | null} rtspPort
 */

const REFRESH_MS = 3000;
const COPIED_MS = 1500;
const STATE_TEXTS = {
  live: 'Live',
  standby: 'Starts when watched',
  connecting: 'Connecting to the source',
  failing: 'Source fails',
  waiting: 'Nobody is sending',
};

/** Everything on the page. */
class IndexPage {
  // Browsers fetch nothing relative to a URL with a user and a password in it.
  #listUrl = new URL(
    `${document.body.dataset['assets'] ?? ''}paths.json`,
    location.origin + location.pathname,
  ).href;
  #shownRows = '';
  #shownExamples = '';

  /** Runs as long as the page is open. */
  async run() {
    for (;;) {
      if (!document.hidden) await this.#refresh();
      await nextTurn();
    }
  }

  async #refresh() {
    try {
      const response = await fetch(this.#listUrl, { cache: 'no-store' });
      if (!response.ok) throw new Error(await errorText(response));
      this.#show(await response.json());
      this.#showProblem('');
    } catch (thrown) {
      const reason = textOfFailure(thrown);
      this.#showProblem(`${reason} The list below may be old.`);
    }
  }

  /** @param {PathOverview} overview */
  #show(overview) {
    const { paths, isLoginNeeded, exampleName, rtspPort } = overview;
    const live = paths.filter(({ state }) => state === 'live').length;
    const count = paths.length === 1 ? '1 stream' : `${paths.length} streams`;
    setText(byId('summary', HTMLElement), paths.length === 0 ? '' : `${count}, ${live} live`);
    byId('login', HTMLElement).hidden = !isLoginNeeded;
    byId('list', HTMLElement).hidden = paths.length === 0;
    // Rebuilding rows would take the focus from a link that the keyboard is on.
    const rows = JSON.stringify(paths);
    if (rows !== this.#shownRows) {
      byId('rows', HTMLElement).replaceChildren(...paths.map(rowOf));
      this.#shownRows = rows;
    }
    for (const cell of document.querySelectorAll('[data-online-at]')) {
      if (cell instanceof HTMLElement) setText(cell, since(Number(cell.dataset['onlineAt'])));
    }
    this.#showEmpty(overview);
    const examples = JSON.stringify([exampleName, rtspPort]);
    if (examples === this.#shownExamples) return;
    this.#shownExamples = examples;
    byId('examples', HTMLElement).hidden = exampleName === null;
    if (exampleName !== null) {
      byId('example-list', HTMLElement).replaceChildren(...examplesFor(exampleName, rtspPort));
    }
  }

  /** @param {PathOverview} overview */
  #showEmpty({ paths, isLoginNeeded, isRefused, exampleName }) {
    byId('empty', HTMLElement).hidden = paths.length > 0;
    const [title, text] = isLoginNeeded
      ? [
          isRefused ? 'Wrong user or password' : 'Log in to see streams',
          'This server asks for a user and a password.',
        ]
      : exampleName === null
        ? [
            'No streams',
            'Add a path with a source to mediamtx.yml, or all_others to let anybody with permission publish.',
          ]
        : [
            'No streams yet',
            'Send one to this server with one of the commands below; it appears here by itself.',
          ];
    setText(byId('empty-title', HTMLElement), title ?? '');
    setText(byId('empty-text', HTMLElement), text ?? '');
  }

  /** @param {string} text */
  #showProblem(text) {
    const problem = byId('problem', HTMLElement);
    problem.hidden = text === '';
    setText(problem, text);
  }
}

/** After a while, and at once when somebody looks at the page again. */
function nextTurn() {
  return new Promise((resolve) => {
    const timer = setTimeout(done, REFRESH_MS);
    document.addEventListener('visibilitychange', done);
    function done() {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', done);
      resolve(undefined);
    }
  });
}

/**
 * @param {PathRow} path
 * @returns {HTMLTableRowElement}
 */
function rowOf(path) {
  const row = create('tr');
  const watchUrl = `./${path.name.split('/').map(encodeURIComponent).join('/')}/`;
  const name = create('td', { className: 'name' });
  name.append(link(path.name, watchUrl));
  const state = create('td');
  state.append(create('span', { className: `state ${path.state}`, text: STATE_TEXTS[path.state] }));
  if (path.onlineAt !== null) {
    const detail = create('p', { className: 'detail', text: since(path.onlineAt) });
    detail.dataset['onlineAt'] = String(path.onlineAt);
    state.append(detail);
  }
  if (path.failure !== null) state.append(create('p', { className: 'detail', text: path.failure }));
  const actions = create('td', { className: 'actions' });
  actions.append(link('Watch', watchUrl, `Watch ${path.name}`));
  if (path.canPublish) {
    actions.append(' ', link('Publish', `${watchUrl}publish`, `Publish ${path.name}`));
  }
  row.append(
    name,
    state,
    tracksOf(path),
    create('td', { className: 'number', text: String(path.readers) }),
    actions,
  );
  return row;
}

/**
 * @param {PathRow} path
 * @returns {HTMLElement}
 */
function tracksOf({ tracks }) {
  const cell = create('td', { className: 'tracks' });
  for (const [index, track] of tracks.entries()) {
    cell.append(index === 0 ? '' : ', ', create('span', { text: track }));
  }
  return cell;
}

/**
 * @param {string} text
 * @param {string} url
 * @param {string} [label] when the text alone says too little
 * @returns {HTMLAnchorElement}
 */
function link(text, url, label = '') {
  const element = create('a', { className: label === '' ? '' : 'button', text });
  element.href = url;
  if (label !== '') element.setAttribute('aria-label', label);
  return element;
}

/**
 * @param {string} name
 * @param {number | null} rtspPort
 * @returns {HTMLElement[]}
 */
function examplesFor(name, rtspPort) {
  const browser = create('div', { className: 'example' });
  browser.append(create('p', { text: 'From this browser, a camera or the screen:' }));
  browser.append(
    link(`Publish as ${name}`, `./${name}/publish`, `Publish as ${name} from this browser`),
  );
  if (rtspPort === null) return [browser];
  const url = `rtsp://${location.hostname}:${rtspPort}/${name}`;
  return [
    example(
      'A video file with ffmpeg:',
      `ffmpeg -re -stream_loop -1 -i video.mp4 -c:v libx264 -bf 0 -c:a aac -f rtsp ${url}`,
    ),
    example(
      'A test picture with ffmpeg:',
      `ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=25 -c:v libx264 -preset veryfast -bf 0 -pix_fmt yuv420p -g 50 -f rtsp ${url}`,
    ),
    example('Anything that speaks RTSP, as destination or to watch:', url),
    browser,
  ];
}

/**
 * @param {string} title
 * @param {string} command
 * @returns {HTMLElement}
 */
function example(title, command) {
  const block = create('div', { className: 'example' });
  const box = create('div', { className: 'command' });
  const copy = create('button', { text: 'Copy' });
  copy.type = 'button';
  // Browsers give the clipboard to secure pages only.
  copy.hidden = !isSecureContext;
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command);
    copy.textContent = 'Copied';
    setTimeout(() => (copy.textContent = 'Copy'), COPIED_MS);
  });
  box.append(create('code', { text: command }), copy);
  block.append(create('p', { text: title }), box);
  return block;
}

/**
 * @param {number} atMs
 * @returns {string}
 */
function since(atMs) {
  const seconds = Math.max(0, Math.round((Date.now() - atMs) / 1000));
  if (seconds < 60) return `for ${seconds} s`;
  if (seconds < 3600) return `for ${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400)
    return `for ${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `for ${Math.floor(seconds / 86_400)} days`;
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
function textOfFailure(thrown) {
  if (thrown instanceof TypeError) return 'The server does not answer.';
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function errorText(response) {
  const body = await response.json().catch(() => ({}));
  return typeof body.error === 'string' ? body.error : `The server answered ${response.status}.`;
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

void new IndexPage().run();
