// mediamtx-pro license ...: arguments, and a licence from its issue to its refusal.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../core/base/logger.ts';
import { parseLicenseArguments } from '../../../pro/command/license-arguments.ts';
import { runLicenseCommand } from '../../../pro/command/run-license-command.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('parseLicenseArguments()', () => {
  it('reads what there is', () => {
    assert.deepEqual(parseLicenseArguments(['show', '-c', 'c.yml']), {
      ...{ type: 'show', file: undefined, proConfigFile: 'c.yml' },
    });
    assert.deepEqual(parseLicenseArguments(['verify', 'licence.txt']), {
      ...{ type: 'verify', file: 'licence.txt', proConfigFile: undefined },
    });
    const args = ['issue', '--key', 'k.pem', '--mac', 'a', '--mac', 'b', '--domain', 'd'];
    assert.deepEqual(parseLicenseArguments([...args, '--expires', '2027-12-31']), {
      ...{ type: 'issue', keyFile: 'k.pem', macs: ['a', 'b'], domain: 'd', customer: undefined },
      end: { atMs: Date.UTC(2028, 0, 1) },
    });
    const { end } = { end: undefined, ...parseLicenseArguments([...args, '--expires', '365d']) };
    assert.deepEqual(end, { afterMs: 31_536_000_000 });
  });

  for (const [args, message] of [
    [[], /takes issue, show or verify/u],
    [['issue', '--expires', '1d'], /needs --key/u],
    [['issue', '--key', 'k'], /needs --expires/u],
    [['issue', '--key', 'k', '--expires', '2027-02-30'], /'2027-02-30' is no day/u],
    [['issue', '--key', 'k', '--expires', 'never'], /invalid duration/u],
    [['issue', '--key', 'k', '--expires', '0s'], /neither a day/u],
    [['issue', 'x', '--key', 'k', '--expires', '1d'], /unexpected argument 'x'/u],
    [['show', 'a', 'b'], /unexpected argument 'b'/u],
    [['verify', '--mac', 'x'], /takes no such options/u],
    [['verify', '--private-key', 'x'], /--private-key/u],
  ] as const) {
    it(`refuses ${args.join(' ') || 'nothing'}`, () =>
      assert.throws(() => parseLicenseArguments(args), { code: 'usage', message }));
  }
});

describe('runLicenseCommand()', () => {
  const clock = new FakeClock();
  const { privateKey } = generateKeyPairSync('ed25519');
  let folder = '';
  let keyFile = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'license-command-'));
    keyFile = join(folder, 'private.pem');
    await writeFile(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function run(
    ...args: string[]
  ): Promise<{ isOk: boolean; results: string[]; notes: string[] }> {
    const results: string[] = [];
    const notes: string[] = [];
    const output = {
      result: (line: string) => void results.push(line),
      note: (line: string) => void notes.push(line),
    };
    const components = { clock, logger: silentLogger, output };
    const place = { folder, env: {} };
    const isOk = await runLicenseCommand(parseLicenseArguments(args), components, place);
    return { isOk, results, notes };
  }

  /** Issues a licence and puts it and the key of the issuer into both files. */
  async function install(...args: string[]): Promise<void> {
    const { results, notes } = await run('issue', '--key', keyFile, ...args);
    const publicKey = notes.at(-1) ?? '';
    await writeFile(join(folder, 'config.yml'), `licence: { publicKey: ${publicKey} }`);
    await writeFile(join(folder, 'mediamtx.yml'), `coreServerKey: ${results.join()}`);
  }

  it('issues what it then accepts and shows', async () => {
    await install('--expires', '30d', '--customer', 'Hospital');
    assert.deepEqual(await run('verify'), {
      ...{ isOk: true, results: ['the licence is valid'], notes: [] },
    });
    const { results } = await run('show');
    assert.match(results[0] ?? '', /^MAC addresses of this machine: /u);
    assert.deepEqual(results.slice(1), [
      'customer       Hospital',
      'issued at      2026-01-01T00:00:00.000Z',
      'expires at     2026-01-31T00:00:00.000Z',
      'MAC addresses  any',
      'domain         any',
      'valid here     yes',
    ]);
  });

  it('refuses a licence of another machine, with the reason', async () => {
    await install('--expires', '2027-01-01', '--mac', '02-00-00-00-00-99');
    const { isOk, results } = await run('verify');
    assert.equal(isOk, false);
    assert.match(results.join(), /not valid: issued for another machine/u);
    assert.match((await run('show')).results.at(-1) ?? '', /^valid here {5}no: /u);
  });

  it('reads a licence from a file too', async () => {
    await install('--expires', '30d');
    const file = join(folder, 'licence.txt');
    await writeFile(file, 'nonsense\n');
    assert.match((await run('verify', file)).results.join(), /the text is no licence/u);
    assert.equal((await run('show', file)).results.at(-1), 'the text is no licence');
  });

  it('says that there is none', async () => {
    await writeFile(join(folder, 'mediamtx.yml'), '');
    assert.match((await run('show')).results.at(-1) ?? '', /coreServerKey is empty/u);
    assert.match((await run('verify')).results.join(), /there is none/u);
  });

  it('names what it cannot use', async () => {
    await assert.rejects(run('issue', '--key', 'none.pem', '--expires', '1d'), {
      code: 'file-unreadable',
      message: /none\.pem cannot be read \(ENOENT\)/u,
    });
    await assert.rejects(run('issue', '--key', keyFile, '--expires', '2020-01-01'), {
      message: /would have ended/u,
    });
    await assert.rejects(run('issue', '--key', keyFile, '--expires', '1d', '--mac', 'x'), {
      code: 'invalid-licence',
    });
    await writeFile(keyFile, 'canary');
    await assert.rejects(run('issue', '--key', keyFile, '--expires', '1d'), (error: Error) => {
      assert.equal(error.message.includes('canary'), false);
      return /no Ed25519 key/u.test(error.message);
    });
  });

  it('explains itself', async () => {
    assert.match((await run('--help')).results.join(), /openssl genpkey/u);
  });
});
