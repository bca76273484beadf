// The page of API v2: shows the OpenAPI document of this server and sends requests to it.
// @ts-check

/**
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema?: object }} Parameter
 * @typedef {{ summary?: string, description?: string, tags?: string[], parameters?: Parameter[],
 *   requestBody?: { content: Record<string, { schema: object }> },
 *   responses?: Record<string, Answer> }} Operation
 * @typedef {{ info: { title: string, version: string, description: string },
 *   paths: Record<string, Record<string, Operation>>, components: Components }} Document
 * @typedef {{ description?: string, content?: Record<string, { schema?: object }>, $ref?: string }} Answer
 * @typedef {{ schemas: Record<string, object>, responses?: Record<string, Answer> }} Components
 */

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** @param {string} id */
function textOf(id) {
  const field = byId(id);
  return field instanceof HTMLInputElement ? field.value.trim() : '';
}

/**
 * An example of a schema, so that a body can be sent after few changes.
 * @param {unknown} schema
 * @param {Record<string, object>} shared
 * @param {number} depth
 * @returns {unknown}
 */
function exampleOf(schema, shared, depth = 0) {
  if (typeof schema !== 'object' || schema === null || depth > 6) return null;
  /** @type {Record<string, unknown>} */
  const each = { ...schema };
  if (typeof each.$ref === 'string') {
    return exampleOf(shared[each.$ref.split('/').at(-1) ?? ''], shared, depth + 1);
  }
  if ('default' in each) return each.default;
  if ('const' in each) return each.const;
  if (Array.isArray(each.enum)) return each.enum[0];
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const list = each[key];
    if (Array.isArray(list)) return exampleOf(list[0], shared, depth + 1);
  }
  if (each.type === 'array') return [exampleOf(each.items, shared, depth + 1)];
  if (each.type === 'object') {
    const properties = Object.entries(each.properties ?? {});
    return Object.fromEntries(
      properties.map(([name, inner]) => [name, exampleOf(inner, shared, depth + 1)]),
    );
  }
  if (each.type === 'number' || each.type === 'integer') return 0;
  if (each.type === 'boolean') return false;
  return each.type === 'null' ? null : 'text';
}

/** @param {Parameter[]} parameters */
function parameterTable(parameters) {
  const rows = parameters.map((parameter) => {
    const { name, in: place, required, description = '' } = parameter;
    const field = element('input', { name, 'data-in': place, 'aria-label': name });
    const title = element('code', {}, name, required ? ' *' : '');
    return element(
      'tr',
      {},
      element('td', {}, title),
      element('td', {}, place),
      element('td', {}, description),
      element('td', {}, field),
    );
  });
  const head = ['name', 'in', 'meaning', 'value'].map((text) => element('th', {}, text));
  return element('table', {}, element('tr', {}, ...head), ...rows);
}

/** @param {Operation} operation @param {Components} components */
function responseList(operation, { schemas, responses = {} }) {
  const items = Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const response = responses[answer.$ref?.split('/').at(-1) ?? ''] ?? answer;
    const content = Object.entries(response.content ?? {});
    const types = content.map(([type]) => type).join(', ');
    const line = element(
      'p',
      {},
      element('b', {}, status),
      ` ${response.description ?? ''} `,
      types,
    );
    const schema = content.find(([type]) => type === 'application/json')?.[1].schema;
    if (!schema || !status.startsWith('2')) return line;
    const text = JSON.stringify(exampleOf(schema, schemas), undefined, 2);
    return element('div', {}, line, element('pre', {}, text));
  });
  return element('div', {}, element('h3', {}, 'Answers'), ...items);
}

/**
 * @param {string} path
 * @param {HTMLElement} form
 * @throws Error for a part of the path that is empty.
 */
function urlOf(path, form) {
  const query = new URLSearchParams();
  let url = path;
  for (const field of form.querySelectorAll('input[data-in]')) {
    if (!(field instanceof HTMLInputElement)) continue;
    if (field.value === '' && field.dataset.in === 'path')
      throw new Error(`${field.name} is empty`);
    if (field.value === '') continue;
    if (field.dataset.in === 'query') query.append(field.name, field.value);
    else {
      const value = field.value.split('/').map(encodeURIComponent).join('/');
      url = url.replace(`{${field.name}}`, value);
    }
  }
  const text = query.toString();
  return text === '' ? url : `${url}?${text}`;
}

/**
 * @param {Response} response
 * @param {HTMLElement} output
 */
async function show(response, output) {
  const type = response.headers.get('content-type') ?? '';
  const status = element('p', {}, `${response.status} ${response.statusText} ${type}`);
  if (type.startsWith('image/')) {
    const url = URL.createObjectURL(await response.blob());
    output.replaceChildren(status, element('img', { src: url, alt: 'the picture that came back' }));
    return;
  }
  const text = await response.text();
  let pretty = text;
  try {
    pretty = JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    // Not JSON: shown as it is.
  }
  output.replaceChildren(status, element('pre', {}, pretty));
}

/**
 * @param {{ path: string, method: string, operation: Operation, components: Components }} entry
 */
function operationBox({ path, method, operation, components }) {
  const label = element('span', { class: `method ${method}` }, method.toUpperCase());
  const title = element('span', { class: 'path' }, path);
  const box = element('details', {}, element('summary', {}, label, title, operation.summary ?? ''));
  const body = element('div', { class: 'body' });
  if (operation.description) body.append(element('p', {}, operation.description));
  if (operation.parameters?.length) body.append(parameterTable(operation.parameters));
  const schema = operation.requestBody?.content['application/json']?.schema;
  const input = document.createElement('textarea');
  if (schema) {
    input.value = JSON.stringify(exampleOf(schema, components.schemas), undefined, 2);
    body.append(element('h3', {}, 'Body'), input);
  }
  const output = element('div', {});
  const send = element('button', { type: 'button' }, 'Send');
  send.addEventListener('click', () => {
    const token = textOf('token');
    const headers = new Headers(schema ? { 'Content-Type': 'application/json' } : {});
    if (token !== '') headers.set('Authorization', `Bearer ${token}`);
    const init = {
      method: method.toUpperCase(),
      headers,
      ...(schema ? { body: input.value } : {}),
    };
    output.replaceChildren('...');
    const answered = async () => show(await fetch(urlOf(path, body), init), output);
    answered().catch((failure) => output.replaceChildren(String(failure)));
  });
  body.append(send, output, responseList(operation, components));
  box.append(body);
  return box;
}

/** @param {Document} description */
function render(description) {
  const { info, paths, components } = description;
  byId('about').textContent = `${info.title} ${info.version}. ${info.description}`;
  /** @type {Map<string, HTMLElement>} */
  const sections = new Map();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? '';
      const section = sections.get(tag) ?? element('section', {}, element('h2', {}, tag));
      sections.set(tag, section);
      section.append(operationBox({ path, method, operation, components }));
    }
  }
  byId('operations').replaceChildren(...sections.values());
}

function applyFilter() {
  const words = textOf('filter').toLowerCase().split(/\s+/u);
  for (const section of document.querySelectorAll('section')) {
    let visible = 0;
    for (const box of section.querySelectorAll('details')) {
      const text = (box.querySelector('summary')?.textContent ?? '').toLowerCase();
      box.hidden = !words.every((word) => text.includes(word));
      if (!box.hidden) visible++;
    }
    section.hidden = visible === 0;
  }
}

byId('filter').addEventListener('input', applyFilter);
try {
  const response = await fetch('docs/openapi-v2.json');
  if (!response.ok) throw new Error(`the document could not be loaded: ${response.status}`);
  render(await response.json());
} catch (failure) {
  byId('operations').replaceChildren(element('p', {}, String(failure)));
}
