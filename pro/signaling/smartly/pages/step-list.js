// The list of steps: each has a name, how it stands, what it found and how long it took.
// @ts-check

const SIGNS = { running: '…', done: '✓', failed: '✗' };

/** Writes steps into an `ol`, newest last. */
export class StepList {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
  }

  /**
   * Runs a step and shows how it went.
   * @template T
   * @param {string} name
   * @param {() => Promise<{ detail: string, value: T }>} run
   * @returns {Promise<T>}
   */
  async run(name, run) {
    const startedAt = performance.now();
    const item = document.createElement('li');
    const cells = ['sign', 'name', 'detail', 'time'].map((className) => {
      const cell = document.createElement('span');
      cell.className = className;
      item.append(cell);
      return cell;
    });
    this.#list.append(item);
    /** @type {(state: keyof typeof SIGNS, detail: string) => void} */
    const show = (state, detail) => {
      item.className = state;
      const ms = state === 'running' ? '' : `${Math.round(performance.now() - startedAt)} ms`;
      for (const [index, text] of [SIGNS[state], name, detail, ms].entries()) {
        const cell = cells[index];
        if (cell) cell.textContent = text;
      }
    };
    show('running', '');
    try {
      const { detail, value } = await run();
      show('done', detail);
      return value;
    } catch (thrown) {
      show('failed', thrown instanceof Error ? thrown.message : String(thrown));
      throw thrown;
    }
  }
}
