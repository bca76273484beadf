// Changing the file and nothing else in it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import type { YmlValue } from '../../../core/config/encode-config.ts';
import { writeBack } from '../../../core/config/write-back.ts';
import { YamlDocument } from '../../../core/config/yaml-document.ts';

const shipped = readFileSync(new URL('../../../mediamtx.yml', import.meta.url), 'utf8');

/** Lines that went and came: "-old", "+new". Lines are compared as bags; order is checked apart. */
function changedLines(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  while (old.length > 0 && now.length > 0 && old[0] === now[0]) {
    old.shift();
    now.shift();
  }
  while (old.length > 0 && now.length > 0 && old.at(-1) === now.at(-1)) {
    old.pop();
    now.pop();
  }
  return [...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`)];
}

function edit(text: string, path: PathSegment[], value: YmlValue | undefined): string[] {
  return changedLines(text, writeBack(text, { path, value }));
}

describe('writeBack() on our own file', () => {
  const edits: [path: PathSegment[], value: YmlValue | undefined, lines: string[]][] = [
    [['readTimeout'], '20s', ['-readTimeout: 10s', '+readTimeout: 20s']],
    [['rtspEncryption'], 'optional', ['-rtspEncryption: "no"', '+rtspEncryption: optional']],
    [['rtsp'], false, ['-rtsp: yes', '+rtsp: false']],
    [['logDestinations', 0], 'file', ['-logDestinations: [stdout]', '+logDestinations: [file]']],
    [
      ['webrtcAllowOrigins'],
      ['https://a', 'yes'],
      ['-webrtcAllowOrigins: ["*"]', '+webrtcAllowOrigins: [https://a, "yes"]'],
    ],
    [
      ['webrtcICEServers2'],
      [{ url: 'stun:h' }],
      ['-webrtcICEServers2: []', '+webrtcICEServers2:', '+  - url: stun:h'],
    ],
    [['authInternalUsers', 2], { user: 'x' }, ['+  - user: x']],
    [['authInternalUsers', 1, 'ips'], [], ["-    ips: [127.0.0.0/8, '::1']", '+    ips: []']],
    [['pathDefaults', 'recordFormat'], 'mpegts', ['+  recordFormat: mpegts']],
    [
      ['paths', 'demo', 'source'],
      'publisher',
      ['-    source: file:./core/assets/demo.mp4', '+    source: publisher'],
    ],
    [['paths', 'all_others', 'maxReaders'], 3, ['+    maxReaders: 3']],
    [['paths', 'cam', 'source'], 'rtsp://h/x', ['+  cam:', '+    source: rtsp://h/x']],
    [
      ['paths', '~^c(\\d+)$'],
      { sourceOnDemand: true, forward: [{ dest: 'rtsp://a' }] },
      ['+  ~^c(\\d+)$:', '+    sourceOnDemand: true', '+    forward:', '+      - dest: rtsp://a'],
    ],
    [['paths', 'demo'], undefined, ['-  demo:', '-    source: file:./core/assets/demo.mp4']],
    [['logFile'], undefined, ['-logFile: mediamtx.log']],
    [['paths', 'nobody', 'source'], undefined, []],
  ];
  for (const [path, value, lines] of edits) {
    it(`${path.join('.')} = ${JSON.stringify(value)} touches only its lines`, () =>
      assert.deepEqual(edit(shipped, path, value), lines));
  }
});

describe('writeBack()', () => {
  const edits: [what: string, text: string, lines: string[]][] = [
    ['an empty file', '', ['+paths:', '+  p:', '+    source: "yes"']],
    ['a file of comments', '# a\n', ['+paths:', '+  p:', '+    source: "yes"']],
    ['an empty section with a comment', 'paths: # c\n\nz: 1\n', ['+  p:', '+    source: "yes"']],
    [
      'an empty flow map',
      'paths: {} # c\n',
      ['-paths: {} # c', '+paths: # c', '+  p:', '+    source: "yes"'],
    ],
    ['a flow map', 'paths: {x: {}}\n', ['-paths: {x: {}}', '+paths: {x: {}, p: {source: "yes"}}']],
    ['Windows line ends', 'paths:\r\n  a:\r\nz: 1\r\n', ['+  p:', '+    source: "yes"']],
  ];
  for (const [what, text, lines] of edits) {
    it(`adds a path to ${what}`, () =>
      assert.deepEqual(edit(text, ['paths', 'p', 'source'], 'yes'), lines));
  }

  it('keeps a comment behind the value', () => {
    assert.deepEqual(edit('a: 1 # why\n', ['a'], 2), ['-a: 1 # why', '+a: 2 # why']);
  });

  it('replaces a block by a single value and the other way round', () => {
    assert.equal(
      writeBack('a:\n  - x\n  - y\nb: 1\n', { path: ['a'], value: [] }),
      'a: []\nb: 1\n',
    );
    assert.equal(
      writeBack('a: []\nb: 1\n', { path: ['a'], value: [{ x: 1 }] }),
      'a:\n  - x: 1\nb: 1\n',
    );
  });

  it('quotes texts that would be read as something else', () => {
    for (const value of [
      'yes',
      'off',
      '1',
      '',
      'null',
      '# x',
      'a: b',
      '*a',
      'two\nlines',
      '~',
      '[x',
    ]) {
      const written = writeBack('key: old\n', { path: ['key'], value });
      assert.equal(new YamlDocument(written, 'f').root['key'], value);
    }
  });

  it('refuses to change what other keys share through an anchor', () => {
    const text = 'x: &x {source: a}\npaths:\n  p: *x\n';
    assert.throws(() => writeBack(text, { path: ['paths', 'p', 'source'], value: 'b' }), {
      kind: 'failed-precondition',
      code: 'config-not-editable',
    });
  });

  it('refuses a file that is broken before', () => {
    assert.throws(() => writeBack('a: [', { path: ['a'], value: 1 }), { kind: 'invalid-argument' });
  });

  it('means the old values plus the change, whatever value, or refuses', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('yes', '#', ': ', '- ', '\n', "'", '"'),
    );
    const values = fc.oneof(texts, fc.integer(), fc.boolean(), fc.array(texts, { maxLength: 3 }));
    const paths = fc.constantFrom<PathSegment[]>(['a'], ['b', 'c'], ['b', 'n'], ['d'], ['n', 'm']);
    fc.assert(
      fc.property(paths, values, (path, value) => {
        const text = 'a: 1 # one\nb:\n  # two\n  c: [x, y]\nd: |\n  block\n  text\ne: end\n';
        const document = new YamlDocument(writeBack(text, { path, value }), 'f');
        const [first = '', second] = path;
        const outer: unknown = document.root[String(first)];
        const written: unknown =
          second === undefined || typeof outer !== 'object' || outer === null
            ? outer
            : Reflect.get(outer, second);
        assert.deepEqual(written, value);
        assert.equal(document.root['e'], 'end');
      }),
      { numRuns: 400 },
    );
  });
});
