// Adds streams of the go2rtc API to the paths of this server.
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { PathRegistrar } from './stream-directory.ts';

/** Paths that pull their source only while somebody reads them, as go2rtc does. */
export function managedPaths(
  paths: Pick<PathManager, 'registerPath' | 'unregisterPath'>,
): PathRegistrar {
  return {
    register: (name, source) => paths.registerPath(name, { source, sourceOnDemand: true }),
    unregister: (name) => void paths.unregisterPath(name),
  };
}
