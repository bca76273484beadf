// Tests of the command line: what each form asks for, and what is refused by name.
import assert from 'node:assert/strict';
import { parseCommandLine } from '../../pro/command-line.ts';

describe('parseCommandLine()', () => {
  it('starts with what lies in the folder when nothing is given', () => {
    assert.deepEqual(parseCommandLine([]), { type: 'run' });
  });

  it('takes mediamtx.yml as the first argument', () => {
    assert.deepEqual(parseCommandLine(['other.yml']), { type: 'run', mediamtxFile: 'other.yml' });
  });

  it('takes config.yml behind --config', () => {
    const command = { type: 'run', proConfigFile: 'pro.yml' };
    assert.deepEqual(parseCommandLine(['--config', 'pro.yml']), command);
    assert.deepEqual(parseCommandLine(['--config=pro.yml']), command);
  });

  it('knows verify, help and version', () => {
    assert.deepEqual(parseCommandLine(['verify', 'a.yml']), {
      type: 'verify',
      mediamtxFile: 'a.yml',
    });
    assert.deepEqual(parseCommandLine(['verify', '--config', 'c.yml']), {
      type: 'verify',
      proConfigFile: 'c.yml',
    });
    assert.deepEqual(parseCommandLine(['--help']), { type: 'help' });
    assert.deepEqual(parseCommandLine(['--version']), { type: 'version' });
  });

  it('hands tokens and licences to their own arguments', () => {
    const { type, command } = { command: undefined, ...parseCommandLine(['token', 'list']) };
    assert.deepEqual([type, command], ['token', { type: 'list', proConfigFile: undefined }]);
    for (const word of ['license', 'licence']) {
      assert.deepEqual(parseCommandLine([word, '--help']), {
        type: 'license',
        command: { type: 'help' },
      });
    }
  });

  it('refuses what it does not know, by name', () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--confg', 'a'], /--confg/u],
      [['verify'], /takes one file/u],
      [['verify', 'a', 'b'], /takes one file/u],
      [['verify', 'a', '--config', 'b'], /takes one file/u],
      [['token'], /'token' takes create, list or revoke/u],
      [['license', 'issue'], /needs --key/u],
      [['a.yml', 'b.yml'], /unexpected argument 'b\.yml'/u],
      [['a.yml', '--config', 'b.yml'], /either mediamtx\.yml or --config/u],
      [['--config'], /--config/u],
    ];
    for (const [args, message] of cases) {
      assert.throws(() => parseCommandLine(args), { code: 'usage', message });
    }
  });
});
