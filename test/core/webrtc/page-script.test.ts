// Tests of joining page modules into one script, and of the scripts that we ship.
import assert from 'node:assert/strict';
import { createContext, runInContext, Script } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { readPageAssets } from '../../../core/webrtc/page-assets.ts';
import { joinScript } from '../../../core/webrtc/page-script.ts';

/** Runs the joined modules and gives what they put into `out`. */
function run(entry: string, modules: Readonly<Record<string, string>>): readonly unknown[] {
  const out: unknown[] = [];
  const text = joinScript(entry, (name) => modules[name] ?? assert.fail(`no module ${name}`));
  runInContext(text, createContext({ out }));
  return out;
}

describe('joinScript()', () => {
  it('puts every module once, before those that need it', () => {
    const modules = {
      'main.js':
        "import { a } from './parts/a.js';\nimport {\n  b,\n  B,\n} from './parts/b.js';\nout.push(a(), b, new B().value);\n",
      'parts/a.js':
        "import { b } from './b.js';\nout.push('a');\nexport function a() {\n  return b + 1;\n}\n",
      'parts/b.js':
        "import '../base.js';\nout.push('b');\nexport const b = 1;\nexport class B {\n  value = 7;\n}\n",
      'base.js': "out.push('base');\nexport async function later() {}\n",
    };
    assert.deepEqual(run('main.js', modules), ['base', 'b', 'a', 2, 1, 7]);
  });

  it('leaves nothing behind in the page', () => {
    const context = createContext({});
    runInContext(
      joinScript('a.js', () => 'export const secret = 1;\n'),
      context,
    );
    assert.equal(runInContext('typeof secret', context), 'undefined');
  });

  it('refuses circles and syntax that it would break', () => {
    const circle = (name: string): string => `import './${name === 'a.js' ? 'b' : 'a'}.js';\n`;
    assert.throws(() => joinScript('a.js', circle), /a\.js imports itself in a circle/u);
    for (const line of [
      'export default 1;',
      'export { a };',
      "import a from './a.js';",
      "import * as a from './a.js';",
      "import { a } from 'package';",
      'export let a = 1;',
    ]) {
      assert.throws(() => joinScript('m.js', () => `${line}\n`), { code: 'broken-page-script' });
    }
  });
});

describe('readPageAssets()', () => {
  const { files, version } = readPageAssets();

  it('gives scripts that a browser can read as plain scripts', () => {
    const scripts = [...files].filter(([name]) => name.endsWith('.js'));
    assert.equal(scripts.length, 5);
    for (const [name, { body }] of scripts) {
      assert.doesNotThrow(() => new Script(body.toString(), { filename: name }), name);
    }
  });

  it('gives small files', () => {
    for (const [name, { compressed, body }] of files) {
      if (compressed === undefined) continue;
      assert.deepEqual(gunzipSync(compressed), body);
      assert(compressed.length < 20 * 1024, `${name} has ${compressed.length} bytes`);
    }
  });

  it('has a version that stays while the files do', () => {
    assert.match(version, /^[\w-]{12}$/u);
    assert.equal(readPageAssets().version, version);
  });
});
