// The playback server over the library, for every path that the configuration covers.
import { findPathConfig } from '../../core/config/path-match.ts';
import type { RecordingLibrary } from '../../core/library/recording-library.ts';
import { PlaybackServer } from '../../core/playback/playback-server.ts';
import type { ProContext } from './pro-context.ts';

/** Opens `playbackAddress` when `playback` is on. @throws MediaError when it can't be opened. */
export async function assemblePlayback(
  context: ProContext,
  library: RecordingLibrary,
): Promise<void> {
  const { clock, core, lifetime } = context;
  const { global } = context.configNow();
  if (!global.playback) return;
  const logger = context.logger.scope('playback');
  const { authorizer, pathManager } = core;
  const isConfigured = (name: string): boolean =>
    findPathConfig(context.configNow(), name) !== undefined || pathManager.get(name) !== undefined;
  const server = new PlaybackServer({ clock, logger, authorizer, library, isConfigured }, global);
  lifetime.own(server);
  await server.start();
  const { host, port } = server.address;
  const scheme = global.playbackEncryption ? 'https' : 'http';
  const name = host === '' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  logger.info(`recordings are at ${scheme}://${name}:${port}/list?path=<path>`);
}
