// The configuration of a server that nobody gave a place to write to.
import { MediaError } from '../base/media-error.ts';
import type { ConfigRegistry } from '../config/config-registry.ts';
import type { Config } from '../config/config.ts';
import type { ConfigurationApi } from './config-endpoints.ts';

/** Shows `current`, refuses every change. */
export function readOnlyConfiguration(
  current: () => Config,
  registry?: ConfigRegistry,
): ConfigurationApi {
  return {
    current,
    registry,
    edit: () => {
      const message = 'the configuration of this server can only be read';
      return Promise.reject(new MediaError('failed-precondition', 'config-read-only', message));
    },
  };
}
