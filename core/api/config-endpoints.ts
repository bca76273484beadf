// The configuration: read without secrets, changed for good or for this run.
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import type { ConfigEdit } from '../config/config-edit.ts';
import type { ConfigRegistry } from '../config/config-registry.ts';
import type { Config, PathConfig } from '../config/config.ts';
import { redactedMark, redactGlobal, redactPath } from '../config/redact-config.ts';
import type { YmlSection } from '../config/encode-config.ts';
import { collectionEndpoints } from './collection-endpoints.ts';
import {
  editsOf,
  readGlobalBody,
  readPathBody,
  withoutUnchanged,
  type SectionBody,
} from './config-body.ts';
import {
  globalConfEditSchema,
  globalConfSchema,
  oldGlobalNames,
  oldPathNames,
  pathConfEditSchema,
  pathConfSchema,
} from './config-schemas.ts';
import { jsonEndpoint } from './define-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { flagText } from './parameters.ts';
import { done, success } from './wire-values.ts';

/** Decides about the edits from the configuration of the moment. @throws MediaError to change nothing. */
export type ConfigChange = (config: Config) => readonly ConfigEdit[];

/** What these endpoints ask for. */
export interface ConfigurationApi {
  readonly current: () => Config;
  /** Keys of outer layers. */
  readonly registry?: ConfigRegistry | undefined;
  /**
   * Applies edits as a whole or not at all, one change after another; resolves when the new
   * configuration is in force. Redacted secrets in them leave the secrets as they are.
   * @throws MediaError `invalid-argument` when the configuration would not be valid.
   */
  readonly edit: (change: ConfigChange, options: { readonly persist: boolean }) => Promise<void>;
}

type Write = Pick<Parameters<typeof jsonEndpoint>[0], 'method' | 'path' | 'operationId'> & {
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly isOfPath: boolean;
  /** `name` is empty when the endpoint is not about one path. */
  readonly change: (name: string, body: unknown) => ConfigChange;
};

const TAG = 'Configuration';
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The ten endpoints below /v3/config. */
export function configEndpoints(api: ConfigurationApi): readonly Endpoint[] {
  return [
    readEndpoint('/v3/config/global/get', {
      ...{ operationId: 'configGlobalGet', summary: 'The global section' },
      result: globalConfSchema,
      read: () => withNulls(redactGlobal(api.current().global, api.registry), oldGlobalNames),
    }),
    readEndpoint('/v3/config/pathdefaults/get', {
      ...{ operationId: 'configPathDefaultsGet', summary: 'Defaults of all paths' },
      result: pathConfSchema,
      read: () => pathItem(api, '', api.current().pathDefaults),
    }),
    ...sectionWrites(api),
    ...collectionEndpoints({
      ...{ root: '/v3/config/paths', operation: 'configPaths', tag: TAG, key: 'name' },
      ...{ thing: 'path configuration', missing: 'path configuration not found' },
      ...{ schema: pathConfSchema, listName: 'PathConfList', allowsBackslash: true },
      all: () => [...api.current().paths].sort(([a], [b]) => (a < b ? -1 : 1)),
      find: (name) => {
        const config = api.current().paths.get(name);
        return config && ([name, config] as const);
      },
      show: ([name, config]) => pathItem(api, name, config),
    }),
    ...pathWrites(api),
  ];
}

function sectionWrites(api: ConfigurationApi): readonly Endpoint[] {
  return [
    writeEndpoint(api, {
      ...{ method: 'PATCH', path: '/v3/config/global/patch', operationId: 'configGlobalSet' },
      ...{ summary: 'Change global keys', body: globalConfEditSchema, isOfPath: false },
      change: (_, body) => {
        const { section, pathDefaults, isWhole } = readGlobalBody(body, api.registry);
        const edits = editsOf(section, []);
        const moved = editsOf(pathDefaults, ['pathDefaults']);
        return ({ global }) => {
          const shown = isWhole ? redactGlobal(global, api.registry) : {};
          return [...withoutUnchanged(edits, shown), ...moved];
        };
      },
    }),
    writeEndpoint(api, {
      ...{ method: 'PATCH', path: '/v3/config/pathdefaults/patch' },
      ...{ operationId: 'configPathDefaultsPatch', summary: 'Change defaults of all paths' },
      ...{ body: pathConfEditSchema, isOfPath: false },
      change: (_, body) => {
        const { section, isWhole } = readPathBody(body, '', api.registry);
        const edits = editsOf(section, ['pathDefaults']);
        return ({ pathDefaults }) =>
          withoutUnchanged(edits, isWhole ? redactPath(pathDefaults, api.registry) : {});
      },
    }),
  ];
}

function pathWrites(api: ConfigurationApi): readonly Endpoint[] {
  const root = '/v3/config/paths';
  return [
    writeEndpoint(api, {
      ...{ method: 'POST', path: `${root}/add/*name`, operationId: 'configPathsAdd' },
      ...{ summary: 'Add a path', body: pathConfEditSchema, isOfPath: true },
      change: (name, body) => {
        const read = readPathBody(body, name, api.registry);
        return (config) => {
          if (!config.paths.has(name))
            return [{ path: ['paths', name], value: entryOf(read, config, api.registry) }];
          throw new MediaError('invalid-argument', 'path-exists', 'path already exists');
        };
      },
    }),
    writeEndpoint(api, {
      ...{ method: 'PATCH', path: `${root}/patch/*name`, operationId: 'configPathsPatch' },
      ...{ summary: 'Change keys of a path', body: pathConfEditSchema, isOfPath: true },
      change: (name, body) => {
        const { section, isWhole } = readPathBody(body, name, api.registry);
        const edits = editsOf(section, ['paths', name]);
        return (config) => {
          const present = configured(config, name);
          return withoutUnchanged(edits, isWhole ? redactPath(present, api.registry) : {});
        };
      },
    }),
    writeEndpoint(api, {
      ...{ method: 'POST', path: `${root}/replace/*name`, operationId: 'configPathsReplace' },
      ...{ summary: 'Replace all keys of a path', body: pathConfEditSchema, isOfPath: true },
      change: (name, body) => {
        const read = readPathBody(body, name, api.registry);
        return (config) => [{ path: ['paths', name], value: entryOf(read, config, api.registry) }];
      },
    }),
    writeEndpoint(api, {
      ...{ method: 'DELETE', path: `${root}/delete/*name`, operationId: 'configPathsDelete' },
      ...{ summary: 'Remove a path', isOfPath: true },
      change: (name) => (config) => {
        configured(config, name);
        return [{ path: ['paths', name], value: undefined }];
      },
    }),
  ];
}

interface Read {
  readonly operationId: string;
  readonly summary: string;
  readonly result: z.ZodObject;
  readonly read: () => Record<string, unknown>;
}

function readEndpoint(path: string, { operationId, summary, result, read }: Read): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path, tag: TAG, shape: 'bare', operationId, summary, result },
    handle: () => read(),
  });
}

function writeEndpoint(api: ConfigurationApi, write: Write): Endpoint {
  const { method, path, operationId, summary, body, isOfPath, change } = write;
  return jsonEndpoint({
    ...{ method, path, tag: TAG, shape: 'bare', summary, maxBodyBytes: MAX_BODY_BYTES },
    ...(operationId === undefined ? {} : { operationId }),
    ...(body === undefined ? {} : { documentedBody: body }),
    failures: isOfPath ? ['not-found'] : [],
    allowsBackslash: isOfPath,
    params: isOfPath ? z.object({ name: z.string().describe('may hold slashes') }) : z.object({}),
    query: z.object({
      persist: flagText
        .optional()
        .describe('no: until the server stops; else the change is written to mediamtx.yml'),
    }),
    result: done,
    handle: async ({ query, request }) => {
      const name = isOfPath ? request.parameter('name') : '';
      assertWritable(name);
      const wanted = change(name, body === undefined ? undefined : await request.readJson());
      await api.edit(wanted, { persist: query.persist ?? true });
      return success;
    },
  });
}

function pathItem(
  api: ConfigurationApi,
  name: string,
  config: PathConfig,
): Record<string, unknown> {
  return { name, ...withNulls(redactPath(config, api.registry), oldPathNames) };
}

/** Old keys are always shown, and always unset: the loader moves their values to the new ones. */
function withNulls(
  section: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const missing = names.filter((name) => !Object.hasOwn(section, name));
  return { ...section, ...Object.fromEntries(missing.map((name) => [name, null])) };
}

/** A whole path that is sent as it was shown keeps inheriting what it inherits. */
function entryOf(
  { section, isWhole }: SectionBody,
  { pathDefaults }: Config,
  registry: ConfigRegistry | undefined,
): YmlSection {
  if (!isWhole) return section;
  const shown = Object.entries(redactPath(pathDefaults, registry));
  // A secret is hidden in the path as in the defaults, but may be another.
  const inherited = Object.fromEntries(
    shown.filter(([, value]) => !JSON.stringify(value).includes(redactedMark)),
  );
  const own = withoutUnchanged(editsOf(section, []), inherited);
  return Object.fromEntries(own.map(({ path, value }) => [String(path[0]), value ?? null]));
}

function configured({ paths }: Config, name: string): PathConfig {
  const config = paths.get(name);
  if (config) return config;
  throw new MediaError('not-found', 'path-not-found', 'path not found');
}

function assertWritable(name: string): void {
  if (!FORBIDDEN_NAMES.has(name)) return;
  throw new MediaError('invalid-argument', 'invalid-path-name', `invalid path name '${name}'`);
}
