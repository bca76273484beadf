// Where a key stands, so that a finding can name the line to change.
import { readConfigText } from '../../../core/config/config-file.ts';
import { dottedPath, type PathSegment } from '../../../core/config/config-issue.ts';
import type { Environment } from '../../../core/config/environment.ts';
import { YamlDocument } from '../../../core/config/yaml-document.ts';

/** The file, and the variables that win over it. */
export interface KeyPlacesOptions {
  /** Undefined: built-in defaults. */
  readonly filePath: string | undefined;
  /** What to call the file when there is none. */
  readonly usualName: string;
  /** Variables `MTX_<KEY>`; {} for a file without them. */
  readonly env: Environment;
}

/** Places of keys of one file. */
export class KeyPlaces {
  readonly #name: string;
  readonly #document: YamlDocument;
  readonly #env: Environment;

  /** @throws MediaError as readConfigText(). */
  constructor({ filePath, usualName, env }: KeyPlacesOptions) {
    this.#name = filePath ?? usualName;
    this.#env = env;
    const text = filePath === undefined ? '' : readConfigText({ filePath, env: {} });
    this.#document = new YamlDocument(text, this.#name);
  }

  /** `mediamtx.yml:46`, `environment variable MTX_API`, or `mediamtx.yml (add api)`. */
  of(path: readonly PathSegment[]): string {
    const variable = this.#variable(path);
    if (variable !== undefined) return `environment variable ${variable}`;
    if (!this.#document.has(path)) return `${this.#name} (add ${dottedPath(path)})`;
    const { line } = this.#document.locate(path);
    return line === undefined ? this.#name : `${this.#name}:${line}`;
  }

  #variable(path: readonly PathSegment[]): string | undefined {
    const words = path.map((segment) => String(segment).toUpperCase());
    // A list may be set whole, or item by item.
    for (let count = words.length; count > 0; count--) {
      const name = `MTX_${words.slice(0, count).join('_')}`;
      if (this.#env[name] !== undefined) return name;
    }
    const prefix = `MTX_${words.join('_')}_`;
    return Object.keys(this.#env).find((name) => name.startsWith(prefix));
  }
}
