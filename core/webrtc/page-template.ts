// Puts values into the HTML of a page; whatever comes in, it stays text.
import { MediaError } from '../base/media-error.ts';

const PLACEHOLDER = /\{\{([a-zA-Z]+)\}\}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for an HTML element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? '');
}

/**
 * Replaces `{{name}}` by the escaped value of that name.
 * @throws MediaError internal when the template wants a value that is not there.
 */
export function renderTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name];
    if (value !== undefined) return escapeHtml(value);
    throw new MediaError('internal', 'broken-page-template', `page template wants '${name}'`);
  });
}
