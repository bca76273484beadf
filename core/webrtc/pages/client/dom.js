// Elements by id, and the parts that several pages build.
// @ts-check

/**
 * The element of that id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new TypeError(`the page has no ${type.name} '${id}'`);
}

/**
 * An element with text inside.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {{ className?: string, text?: string }} [content]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function create(name, { className = '', text = '' } = {}) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  if (text !== '') element.textContent = text;
  return element;
}

/**
 * Writes rows into a list, touching only what changed.
 * @param {HTMLElement} list a `dl`
 * @param {readonly (readonly [string, string])[]} rows
 */
export function showRows(list, rows) {
  const texts = rows.flat();
  if (list.children.length !== texts.length) {
    list.replaceChildren(...texts.map((_, index) => create(index % 2 === 0 ? 'dt' : 'dd')));
  }
  for (const [index, text] of texts.entries()) {
    const cell = list.children[index];
    if (cell && cell.textContent !== text) cell.textContent = text;
  }
}

/**
 * URL of this page without query, fragment and credentials, and `name` beside it.
 * @param {string} name
 * @returns {string}
 */
export function siblingUrl(name) {
  const url = new URL(name, location.href);
  url.username = '';
  url.password = '';
  url.search = location.search;
  return url.href;
}
