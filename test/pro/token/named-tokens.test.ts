// Named tokens: made, scoped, used, revoked by another process, and what a broken file does.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { NamedTokens, type NamedTokenVerdict } from '../../../pro/token/named-tokens.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const get = { method: 'GET', urlPath: '/api/v2/info' };

describe('NamedTokens', () => {
  let folder = '';
  let filePath = '';
  let clock = new FakeClock();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokens-'));
    filePath = join(folder, 'tokens.json');
    clock = new FakeClock();
  });

  afterEach(() => rm(folder, { recursive: true }));

  function open(logger = silentLogger): NamedTokens {
    return new NamedTokens({ clock, logger }, { filePath });
  }

  function textOf(verdict: NamedTokenVerdict): string {
    return verdict.type === 'valid' ? verdict.name : verdict.text;
  }

  it('makes tokens of 256 random bits and keeps their hash alone, for the owner alone', async () => {
    const { token, info } = await open().create({ name: 'ci' });
    assert.match(token, /^mtxp_[A-Za-z0-9_-]{43}$/u);
    assert.deepEqual(info, {
      name: 'ci',
      verbs: ['*'],
      paths: ['*'],
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: undefined,
      revokedAt: undefined,
      lastUsedAt: undefined,
    });
    const text = await readFile(filePath, 'utf8');
    assert.equal(text.includes(token.slice(5)), false);
    assert.equal((await stat(filePath)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ['tokens.json']);
    assert.equal(textOf(await open().verify(token, get)), 'ci');
  });

  it('limits a token to its verbs and paths', async () => {
    const tokens = open();
    const { token } = await tokens.create({
      name: 'viewer',
      verbs: ['GET'],
      paths: ['/api/v2/paths/*', '/res/*.mp4'],
    });
    const ask = async (method: string, urlPath: string): Promise<string> =>
      (await tokens.verify(token, { method, urlPath })).type;
    assert.equal(await ask('GET', '/api/v2/paths/list'), 'valid');
    assert.equal(await ask('HEAD', '/res/20260101/a.mp4'), 'valid');
    assert.equal(await ask('POST', '/api/v2/paths/list'), 'forbidden');
    assert.equal(await ask('GET', '/api/v2/info'), 'forbidden');
    assert.equal(await ask('GET', '/res/a.jpg'), 'forbidden');
  });

  it('ends a token at its expiry', async () => {
    const tokens = open();
    const { token, info } = await tokens.create({ name: 'short', ttlMs: 60_000 });
    assert.equal(info.expiresAt, '2026-01-01T00:01:00.000Z');
    clock.advance(59_999);
    assert.equal((await tokens.verify(token, get)).type, 'valid');
    clock.advance(1);
    assert.equal(
      textOf(await tokens.verify(token, get)),
      'invalid token: ***, error: token is expired',
    );
  });

  it('sees at once what another process revokes or makes', async () => {
    const server = open();
    await server.start();
    const commandLine = open();
    const { token } = await commandLine.create({ name: 'ci' });
    assert.equal((await server.verify(token, get)).type, 'valid');
    const { revokedAt } = await commandLine.revoke('ci');
    assert.equal(revokedAt, '2026-01-01T00:00:00.000Z');
    assert.equal(
      textOf(await server.verify(token, get)),
      'invalid token: ***, error: token is revoked',
    );
    await server.close();
    assert.equal((await open().list())[0]?.revokedAt, revokedAt);
  });

  it('leaves the name of a revoked token to a new one, but not that of a living one', async () => {
    const tokens = open();
    const first = await tokens.create({ name: 'ci' });
    await assert.rejects(tokens.create({ name: 'ci' }), { code: 'token-exists' });
    await tokens.revoke('ci');
    const second = await tokens.create({ name: 'ci' });
    assert.equal((await tokens.verify(first.token, get)).type, 'invalid');
    assert.equal((await tokens.verify(second.token, get)).type, 'valid');
    assert.equal((await tokens.list()).length, 1);
  });

  it('keeps every token that processes make at the same time', async () => {
    // A real clock: they wait for each other's lock.
    const make = (index: number): Promise<unknown> =>
      new NamedTokens({ clock: systemClock, logger: silentLogger }, { filePath }).create({
        name: `t${index}`,
      });
    await Promise.all([0, 1, 2, 3, 4].map(make));
    assert.equal((await open().list()).length, 5);
  });

  it('takes over the lock of a process that died', async () => {
    await writeFile(`${filePath}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${filePath}.lock`, longAgo, longAgo);
    const tokens = new NamedTokens({ clock: systemClock, logger: silentLogger }, { filePath });
    await tokens.create({ name: 'ci' });
    assert.deepEqual(await readdir(folder), ['tokens.json']);
  });

  it('writes last uses once a minute and at the end, beside the tokens', async () => {
    const tokens = open();
    await tokens.start();
    const { token } = await tokens.create({ name: 'ci' });
    const version = (await stat(filePath, { bigint: true })).mtimeNs;
    clock.advance(5000);
    await tokens.verify(token, get);
    assert.deepEqual(await readdir(folder), ['tokens.json']);
    await tokens.close();
    assert.equal((await open().list())[0]?.lastUsedAt, '2026-01-01T00:00:05.000Z');
    assert.equal((await stat(filePath, { bigint: true })).mtimeNs, version);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets nobody in while the file is broken, and everybody again when it is repaired', async () => {
    const tokens = open();
    const { token } = await tokens.create({ name: 'ci' });
    const good = await readFile(filePath, 'utf8');
    for (const broken of ['{', '[]', '{"version":2,"tokens":[]}', good.replace('"*"', '"FLY"')]) {
      await writeFile(filePath, broken);
      await assert.rejects(tokens.verify(token, get), {
        code: 'token-file-broken',
        kind: 'unavailable',
      });
      await assert.rejects(tokens.create({ name: 'x' }), { code: 'token-file-broken' });
    }
    await writeFile(filePath, good);
    assert.equal((await tokens.verify(token, get)).type, 'valid');
    await rm(filePath);
    assert.equal((await tokens.verify(token, get)).type, 'invalid');
  });

  it('starts with a broken file, tells it, and refuses until it is repaired', async () => {
    const { token } = await open().create({ name: 'ci' });
    const good = await readFile(filePath, 'utf8');
    await writeFile(filePath, good.slice(0, 40));
    const logger = new RecordingLogger();
    const tokens = open(logger);
    await tokens.start();
    const [line] = logger.lines;
    assert.equal(line?.level, 'error');
    assert.match(line.message, /named tokens are refused: .*tokens\.json is not understood/u);
    await assert.rejects(tokens.verify(token, get), { code: 'token-file-broken' });
    await writeFile(filePath, good);
    assert.equal((await tokens.verify(token, get)).type, 'valid');
    await tokens.close();
  });

  it('goes on without last uses when their file is broken', async () => {
    const logger = new RecordingLogger();
    const tokens = open(logger);
    await writeFile(join(folder, 'tokens.used.json'), '[');
    await tokens.start();
    assert.match(logger.lines[0]?.message ?? '', /last uses of tokens are unknown/u);
    await tokens.close();
  });

  it('refuses what is no named token without looking', async () => {
    const tokens = open();
    for (const token of ['', 'mtxp_', `mtxp_${'a'.repeat(44)}`, `mtxp_${'a'.repeat(42)}!`]) {
      assert.equal((await tokens.verify(token, get)).type, 'invalid');
    }
    const unknown = `mtxp_${'a'.repeat(43)}`;
    assert.equal(
      textOf(await tokens.verify(unknown, get)),
      'invalid token: ***, error: unknown token',
    );
  });

  const refused: readonly (readonly [string, Parameters<NamedTokens['create']>[0], RegExp])[] = [
    ['an empty name', { name: '' }, /a name has/u],
    ['a name with a slash', { name: '../x' }, /a name has/u],
    ['a name with a line break', { name: 'a\nb' }, /a name has/u],
    ['a long name', { name: 'x'.repeat(65) }, /a name has/u],
    ['an unknown verb', { name: 'a', verbs: ['get'] }, /'get' is no verb/u],
    ['no verb', { name: 'a', verbs: [] }, /is no verb/u],
    ['a path without slash', { name: 'a', paths: ['api'] }, /'api' does not begin with/u],
    ['a path with a space', { name: 'a', paths: ['/a b'] }, /spaces/u],
    ['no path', { name: 'a', paths: [] }, /1 to 100 paths/u],
    ['no life', { name: 'a', ttlMs: 0 }, /longer than zero/u],
    ['a life that is no number', { name: 'a', ttlMs: NaN }, /longer than zero/u],
  ];
  for (const [what, request, message] of refused) {
    it(`refuses ${what}`, () =>
      assert.rejects(open().create(request), { code: 'invalid-token-request', message }));
  }

  it('says that there is no such token', () =>
    assert.rejects(open().revoke('none'), { code: 'token-not-found', kind: 'not-found' }));

  it('names a file that cannot be written', () => {
    const tokens = new NamedTokens(
      { clock, logger: silentLogger },
      { filePath: join(folder, 'none', 'tokens.json') },
    );
    return assert.rejects(tokens.create({ name: 'a' }), {
      code: 'token-file-unusable',
      message: /tokens\.json\.lock cannot be written \(ENOENT\)/u,
    });
  });
});
