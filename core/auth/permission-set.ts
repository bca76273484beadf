// A list of permissions, compiled: which actions on which paths.
import { PathPattern } from '../config/path-pattern.ts';
import type { AccessRequest, AuthAction } from './access-request.ts';

/** One permission, as `authInternalUsers`, exclusions and tokens write it. */
export interface Permission {
  readonly action: AuthAction;
  /** Empty = any path, `~…` = unanchored regular expression, else the exact name. */
  readonly path: string;
}

type PathTest = (path: string) => boolean;

const ACTIONS_WITH_PATH: ReadonlySet<AuthAction> = new Set(['publish', 'read', 'playback']);
/** Longest path name that is matched; anything longer exists nowhere. */
const MAX_PATH_CHARS = 1024;

/** Tells whether an action is on the list. */
export class PermissionSet {
  readonly #permissions = new Map<AuthAction, PathTest[]>();

  /** @throws MediaError invalid-argument for a malformed regular expression. */
  constructor(permissions: readonly Permission[]) {
    for (const { action, path } of permissions) {
      const list = this.#permissions.get(action) ?? [];
      list.push(compilePath(path));
      this.#permissions.set(action, list);
    }
  }

  /** Paths count for actions that have one. */
  permits({ action, path }: Pick<AccessRequest, 'action' | 'path'>): boolean {
    const tests = this.#permissions.get(action);
    if (tests === undefined) return false;
    if (!ACTIONS_WITH_PATH.has(action)) return true;
    return path.length <= MAX_PATH_CHARS && tests.some((test) => test(path));
  }
}

function compilePath(path: string): PathTest {
  if (path === '') return () => true;
  if (!path.startsWith('~')) return (name) => name === path;
  const pattern = new PathPattern(path.slice(1));
  return (name) => pattern.match(name) !== undefined;
}
