// mediamtx.yml while the server runs: watched, and what belongs to the process put into effect.
import type { CreateLoggerOptions, OwnedLogger } from '../../core/base/create-logger.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Lifetime } from '../../core/base/lifetime.ts';
import type { ConfigChange, ConfigStore } from '../../core/config/config-store.ts';
import { ConfigWatcher } from '../../core/config/config-watcher.ts';
import type { Config } from '../../core/config/config.ts';
import type { ConfiguredIceServers } from '../../core/webrtc/configured-ice-servers.ts';
import type { ProKeys } from '../config/pro-keys.ts';

/** What follows the configuration. */
export interface FollowerComponents {
  readonly clock: Clock;
  readonly logger: OwnedLogger;
  readonly store: ConfigStore;
  readonly iceServers: ConfiguredIceServers;
  readonly proKeys: ProKeys;
  /** Ends the watch, before anything that the configuration changes. */
  readonly lifetime: Lifetime;
}

/** What the log is to be. */
export function logOptions(
  { global }: Pick<Config, 'global'>,
  output: NodeJS.WritableStream,
): CreateLoggerOptions {
  return {
    level: global.logLevel,
    isStructured: global.logStructured,
    ...(global.logDestinations.includes('stdout') ? { output } : {}),
    ...(global.logDestinations.includes('file') ? { filePath: global.logFile } : {}),
  };
}

/** Pro keys of mediamtx.yml that count as soon as the file is read. */
const LIVE_KEYS: ReadonlySet<string> = new Set(['proxyAllowedDevices']);

/** Watches the file from now on. */
export async function followConfiguration(
  components: FollowerComponents,
  { output }: { readonly output: NodeJS.WritableStream },
): Promise<void> {
  const { clock, store, lifetime } = components;
  lifetime.defer(store.subscribe((change) => apply(components, change, output)));
  const { filePath } = store.config;
  if (filePath === undefined) return;
  const watcher = new ConfigWatcher({ clock, onChange: () => store.reload() }, { filePath });
  lifetime.own(watcher);
  await watcher.start();
  // What happened to the file since it was loaded.
  await store.reload();
}

function apply(
  { logger, iceServers, proKeys }: FollowerComponents,
  { config, diff }: ConfigChange,
  output: NodeJS.WritableStream,
): void {
  iceServers.replace(config.global.webrtcICEServers2);
  const own = proKeys.registry.globalKeys;
  const later = [...diff.global].filter((key) => Object.hasOwn(own, key) && !LIVE_KEYS.has(key));
  if (later.length > 0) logger.warn(`counts from the next start: ${later.join(', ')}`);
  logger.reconfigure(logOptions(config, output));
}
