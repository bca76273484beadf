// Entities of a home automation, and the paths that stand for them.
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { PathGrant, PathManager } from '../../../core/path/path-manager.ts';
import { preferredUrl } from '../../../core/path/source-entries.ts';
import type { SmartlyClient, SmartlyEntity, SmartlyOptions } from './smartly-options.ts';

/** What of the paths is used. */
export type EntityPaths = Pick<PathManager, 'grant' | 'get'>;

/** Adds paths while the server runs. */
export interface PathRegistrar {
  /**
   * Makes sure that a path pulls this source; does nothing when it does already.
   * @throws MediaError `invalid-argument` for a name or URL that can't be a path's.
   */
  ensure(pathName: string, sourceUrl: string): void;
}

/** Where the pictures of an entity are. */
export interface EntityTarget {
  readonly entityId: string;
  readonly pathName: string;
  /** URL of the camera, when the entity names it itself. */
  readonly source: string | undefined;
}

const ENTITY_ID = /^camera\.[a-z0-9_]+$/u;
const MAX_ENTITY_CHARS = 255;
const PREFIX = 'camera.';
/** `source` of paths that wait for somebody who publishes. */
const PUBLISHER = 'publisher';

/** Finds entities and says who may watch them. */
export class EntityDirectory {
  readonly #paths: EntityPaths;
  readonly #registrar: PathRegistrar | undefined;
  readonly #entities: ReadonlyMap<string, SmartlyEntity>;
  readonly #isElsewhere: boolean;

  constructor(
    components: { readonly paths: EntityPaths; readonly registrar?: PathRegistrar | undefined },
    options: Pick<SmartlyOptions, 'entities' | 'engine'>,
  ) {
    this.#paths = components.paths;
    this.#isElsewhere = options.engine === 'go2rtc';
    // Cameras are pulled by whoever answers the offers.
    this.#registrar = this.#isElsewhere ? undefined : components.registrar;
    this.#entities = options.entities;
  }

  /** @throws MediaError `invalid-entity-id`. */
  checkId(entityId: string): void {
    if (ENTITY_ID.test(entityId) && entityId.length <= MAX_ENTITY_CHARS) return;
    throw new MediaError(
      'invalid-argument',
      'invalid-entity-id',
      `entity id '${entityId.slice(0, 80)}' is not of the form camera.<name>`,
    );
  }

  /**
   * Registers the paths of all entities that name a source.
   * @returns A sentence for each that can't be registered.
   */
  registerSources(): readonly string[] {
    const faults: string[] = [];
    for (const [entityId, { source }] of this.#entities) {
      if (source === '') continue;
      try {
        this.#register(entityId, source);
      } catch (thrown) {
        faults.push(`entity ${entityId}: ${toMediaError(thrown).message}`);
      }
    }
    return faults;
  }

  /**
   * The entity, for a client that may watch it.
   * @throws MediaError `entity-not-allowed` or `entity-not-found`.
   */
  find(entityId: string, client: SmartlyClient): EntityTarget {
    const entity = this.#entities.get(entityId);
    const isListed = client.entities.some((pattern) => matches(pattern, entityId));
    if (!isListed || entity?.isAllowed === false) {
      throw new MediaError(
        'permission-denied',
        'entity-not-allowed',
        `client ${client.id} may not watch ${entityId}`,
      );
    }
    const source = entity?.source || undefined;
    const pathName =
      source === undefined ? this.#existingPath(entityId) : this.#register(entityId, source);
    if (pathName !== undefined) return { entityId, pathName, source };
    throw new MediaError('not-found', 'entity-not-found', `there is no entity ${entityId}`);
  }

  /** Whether a path of this server stands for the entity. */
  hasPath({ pathName }: EntityTarget): boolean {
    return this.#exists(pathName);
  }

  /** What the session manager wants to see. @throws MediaError as PathManager.grant(). */
  grant(target: EntityTarget, client: SmartlyClient): PathGrant {
    return this.#paths.grant(target.pathName, { user: client.id });
  }

  /** Without a registrar the path must be configured by other means. */
  #register(entityId: string, source: string): string {
    const pathName = this.#entities.get(entityId)?.path || nameOf(entityId);
    this.#registrar?.ensure(pathName, source);
    return pathName;
  }

  #existingPath(entityId: string): string | undefined {
    const mapped = this.#entities.get(entityId)?.path || undefined;
    if (mapped !== undefined && this.#isConfigured(mapped)) return mapped;
    if (this.#isElsewhere && this.#entities.has(entityId)) return mapped ?? nameOf(entityId);
    if (mapped !== undefined) return undefined;
    return [nameOf(entityId), entityId].find((name) => this.#exists(name));
  }

  /** A name that only a catch-all would take, and that nobody uses, is not there. */
  #exists(pathName: string): boolean {
    if (this.#paths.get(pathName) !== undefined) return true;
    return this.#isConfigured(pathName, (source) => source !== PUBLISHER);
  }

  #isConfigured(pathName: string, isGood: (source: string) => boolean = () => true): boolean {
    try {
      return isGood(preferredUrl(this.#paths.grant(pathName, { user: '' }).config));
    } catch {
      return false;
    }
  }
}

function nameOf(entityId: string): string {
  return entityId.slice(PREFIX.length);
}

/** Linear: the pieces between the stars are looked for one after another. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let position = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return text.length - last.length >= position && text.endsWith(last);
}
