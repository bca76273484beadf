// The configuration of a running server: the file as it changes, and the changes made through the API.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { ConfigCheck } from './config-builder.ts';
import type { ConfigEdit } from './config-edit.ts';
import { readConfigText } from './config-file.ts';
import { issuesToError } from './config-issue.ts';
import type { ConfigRegistry } from './config-registry.ts';
import type { Config, ConfigWarning } from './config.ts';
import { describeDiff, diffConfig, type ConfigDiff } from './diff-config.ts';
import type { Environment } from './environment.ts';
import { checkConfig } from './load-config.ts';
import { MemoryEdits } from './memory-edits.ts';
import { replaceFile } from './replace-file.ts';
import { restoreSecrets } from './restore-secrets.ts';
import { writeBack } from './write-back.ts';

/** What the store works with. */
export interface ConfigStoreComponents {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where the configuration comes from. */
export interface ConfigStoreOptions {
  /** As it was loaded at start; its `filePath` is the file to follow and to write. */
  readonly config: Config;
  /** What the configuration was made of when there is no file; default: nothing. */
  readonly text?: string;
  readonly env: Environment;
  /** Keys of outer layers. */
  readonly registry?: ConfigRegistry;
  /** Former contents of the file that stay beside it as `mediamtx.yml.1` (newest)...; default 5. */
  readonly keptVersions?: number;
}

/** One step from a configuration to the next. */
export interface ConfigChange {
  readonly config: Config;
  readonly previous: Config;
  readonly diff: ConfigDiff;
}

/** Puts a change into effect. What it throws is logged and told to whoever made the change. */
export type ConfigSubscriber = (change: ConfigChange) => Promise<void> | void;

/** The changes to make, or what finds them out of the newest configuration. */
export type ConfigEdits = readonly ConfigEdit[] | ((config: Config) => readonly ConfigEdit[]);

/** How an edit is kept. */
export interface EditOptions {
  /**
   * Default true: written into the file. Otherwise it is in effect until the end of the process,
   * also over later versions of the file as long as it fits them.
   */
  readonly persist?: boolean;
}

/** What came of an edit. */
export interface EditResult extends ConfigChange {
  /** What could not be put into effect though the configuration is right, e.g. a port that is taken. */
  readonly failures: readonly MediaError[];
}

/** How the newest attempts went; times are Date ms. */
export interface ConfigStatus {
  /** When a configuration was put into effect last; undefined before the first change. */
  readonly lastReloadAt: number | undefined;
  readonly lastError: string | undefined;
  readonly lastErrorAt: number | undefined;
  /** The file is missing or wrong: what runs is an older version of it. */
  readonly isStale: boolean;
  /** Changes put into effect, and attempts that failed, since start. */
  readonly reloads: number;
  readonly failures: number;
}

const KEPT_VERSIONS = 5;
/** A hand that writes the file at the very same time gets this many chances. */
const MAX_WRITE_ATTEMPTS = 3;

/** Holds the newest good configuration. All changes happen one after another. */
export class ConfigStore {
  readonly #components: ConfigStoreComponents;
  readonly #options: ConfigStoreOptions;
  readonly #subscribers = new Set<ConfigSubscriber>();
  #memory = new MemoryEdits();
  #config: Config;
  /** Text of the file that the configuration was made of; undefined before the first look. */
  #text: string | undefined;
  /** The fault that was logged last, with the text that had it. */
  #refused: string | undefined;
  #status: ConfigStatus = {
    lastReloadAt: undefined,
    lastError: undefined,
    lastErrorAt: undefined,
    isStale: false,
    reloads: 0,
    failures: 0,
  };
  #queue: Promise<unknown> = Promise.resolve();

  constructor(components: ConfigStoreComponents, options: ConfigStoreOptions) {
    this.#components = components;
    this.#options = options;
    this.#config = options.config;
    this.#text = options.text;
  }

  get config(): Config {
    return this.#config;
  }

  /** Keys of outer layers. */
  get registry(): ConfigRegistry | undefined {
    return this.#options.registry;
  }

  /** For the API, the metrics and the health check. */
  get status(): ConfigStatus {
    return this.#status;
  }

  /** Changes are awaited, subscriber after subscriber. Returns what ends the subscription. */
  subscribe(subscriber: ConfigSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  /**
   * Reads the file and puts it into effect when it changed. A broken or missing file leaves
   * everything as it is and is logged once. Never rejects.
   */
  reload(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#readFile();
    });
  }

  /**
   * Makes changes that are all checked before anything happens, and resolves when they are in
   * effect. Redacted secrets in them stand for the present ones.
   * @throws MediaError `invalid-argument` with all errors; `failed-precondition` when the file has
   * errors itself, can't be written or has no place for the value; whatever `edits` throws.
   */
  edit(edits: ConfigEdits, { persist = true }: EditOptions = {}): Promise<EditResult> {
    return this.#enqueue(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#edit(edits, persist);
        } catch (thrown) {
          const { code } = toMediaError(thrown);
          if (code !== 'config-changed-on-disk' || attempt >= MAX_WRITE_ATTEMPTS) throw thrown;
        }
      }
    });
  }

  async #edit(edits: ConfigEdits, persist: boolean): Promise<EditResult> {
    const fault = await this.#readFile();
    const { registry } = this.#options;
    const listed = typeof edits === 'function' ? edits(this.#config) : edits;
    const whole = listed.map((edit) => restoreSecrets(this.#config, edit, registry));
    if (!persist) {
      const memory = this.#memory.with(whole);
      const config = configOf(this.#check(this.#text ?? '', memory));
      this.#memory = memory;
      return await this.#apply(config);
    }
    const { filePath } = this.#options.config;
    if (filePath === undefined) throw withoutFile();
    if (fault) throw notMergeable(fault);
    return await this.#write(filePath, whole);
  }

  async #write(filePath: string, edits: readonly ConfigEdit[]): Promise<EditResult> {
    const old = this.#text ?? '';
    const text = edits.reduce(writeBack, old);
    configOf(this.#check(text, new MemoryEdits()));
    const memory = this.#memory.under(edits);
    const config = configOf(this.#check(text, memory));
    this.#warnOfEnvironment(old, text);
    if (text !== old) await this.#replaceFile(filePath, { text, expected: old });
    this.#text = text;
    this.#memory = memory;
    return await this.#apply(config);
  }

  async #replaceFile(
    filePath: string,
    content: { readonly text: string; readonly expected: string },
  ): Promise<void> {
    const { logger } = this.#components;
    const keptVersions = this.#options.keptVersions ?? KEPT_VERSIONS;
    const { isInPlace, versionFailure } = await replaceFile(filePath, { ...content, keptVersions });
    logger.info(`${filePath} was ${isInPlace ? 'written in place' : 'replaced'}`);
    if (versionFailure === undefined) return;
    logger.warn(`the former content of ${filePath} could not be kept (${versionFailure})`);
  }

  /** Returns what is wrong with the file, if anything. */
  async #readFile(): Promise<MediaError | undefined> {
    const { filePath } = this.#options.config;
    if (filePath === undefined) return undefined;
    let text: string | undefined;
    try {
      text = readConfigText({ filePath, env: this.#options.env });
      await this.#take(text, filePath);
      return undefined;
    } catch (thrown) {
      const error = toMediaError(thrown);
      this.#refuse(error, text);
      return error;
    }
  }

  /** @throws MediaError with every error of the text. */
  async #take(text: string, filePath: string): Promise<void> {
    if (text !== this.#text) {
      const isEmptied = text.trim() === '' && (this.#text ?? '').trim() !== '';
      if (isEmptied) {
        const message = `${filePath}: the file is empty`;
        throw new MediaError('failed-precondition', 'config-empty', message);
      }
      configOf(this.#check(text, new MemoryEdits()));
      const config = this.#withMemory(text);
      this.#text = text;
      this.#recover(filePath);
      await this.#apply(config);
    } else {
      this.#recover(filePath);
    }
  }

  #recover(filePath: string): void {
    if (!this.#status.isStale) return;
    this.#status = { ...this.#status, isStale: false, lastError: undefined };
    this.#components.logger.info(`${filePath} is in order again`);
  }

  /** Changes in memory that no longer fit are given up, the newest first. */
  #withMemory(text: string): Config {
    let memory = this.#memory;
    for (;;) {
      const { config, issues } = this.#check(text, memory);
      if (config) {
        this.#memory = memory;
        return config;
      }
      const dropped = memory.newest;
      if (dropped === undefined) throw issuesToError(issues);
      this.#components.logger.warn(
        `the change of ${dropped} that was made without saving no longer fits the file and is gone`,
      );
      memory = memory.withoutNewest();
    }
  }

  #check(text: string, memory: MemoryEdits): ConfigCheck {
    const { env, registry } = this.#options;
    const { filePath } = this.#options.config;
    return checkConfig({
      ...{ text, env, edits: memory.edits },
      ...(filePath === undefined ? {} : { filePath }),
      ...(registry === undefined ? {} : { registry }),
    });
  }

  async #apply(config: Config): Promise<EditResult> {
    const previous = this.#config;
    const diff = diffConfig(previous, config);
    const change = { config, previous, diff };
    this.#config = config;
    const old = new Set(previous.warnings.map(samenessOf));
    for (const warning of config.warnings) {
      if (!old.has(samenessOf(warning))) this.#components.logger.warn(warning.message);
    }
    if (diff.isEmpty) return { ...change, failures: [] };
    this.#components.logger.info(`the configuration has changed: ${describeDiff(diff)}`);
    const failures = await this.#tell(change);
    const { reloads } = this.#status;
    const lastReloadAt = this.#components.clock.nowMs();
    this.#status = { ...this.#status, lastReloadAt, reloads: reloads + 1, lastError: undefined };
    for (const { message } of failures) {
      this.#recordFailure(message);
      this.#components.logger.error(`not everything of the new configuration works: ${message}`);
    }
    return { ...change, failures };
  }

  async #tell(change: ConfigChange): Promise<readonly MediaError[]> {
    const failures: MediaError[] = [];
    for (const subscriber of [...this.#subscribers]) {
      try {
        await subscriber(change);
      } catch (thrown) {
        failures.push(toMediaError(thrown));
      }
    }
    return failures;
  }

  /** Told once for each text, however often it is read. */
  #refuse(error: MediaError, text: string | undefined): void {
    const refused = `${error.message}\n${text ?? ''}`;
    const isKnown = this.#status.isStale && refused === this.#refused;
    this.#refused = refused;
    this.#status = { ...this.#status, isStale: true, lastError: error.message };
    if (isKnown) return;
    this.#recordFailure(error.message);
    this.#components.logger.error(
      `the configuration file is not applied, the last good one stays in effect: ${error.message}`,
    );
  }

  #recordFailure(message: string): void {
    const lastErrorAt = this.#components.clock.nowMs();
    const failures = this.#status.failures + 1;
    this.#status = { ...this.#status, lastError: message, lastErrorAt, failures };
  }

  /** A saved value that a variable overrides would look like a change that was lost. */
  #warnOfEnvironment(old: string, text: string): void {
    const { env, registry, config } = this.#options;
    const { filePath } = config;
    if (!Object.keys(env).some((name) => /^(?:MTX|RTSP)_/u.test(name))) return;
    const load = (content: string, variables: Environment): Config | undefined =>
      checkConfig({
        ...{ text: content, env: variables },
        ...(filePath === undefined ? {} : { filePath }),
        ...(registry ? { registry } : {}),
      }).config;
    const [before, after] = [load(old, {}), load(text, {})];
    const [beforeHere, afterHere] = [load(old, env), load(text, env)];
    if (!before || !after || !beforeHere || !afterHere) return;
    if (diffConfig(before, after).isEmpty || !diffConfig(beforeHere, afterHere).isEmpty) return;
    this.#components.logger.warn(
      'the change is saved but has no effect: an environment variable (MTX_...) sets the same key',
    );
  }

  /** Runs after everything that was asked for before; a failure is the asker's alone. */
  #enqueue<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** What makes two warnings the same, wherever in the file they stand. */
function samenessOf({ key, text }: ConfigWarning): string {
  return `${key}\n${text}`;
}

function configOf({ config, issues }: ConfigCheck): Config {
  if (config === undefined) throw issuesToError(issues);
  return config;
}

function withoutFile(): MediaError {
  return new MediaError(
    'failed-precondition',
    'config-no-file',
    'the server runs without a configuration file, so the change cannot be saved; use persist=no, or start it with a file',
  );
}

function notMergeable(fault: MediaError): MediaError {
  return new MediaError(
    'failed-precondition',
    'config-file-broken',
    `the change cannot be saved before the configuration file is in order; nothing was changed: ${fault.message}`,
    { cause: fault },
  );
}
