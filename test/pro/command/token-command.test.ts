// mediamtx-pro token ...: arguments, the tokens that come out, and what is said about them.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../core/base/logger.ts';
import { AppTokens } from '../../../pro/token/app-tokens.ts';
import { NamedTokens } from '../../../pro/token/named-tokens.ts';
import { runTokenCommand } from '../../../pro/command/run-token-command.ts';
import { parseTokenArguments } from '../../../pro/command/token-arguments.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('parseTokenArguments()', () => {
  const none = { proConfigFile: undefined };

  it('reads what there is', () => {
    assert.deepEqual(parseTokenArguments(['list', '-c', 'c.yml']), {
      type: 'list',
      proConfigFile: 'c.yml',
    });
    assert.deepEqual(parseTokenArguments(['revoke', 'ci']), {
      ...none,
      type: 'revoke',
      name: 'ci',
    });
    assert.deepEqual(parseTokenArguments(['create', '--ttl', '90m', '--identity', 'alice']), {
      ...{ ...none, type: 'create', name: undefined, verbs: [], paths: [] },
      ...{ ttlMs: 5_400_000, identity: 'alice' },
    });
    const args = ['create', '--name', 'ci', '--verb', 'get', '--verb', 'POST', '--path', '/a/*'];
    assert.deepEqual(parseTokenArguments(args), {
      ...{ ...none, type: 'create', name: 'ci', verbs: ['GET', 'POST'], paths: ['/a/*'] },
      ...{ ttlMs: undefined, identity: undefined },
    });
    assert.equal(parseTokenArguments(['create', '--help']).type, 'help');
  });

  for (const [args, message] of [
    [[], /takes create, list or revoke/u],
    [['make'], /not 'make'/u],
    [['revoke'], /takes one name/u],
    [['revoke', 'a', 'b'], /takes one name/u],
    [['create', 'x'], /unexpected argument 'x'/u],
    [['create', '--secret', 'x'], /--secret/u],
    [['create', '--verb', 'GET'], /give a --name/u],
    [['create', '--name', 'a', '--identity', 'b'], /--identity is for application tokens/u],
    [['create', '--ttl', 'soon'], /--ttl: invalid duration 'soon'/u],
    [['create', '--ttl', '0s'], /shorter than a second/u],
    [['list', '--ttl', '5m'], /takes no such options/u],
  ] as const) {
    it(`refuses ${args.join(' ') || 'nothing'}`, () =>
      assert.throws(() => parseTokenArguments(args), { code: 'usage', message }));
  }
});

describe('runTokenCommand()', () => {
  const clock = new FakeClock();
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-command-'));
    await writeFile(join(folder, 'config.yml'), 'tokens: {file: named.json}');
    const core = 'apiAuth: yes\nappid: app\nappsecret: 0123456789abcdef0123456789abcdef';
    await writeFile(join(folder, 'mediamtx.yml'), core);
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function run(...args: string[]): Promise<{ results: string[]; notes: string[] }> {
    const results: string[] = [];
    const notes: string[] = [];
    const output = {
      result: (line: string) => void results.push(line),
      note: (line: string) => void notes.push(line),
    };
    const components = { clock, logger: silentLogger, output };
    await runTokenCommand(parseTokenArguments(args), components, { folder, env: {} });
    return { results, notes };
  }

  it('makes an application token and writes nothing else to standard output', async () => {
    const { results, notes } = await run('create', '--identity', 'alice', '--ttl', '1h');
    const tokens = new AppTokens(
      { clock },
      { appId: 'app', appSecret: '0123456789abcdef0123456789abcdef' },
    );
    const verdict = tokens.verify(results.join());
    assert.ok(verdict.type === 'valid');
    assert.deepEqual(
      [verdict.claims.identity, verdict.claims.expiresAt],
      ['alice', clock.nowMs() + 3_600_000],
    );
    assert.deepEqual(notes, []);
  });

  it('makes, lists and revokes named tokens in the file of config.yml', async () => {
    const { results, notes } = await run('create', '--name', 'ci', '--verb', 'GET', '--ttl', '1d');
    const [token = ''] = results;
    assert.match(token, /^mtxp_/u);
    assert.match(notes.join(), /'ci' works until 2026-01-02T00:00:00\.000Z/u);
    const filePath = join(folder, 'named.json');
    const named = new NamedTokens({ clock, logger: silentLogger }, { filePath });
    assert.equal((await named.verify(token, { method: 'GET', urlPath: '/x' })).type, 'valid');
    await named.close();

    const listed = await run('list');
    assert.match(listed.results[0] ?? '', /^NAME +STATE +VERBS +PATHS +CREATED +LAST USED$/u);
    assert.match(listed.results[1] ?? '', /^ci +until \S+ +GET +\* +\S+ +2026-01-01T/u);
    assert.equal(listed.results.join().includes(token), false);

    await run('revoke', 'ci');
    assert.match((await run('list')).results[1] ?? '', /^ci +revoked/u);
    await assert.rejects(run('revoke', 'other'), { code: 'token-not-found' });
  });

  it('says when tokens are off, and needs a secret to sign with', async () => {
    await writeFile(join(folder, 'mediamtx.yml'), '');
    assert.match((await run('create', '--name', 'a')).notes.join(), /tokens are not asked for/u);
    await assert.rejects(run('create'), { code: 'no-app-secret' });
  });

  it('takes other files by --config', async () => {
    await assert.rejects(run('list', '--config', join(folder, 'none.yml')), {
      code: 'config-unreadable',
    });
  });

  it('explains itself', async () => {
    assert.match((await run('--help')).results.join(), /token revoke <name>/u);
  });
});
