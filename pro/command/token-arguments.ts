// mediamtx-pro token ...: what the arguments ask for.
import { parseDuration } from '../../core/config/duration.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import { parseStrict, usageError } from './usage-error.ts';

/** One thing to do with tokens. */
export type TokenCommand = { readonly proConfigFile: string | undefined } & (
  | { readonly type: 'help' }
  | { readonly type: 'list' }
  | { readonly type: 'revoke'; readonly name: string }
  | {
      readonly type: 'create';
      /** Undefined: an application token. */
      readonly name: string | undefined;
      readonly ttlMs: number | undefined;
      readonly verbs: readonly string[];
      readonly paths: readonly string[];
      readonly identity: string | undefined;
    }
);

/** Text of `token --help`. */
export const TOKEN_HELP = `Tokens for the API (http://host:9997/api/v2)

usage:
  mediamtx-pro token create [--ttl 6h] [--identity alice]
      An application token (JWT), signed with appid and appsecret of mediamtx.yml. It can do
      everything and ends by itself (default after 6h); it can't be revoked.
  mediamtx-pro token create --name ci [--ttl 90d] [--verb GET] [--path '/api/v2/paths/*']
      A named token for a program: works until it is revoked, or for the time of --ttl.
      --verb   GET, POST, PUT, PATCH or DELETE; several times for several; default all
      --path   URL path, * stands for any text; several times for several; default all
  mediamtx-pro token list              names, limits and last use
  mediamtx-pro token revoke <name>     ends a named token at once

The token is written to standard output, once: keep it. A client sends it as
"Authorization: Bearer <token>" or "?access_token=<token>". "apiAuth: yes" in mediamtx.yml turns
tokens on. Which files count: --config config.yml, else config.yml of this folder.`;

const HELP = 'mediamtx-pro token --help';

/** @throws MediaError `usage` naming the argument that is not understood. */
export function parseTokenArguments(args: readonly string[]): TokenCommand {
  const { values, positionals } = parseStrict(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        config: { type: 'string', short: 'c' },
        name: { type: 'string' },
        ttl: { type: 'string' },
        verb: { type: 'string', multiple: true },
        path: { type: 'string', multiple: true },
        identity: { type: 'string' },
      },
    },
    HELP,
  );
  const [action, argument, extra] = positionals;
  const proConfigFile = values.config;
  if (values.help === true) return { type: 'help', proConfigFile };
  const { name, identity, verb = [], path = [], ttl } = values;
  const hasOptions = [name, identity, ttl, ...verb, ...path].some((value) => value !== undefined);
  if (action === 'create') {
    if (argument !== undefined) throw usageError(`unexpected argument '${argument}'`, HELP);
    checkCreate(values);
    const ttlMs = ttl === undefined ? undefined : parseTtl(ttl);
    const verbs = verb.map((each) => each.toUpperCase());
    return { type: 'create', name, identity, ttlMs, verbs, paths: path, proConfigFile };
  }
  if (hasOptions) throw usageError(`'token ${action ?? ''}' takes no such options`, HELP);
  if (action === 'list' && argument === undefined) return { type: 'list', proConfigFile };
  if (action === 'revoke' && argument !== undefined && extra === undefined) {
    return { type: 'revoke', name: argument, proConfigFile };
  }
  if (action === 'revoke') throw usageError("'token revoke' takes one name", HELP);
  throw usageError(`'token' takes create, list or revoke, not '${positionals.join(' ')}'`, HELP);
}

function checkCreate(values: {
  readonly name?: string | undefined;
  readonly identity?: string | undefined;
  readonly verb?: readonly string[] | undefined;
  readonly path?: readonly string[] | undefined;
}): void {
  const { name, identity, verb, path } = values;
  if (name !== undefined && identity !== undefined) {
    throw usageError('--identity is for application tokens, which have no --name', HELP);
  }
  if (name === undefined && (verb !== undefined || path !== undefined)) {
    throw usageError('--verb and --path limit named tokens: give a --name', HELP);
  }
}

function parseTtl(text: string): number {
  try {
    const ttlMs = parseDuration(text);
    if (ttlMs >= 1000) return ttlMs;
  } catch (failure) {
    throw usageError(`--ttl: ${toMediaError(failure).message}`, HELP);
  }
  throw usageError(`--ttl: '${text}' is shorter than a second`, HELP);
}
