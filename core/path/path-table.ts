// Which entry a path name belongs to: those of the configuration, and those added at run time.
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { Logger } from '../base/logger.ts';
import type { Config, PathConfig } from '../config/config.ts';
import type { ConfigRegistry } from '../config/config-registry.ts';
import { definePath } from '../config/define-path.ts';
import type { YmlSection } from '../config/encode-config.ts';
import { findPathConfig, type PathMatch } from '../config/path-match.ts';

/** Requests of clients may add paths. */
const MAX_REGISTERED = 10_000;

/** What the table works with. */
export interface PathTableComponents {
  readonly logger: Logger;
  /** Keys of outer layers, for paths added at run time. */
  readonly registry?: ConfigRegistry | undefined;
}

interface Registration {
  readonly values: YmlSection;
  readonly config: PathConfig;
}

/** Entries by name. An entry of the configuration hides one of the same name added at run time. */
export class PathTable {
  readonly #components: PathTableComponents;
  readonly #registered = new Map<string, Registration>();
  #config: Config;
  #paths: ReadonlyMap<string, PathConfig>;

  constructor(components: PathTableComponents, config: Config) {
    this.#components = components;
    this.#config = config;
    this.#paths = config.paths;
  }

  /** Names of all entries that stand for one path. */
  get exactNames(): readonly string[] {
    const patterns = new Set(this.#config.pathRules.map(({ confName }) => confName));
    return [...this.#paths.keys()].filter((name) => !patterns.has(name));
  }

  /** The entry for a name; undefined when none takes it. */
  find(name: string): PathMatch | undefined {
    return findPathConfig({ paths: this.#paths, pathRules: this.#config.pathRules }, name);
  }

  /** Entries by key of `paths`, with those added at run time. */
  get paths(): ReadonlyMap<string, PathConfig> {
    return this.#paths;
  }

  /** Whether the entry of this name is one that was added at run time. */
  isRegistered(name: string): boolean {
    return this.#registered.has(name) && !this.#config.paths.has(name);
  }

  /**
   * Adds an entry, or puts other values in the place of one added before.
   * @throws MediaError `already-exists` when the configuration has the name, `invalid-argument`
   * for a name or values that the loader would refuse, `resource-exhausted` after 10 000.
   */
  register(name: string, values: YmlSection): void {
    if (this.#config.paths.has(name)) {
      const message = `path '${name}' is configured already`;
      throw new MediaError('already-exists', 'path-name-taken', message);
    }
    if (this.#registered.size >= MAX_REGISTERED && !this.#registered.has(name)) {
      const text = `path '${name}': ${MAX_REGISTERED} paths were added already`;
      throw new MediaError('resource-exhausted', 'too-many-paths', text);
    }
    const { config, warnings } = definePath(
      this.#config,
      { name, values },
      this.#components.registry,
    );
    for (const { message } of warnings) this.#components.logger.warn(message);
    this.#registered.set(name, { values, config });
    this.#merge();
  }

  /** Removes an entry added at run time; false when there is none. */
  unregister(name: string): boolean {
    const isKnown = this.#registered.delete(name);
    this.#merge();
    return isKnown;
  }

  /** Puts a new configuration in place; entries added at run time stay, over its `pathDefaults`. */
  replaceConfig(config: Config): void {
    this.#config = config;
    for (const [name, { values, config: old }] of this.#registered) {
      this.#registered.set(name, { values, config: this.#redefine(name, values) ?? old });
      if (config.paths.has(name)) {
        this.#components.logger.warn(
          `path '${name}' is configured now; the one added at run time is not used`,
        );
      }
    }
    this.#merge();
  }

  /** With new defaults, values may contradict each other that did not before. */
  #redefine(name: string, values: YmlSection): PathConfig | undefined {
    try {
      return definePath(this.#config, { name, values }, this.#components.registry).config;
    } catch (thrown) {
      this.#components.logger.warn(
        `path '${name}', added at run time, keeps its former settings: ${toMediaError(thrown).message}`,
      );
      return undefined;
    }
  }

  #merge(): void {
    const added = [...this.#registered].map(([name, { config }]) => [name, config] as const);
    this.#paths = new Map([...added, ...this.#config.paths]);
  }
}
