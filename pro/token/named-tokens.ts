// The named long-lived tokens of an installation: made, listed, checked, revoked.
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import {
  hashToken,
  isNamedToken,
  isOutOfScope,
  newToken,
  storedTokenSchema,
  tokenNameFault,
  TOKEN_VERBS,
} from './named-token.ts';
import type { NamedTokenInfo, StoredToken } from './named-token.ts';
import { fileVersion, readPrivateFile, withFileLock, writePrivateFile } from './private-file.ts';
import { TokenUsage } from './token-usage.ts';
import { urlPatternFault } from './url-pattern.ts';

/** What a new token may do. */
export interface NewNamedToken {
  readonly name: string;
  /** Default: all. */
  readonly verbs?: readonly string[];
  /** URL paths, `*` stands for any text. Default: all. */
  readonly paths?: readonly string[];
  /** Default: for ever. */
  readonly ttlMs?: number;
}

/** Outcome of a check; `text` is fit for the client. */
export type NamedTokenVerdict =
  | { readonly type: 'valid'; readonly name: string }
  | { readonly type: 'invalid'; readonly text: string }
  | { readonly type: 'forbidden'; readonly text: string };

const MAX_TOKENS = 10_000;
const fileSchema = z.strictObject({
  version: z.literal(1),
  tokens: z.array(storedTokenSchema).max(MAX_TOKENS),
});

/** Several processes may share the file: every question looks whether it has changed. */
export class NamedTokens implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #filePath: string;
  readonly #usage: TokenUsage;
  #version: string | undefined;
  #byHash: ReadonlyMap<string, StoredToken> = new Map();
  #loading: Promise<void> = Promise.resolve();

  constructor(
    components: { readonly clock: Clock; readonly logger: Logger },
    { filePath }: { readonly filePath: string },
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#filePath = filePath;
    this.#usage = new TokenUsage(components, `${filePath.replace(/\.json$/u, '')}.used.json`);
  }

  /**
   * Reads the files and begins to keep last uses. A broken file is told and stops nothing else:
   * who comes with a named token is refused until it is repaired.
   */
  async start(): Promise<void> {
    try {
      await this.#refresh();
    } catch (failure) {
      this.#logger.error(`named tokens are refused: ${toMediaError(failure).message}`);
    }
    await this.#usage.load();
    this.#usage.start();
  }

  /** All tokens, the revoked too. @throws MediaError `unavailable`. */
  async list(): Promise<NamedTokenInfo[]> {
    await this.#refresh();
    await this.#usage.load();
    return [...this.#byHash.values()].map((token) => this.#info(token));
  }

  /**
   * Makes a token; it is shown this once and never again.
   * @throws MediaError `invalid-argument`, `already-exists`, `resource-exhausted`, `unavailable`.
   */
  async create(request: NewNamedToken): Promise<{ token: string; info: NamedTokenInfo }> {
    const { name, verbs = ['*'], paths = ['*'], ttlMs } = request;
    checkRequest({ name, verbs, paths, ttlMs });
    const token = newToken();
    const nowMs = this.#clock.nowMs();
    const stored = storedTokenSchema.parse({
      name,
      hash: hashToken(token),
      verbs,
      paths,
      createdAt: new Date(nowMs).toISOString(),
      ...(ttlMs === undefined ? {} : { expiresAt: new Date(nowMs + ttlMs).toISOString() }),
    });
    await this.#change((tokens) => addToken(tokens, stored));
    return { token, info: this.#info(stored) };
  }

  /** Takes effect at once, in every process. @throws MediaError `not-found`, `unavailable`. */
  async revoke(name: string): Promise<NamedTokenInfo> {
    const revokedAt = new Date(this.#clock.nowMs()).toISOString();
    let revoked: StoredToken | undefined;
    await this.#change((tokens) =>
      tokens.map((token) => {
        if (token.name !== name) return token;
        revoked = { ...token, revokedAt: token.revokedAt ?? revokedAt };
        return revoked;
      }),
    );
    if (revoked !== undefined) return this.#info(revoked);
    throw new MediaError(
      'not-found',
      'token-not-found',
      `there is no token '${name.slice(0, 64)}'`,
    );
  }

  /** Checks a token for one request. @throws MediaError `unavailable` when the file is broken. */
  async verify(
    token: string,
    request: { readonly method: string; readonly urlPath: string },
  ): Promise<NamedTokenVerdict> {
    if (!isNamedToken(token)) return invalid('unknown token');
    await this.#refresh();
    const hash = hashToken(token);
    const stored = this.#byHash.get(hash);
    // What the map's timing tells is about the hash, from which nobody finds a token.
    if (stored === undefined || !timingSafeEqual(Buffer.from(stored.hash), Buffer.from(hash))) {
      return invalid('unknown token');
    }
    if (stored.revokedAt !== undefined) return invalid('token is revoked');
    if (stored.expiresAt !== undefined && Date.parse(stored.expiresAt) <= this.#clock.nowMs()) {
      return invalid('token is expired');
    }
    if (isOutOfScope(stored, request)) {
      const text = `token '${stored.name}' may not ${request.method} ${request.urlPath}`;
      return { type: 'forbidden', text };
    }
    this.#usage.note(hash, this.#byHash);
    return { type: 'valid', name: stored.name };
  }

  /** Writes last uses. Idempotent. */
  close(): Promise<void> {
    return this.#usage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #info({
    name,
    verbs,
    paths,
    createdAt,
    expiresAt,
    revokedAt,
    hash,
  }: StoredToken): NamedTokenInfo {
    const lastUsedAt = this.#usage.lastUsedAt(hash);
    return { name, verbs, paths, createdAt, expiresAt, revokedAt, lastUsedAt };
  }

  /** One at a time: two requests never read the file twice for one change. */
  #refresh(): Promise<void> {
    const next = this.#loading.then(() => this.#load());
    this.#loading = next.catch(() => undefined);
    return next;
  }

  async #load(): Promise<void> {
    const version = await fileVersion(this.#filePath);
    if (version === this.#version) return;
    // Forgotten first: while the file is broken nobody gets in, for it may hold a revocation.
    this.#version = undefined;
    const tokens = await this.#read();
    this.#byHash = new Map(tokens.map((token) => [token.hash, token]));
    this.#version = version;
  }

  async #read(): Promise<readonly StoredToken[]> {
    const text = await readPrivateFile(this.#filePath);
    if (text === undefined) return [];
    try {
      return fileSchema.parse(JSON.parse(text)).tokens;
    } catch (cause) {
      const message = `${this.#filePath} is not understood; repair or delete it`;
      throw new MediaError('unavailable', 'token-file-broken', message, { cause });
    }
  }

  async #change(edit: (tokens: readonly StoredToken[]) => readonly StoredToken[]): Promise<void> {
    await withFileLock(this.#filePath, this.#clock, async () => {
      const tokens = edit(await this.#read());
      const text = JSON.stringify({ version: 1, tokens }, undefined, 2);
      await writePrivateFile(this.#filePath, `${text}\n`);
    });
    await this.#refresh();
  }
}

function invalid(reason: string): NamedTokenVerdict {
  return { type: 'invalid', text: `invalid token: ***, error: ${reason}` };
}

/** A revoked token leaves its name to a new one. */
function addToken(tokens: readonly StoredToken[], added: StoredToken): readonly StoredToken[] {
  const { name } = added;
  if (tokens.some((token) => token.name === name && token.revokedAt === undefined)) {
    throw new MediaError('already-exists', 'token-exists', `there is a token '${name}' already`);
  }
  const kept = tokens.filter((token) => token.name !== name);
  if (kept.length >= MAX_TOKENS) {
    const message = `there are ${MAX_TOKENS} tokens already`;
    throw new MediaError('resource-exhausted', 'too-many-tokens', message);
  }
  return [...kept, added];
}

function checkRequest(
  request: Required<Omit<NewNamedToken, 'ttlMs'>> & { ttlMs: number | undefined },
): void {
  const { name, verbs, paths, ttlMs } = request;
  const known: readonly string[] = TOKEN_VERBS;
  const foreign = verbs.find((verb) => !known.includes(verb));
  const fault =
    tokenNameFault(name) ??
    (verbs.length === 0 || foreign !== undefined
      ? `'${(foreign ?? '').slice(0, 32)}' is no verb; there are ${TOKEN_VERBS.join(', ')}`
      : undefined) ??
    (paths.length === 0 || paths.length > 100 ? 'a token has 1 to 100 paths' : undefined) ??
    paths.map(urlPatternFault).find((each) => each !== undefined) ??
    (ttlMs !== undefined && !(ttlMs > 0 && ttlMs < 4e12)
      ? 'the life must be longer than zero'
      : undefined);
  if (fault === undefined) return;
  throw new MediaError('invalid-argument', 'invalid-token-request', fault);
}
