// Lets an outer layer add keys of its own to mediamtx.yml without core knowing them.
import type { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import type { PathSegment } from './config-issue.ts';
import type { ConfigKey, KeyTable, KeyValues } from './config-key.ts';
import type { Extensions } from './config.ts';
import { globalKeys } from './global-keys.ts';
import { pathKeys } from './path-keys.ts';
import type { ForwardType, UrlCheck, UrlSchemes } from './url-schemes.ts';
import type { ConfigDraft } from './validate-config.ts';

/** A registered key; reads its value out of a loaded configuration. */
export class ExtensionKey<S extends z.ZodType> {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** The value in the global section or in a path, depending on where the key was registered. */
  read(config: { readonly extensions: Extensions }): z.output<S> {
    // Schema edge: the loader decoded this value with the schema that the key was registered with.
    return config.extensions[this.name] as z.output<S>;
  }
}

/** A registered table of keys; reads all their values at once. */
export class ExtensionTable<T extends KeyTable> {
  readonly keys: T;

  constructor(keys: T) {
    this.keys = keys;
  }

  /** The values in the global section or in a path, depending on where the table was registered. */
  read(config: { readonly extensions: Extensions }): KeyValues<T> {
    // Schema edge: the loader decoded these values with the schemas of this table.
    return config.extensions as KeyValues<T>;
  }
}

/** Takes what a rule has found; `path` is e.g. ['paths', 'cam1', 'deviceType']. */
export interface RuleReport {
  error(path: readonly PathSegment[], message: string): void;
  warn(path: readonly PathSegment[], message: string): void;
}

/** Looks at a whole configuration whose single values are right. */
export type ConfigRule = (draft: ConfigDraft, report: RuleReport) => void;

/** The keys that outer layers registered. Give it to every `loadConfig` of the process. */
export class ConfigRegistry {
  readonly #global = new Map<string, ConfigKey>();
  readonly #path = new Map<string, ConfigKey>();
  readonly #rules: ConfigRule[] = [];
  readonly #sources = new Map<string, UrlCheck>();
  readonly #forwards = new Map<string, UrlCheck>();
  readonly #forwardTypes = new Map<string, ForwardType>();

  get globalKeys(): KeyTable {
    return Object.fromEntries(this.#global);
  }

  get pathKeys(): KeyTable {
    return Object.fromEntries(this.#path);
  }

  get rules(): readonly ConfigRule[] {
    return this.#rules;
  }

  /** URLs of `source` and `forward` beside those of the core. */
  get urlSchemes(): UrlSchemes {
    return {
      sources: this.#sources,
      forwards: this.#forwards,
      forwardTypes: this.#forwardTypes,
    };
  }

  /** @throws MediaError `already-exists` when the key is taken. */
  addGlobalKey<S extends z.ZodType>(name: string, definition: ConfigKey<S>): ExtensionKey<S> {
    const isTaken = Object.hasOwn(globalKeys, name) || name === 'paths' || name === 'pathDefaults';
    return register<S>(this.#global, { name, definition, isTaken });
  }

  /** @throws MediaError `already-exists` when the key is taken. */
  addPathKey<S extends z.ZodType>(name: string, definition: ConfigKey<S>): ExtensionKey<S> {
    return register<S>(this.#path, { name, definition, isTaken: Object.hasOwn(pathKeys, name) });
  }

  /** @throws MediaError `already-exists` when one of the keys is taken. */
  addGlobalKeys<T extends KeyTable>(table: T): ExtensionTable<T> {
    for (const [name, definition] of Object.entries(table)) this.addGlobalKey(name, definition);
    return new ExtensionTable(table);
  }

  /** @throws MediaError `already-exists` when one of the keys is taken. */
  addPathKeys<T extends KeyTable>(table: T): ExtensionTable<T> {
    for (const [name, definition] of Object.entries(table)) this.addPathKey(name, definition);
    return new ExtensionTable(table);
  }

  /** Lets `source` take URLs of a scheme; somebody has to bring a SourceFactory for it. */
  addSourceScheme(scheme: string, check: UrlCheck): void {
    this.#sources.set(scheme, check);
  }

  /** Lets `forward` take URLs of a scheme; somebody has to bring a ForwardTargetFactory for it. */
  addForwardScheme(scheme: string, check: UrlCheck): void {
    this.#forwards.set(scheme, check);
  }

  /** Lets `forward` take structs of a type; its URLs need a scheme too. */
  addForwardType(type: ForwardType): void {
    this.#forwardTypes.set(type.type, type);
  }

  /** Adds a rule about the registered keys; it runs when every single value is right. */
  addRule(rule: ConfigRule): void {
    this.#rules.push(rule);
  }
}

interface Registration {
  readonly name: string;
  readonly definition: ConfigKey;
  readonly isTaken: boolean;
}

function register<S extends z.ZodType>(
  table: Map<string, ConfigKey>,
  { name, definition, isTaken }: Registration,
): ExtensionKey<S> {
  // Environment variables join names with underscores, so a name cannot have one.
  if (!/^[a-z][A-Za-z0-9]*$/u.test(name) || Object.hasOwn(Object.prototype, name)) {
    throw new MediaError('invalid-argument', 'config-key-name', `'${name}' is not a key name`);
  }
  if (isTaken || table.has(name)) {
    throw new MediaError('already-exists', 'config-key-taken', `the key '${name}' exists already`);
  }
  table.set(name, definition);
  return new ExtensionKey<S>(name);
}
