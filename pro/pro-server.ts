// The product put together: configuration files, logger, core and what stands above it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, type OwnedLogger } from '../core/base/create-logger.ts';
import { Lifetime } from '../core/base/lifetime.ts';
import { findConfigFile } from '../core/config/config-file.ts';
import type { Config } from '../core/config/config.ts';
import { loadConfig } from '../core/config/load-config.ts';
import { MediaServer } from '../core/server.ts';
import { loadProConfig } from './config/load-pro-config.ts';
import { ProKeys } from './config/pro-keys.ts';

/** Files, environment and output of the process. */
export interface ProServerOptions {
  readonly mediamtxFile?: string;
  readonly proConfigFile?: string;
  /** Where relative defaults are looked for. */
  readonly folder: string;
  /** The environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: NodeJS.WritableStream;
  readonly version: string;
}

/** Everything that runs in this process. */
export class ProServer {
  readonly logger: OwnedLogger;
  readonly #config: Config;
  readonly #options: ProServerOptions;
  readonly #lifetime = new Lifetime();
  readonly #core: MediaServer;

  /** Loads the configuration. @throws MediaError naming file, line and column. */
  constructor(options: ProServerOptions) {
    this.#options = options;
    const filePath = coreConfigFile(options);
    const { env } = options;
    const { registry } = new ProKeys();
    this.#config = loadConfig({ env, registry, ...(filePath === undefined ? {} : { filePath }) });
    const { global } = this.#config;
    this.logger = createLogger({
      level: global.logLevel,
      isStructured: global.logStructured,
      ...(global.logDestinations.includes('stdout') ? { output: options.output } : {}),
      ...(global.logDestinations.includes('file') ? { filePath: global.logFile } : {}),
    });
    this.#core = new MediaServer(
      { logger: this.logger },
      { config: this.#config, searchPath: env['PATH'] ?? '' },
    );
  }

  /** @throws MediaError when a listener can't be opened. */
  async start(): Promise<void> {
    const { logger } = this;
    logger.info(`MediaMTX Pro v${this.#options.version}, Node.js ${process.version}`);
    logger.info(
      this.#config.filePath === undefined
        ? 'no configuration file was found: built-in defaults without any path'
        : `configuration loaded from ${this.#config.filePath}`,
    );
    for (const warning of this.#config.warnings) logger.warn(warning.message);
    await this.#core.start();
    this.#lifetime.own(this.#core);
    for (const warning of this.#core.accessWarnings) logger.warn(warning);
    const { listeners } = this.#core;
    const width = Math.max(...listeners.map(({ name }) => name.length), 0);
    for (const { name, url } of listeners) logger.info(`${name.padEnd(width)}  ${url}`);
    logger.info('server is ready');
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#lifetime.close();
    this.logger.flush();
  }
}

/** mediamtx.yml of the command line, of config.yml, or where it usually lies. */
function coreConfigFile(options: ProServerOptions): string | undefined {
  if (options.mediamtxFile !== undefined) return options.mediamtxFile;
  if (options.proConfigFile !== undefined) return loadProConfig(options.proConfigFile).mediamtxFile;
  const usual = join(options.folder, 'config.yml');
  if (existsSync(usual)) return loadProConfig(usual).mediamtxFile;
  return findConfigFile(options.folder);
}
