// The traversal corpus: names that must not get through, and honest ones that must.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import fc from 'fast-check';
import {
  checkNewFileName,
  checkRelativePath,
  relativePathFault,
} from '../../../core/library/relative-path.ts';

const dots = [
  '..',
  '.',
  '...',
  '....',
  '%2e%2e',
  '%252e%252e',
  '．．',
  '․․',
  '%c0%ae%c0%ae',
  '..;',
  '‥',
];
const slashes = [
  '/',
  '//',
  '\\',
  '\\/',
  '%2f',
  '%5c',
  '%252f',
  '／',
  '＼',
  '%c0%af',
  '%u2215',
  '\0/',
];
const targets = ['etc/passwd', 'a.mp4', ''];
/** Every way to write a dot-dot, a slash and a target, in front and in the middle. */
const corpus = dots.flatMap((dot) =>
  slashes.flatMap((slash) =>
    targets.flatMap((target) => [`${dot}${slash}${target}`, `20250116/${dot}${slash}${target}`]),
  ),
);
const others = [
  '',
  '/',
  '/etc/passwd',
  '//host/share/a.mp4',
  '\\\\host\\share\\a.mp4',
  'C:\\Windows\\win.ini',
  '20250116//a.mp4',
  '20250116/',
  '20250116/./a.mp4',
  '....//....//etc/passwd',
  '..../a.mp4',
  '20250116/a.mp4\0.jpg',
  '20250116/a\n.mp4',
  '20250116/a\u007f.mp4',
  '20250116/a\u0085.mp4',
  '20250116/\u202Egpj.mp4',
  '20250116/\uFEFFa.mp4',
  '20250116/\uD800.mp4',
  '.index/index.sqlite',
  '20250116/.hidden.mp4',
  'a%00.mp4',
  `${'x'.repeat(256)}.mp4`,
  'ü'.repeat(128),
  'a/'.repeat(16) + 'a',
  'x'.repeat(1_000_000),
  '/'.repeat(1_000_000),
];
const honest = [
  '20250116/20250116-1430-abc12345.mp4',
  'favorite/会议室 (1).mp4',
  'a',
  'x'.repeat(255),
  'a/'.repeat(15) + 'a',
  '20250116/100% sicher.mp4',
  '20250116/a..b.mp4',
  '20250116/ñandú+1=&#?.jpg',
  'live/cam-1/2026-01-01_00:00:00-000000.mp4',
];

describe('checkRelativePath()', () => {
  it(`refuses ${corpus.length + others.length} attempts to leave the folder`, () => {
    assert(corpus.length >= 400);
    const passed = [...corpus, ...others].filter((name) => relativePathFault(name) === undefined);
    assert.deepEqual(passed, []);
  });

  it('returns honest names as they are', () => {
    for (const name of honest) assert.equal(checkRelativePath(name), name);
  });

  it('says what is wrong with which name, bounded and harmless for a terminal', () => {
    const check = (name: string) => (): unknown => checkRelativePath(name);
    assert.throws(check('a/../b'), {
      kind: 'invalid-argument',
      code: 'bad-file-name',
      message: "file name 'a/../b' has the component '..'",
    });
    assert.throws(check('a\u001b[2J'), { message: /^file name 'a\\u\{1b\}\[2J' has control/u });
    assert.throws(check('x'.repeat(9999)), ({ message }: Error) => message.length < 200);
  });

  it('lets nothing through that resolves to another place', () => {
    const piece = fc.oneof(
      fc.constantFrom(...dots, ...slashes, 'a', '%', '2e', ' '),
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
    );
    const name = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(name, (tried) => {
        if (relativePathFault(tried) !== undefined) return;
        for (const seen of [tried, tried.normalize('NFKC'), decode(tried)]) {
          assert.equal(posix.join('/root', seen), `/root/${seen}`);
          assert(!/[\\\0]/u.test(seen));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('checkNewFileName()', () => {
  it('refuses what some system can not store, and what looks like an option', () => {
    const refused = [
      ...['CON', 'con.mp4', 'Aux.mp4', 'NUL', 'lpt1.x', 'COM¹.mp4', 'conin$'],
      ...['a:b', 'a|b', 'a?b', 'a*b', 'a"b', '<a>', 'a.', 'a ', ' a', '-rf', 'a/b', 'a/', '..'],
    ];
    for (const name of refused) {
      assert.throws(() => checkNewFileName(name), { code: 'bad-file-name' }, name);
    }
  });

  it('takes other names of any script', () => {
    for (const name of ['context.mp4', 'com10.mp4', '会议.mp4', 'a b.mp4', 'nullary', '👩‍⚕️.mp4']) {
      assert.equal(checkNewFileName(name), name);
    }
  });
});

/** What a layer that decodes once more would see. */
function decode(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/giu, (_, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code < 0x80 ? String.fromCharCode(code) : '?';
  });
}
