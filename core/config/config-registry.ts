// Lets an outer layer add keys of its own to mediamtx.yml without core knowing them.
import type { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import type { ConfigKey, KeyTable } from './config-key.ts';
import type { Extensions } from './config.ts';
import { globalKeys } from './global-keys.ts';
import { pathKeys } from './path-keys.ts';

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

/** The keys that outer layers registered. Give it to every `loadConfig` of the process. */
export class ConfigRegistry {
  readonly #global = new Map<string, ConfigKey>();
  readonly #path = new Map<string, ConfigKey>();

  get globalKeys(): KeyTable {
    return Object.fromEntries(this.#global);
  }

  get pathKeys(): KeyTable {
    return Object.fromEntries(this.#path);
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
