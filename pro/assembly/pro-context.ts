// What every part of the Pro layer is built from.
import { preferredSource } from '../../core/config/source-list.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Lifetime } from '../../core/base/lifetime.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Config } from '../../core/config/config.ts';
import { findPathConfig } from '../../core/config/path-match.ts';
import type { MediaServer } from '../../core/server.ts';
import type { ProConfig } from '../config/pro-config.ts';
import type { ProKeys, ProPathSettings } from '../config/pro-keys.ts';
import type { SharedSettings } from '../config/shared-settings.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';

/** The running core, both configurations, and what the rooms share. */
export interface ProContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly core: MediaServer;
  /** mediamtx.yml as it is now. */
  readonly configNow: () => Config;
  readonly pro: ProConfig;
  readonly proKeys: ProKeys;
  /** Settings that either file may have. */
  readonly shared: SharedSettings;
  readonly events: EventBus;
  /** Closes what is built, in reverse, before the core. */
  readonly lifetime: Lifetime;
  /** Absolute folder of the recordings. */
  readonly recordFolder: string;
  /** Public URL of a file of that folder; `filePath` begins with a slash. */
  readonly fileUrl: (filePath: string) => string;
  readonly ffmpeg: FfmpegProvider;
  readonly version: string;
  /** Date ms of the start of the process. */
  readonly startedAt: number;
}

/** Pro settings of a path; undefined when no configuration covers the name. */
export function settingsOf(context: ProContext, pathName: string): ProPathSettings | undefined {
  const found = findPathConfig(context.configNow(), pathName);
  return found && context.proKeys.path.read(found.config);
}

/** Paths that the configuration names, with their settings; not those of regular expressions. */
export function namedPaths(
  context: ProContext,
): readonly (readonly [name: string, settings: ProPathSettings, source: string])[] {
  const { paths, pathRules } = context.configNow();
  const rules = new Set(pathRules.map(({ confName }) => confName));
  return [...paths]
    .filter(([name]) => !rules.has(name))
    .map(([name, config]) => [name, context.proKeys.path.read(config), preferredSource(config)]);
}
