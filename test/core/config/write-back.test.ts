// Changing the file and nothing else in it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import type { YmlValue } from '../../../core/config/encode-config.ts';
import { writeBack } from '../../../core/config/write-back.ts';
import { YamlDocument } from '../../../core/config/yaml-document.ts';
import { meaningOf } from '../../../core/config/yaml-meaning.ts';

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
    ['Windows line ends', 'paths:\r\n  a:\r\nz: 1\r\n', ['+  p:\r', '+    source: "yes"\r']],
    [
      'a section that is ~',
      'paths: ~ # c\n',
      ['-paths: ~ # c', '+paths: # c', '+  p:', '+    source: "yes"'],
    ],
    [
      'a flow map with yes and no',
      'rtsp: no # c\npaths: {x: {record: no}} # d\n',
      ['-paths: {x: {record: no}} # d', '+paths: {x: {record: no}, p: {source: "yes"}} # d'],
    ],
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

  it('gives a path of its own what it shared through an alias', () => {
    const text = 'paths:\n  a: &a\n    record: no # c\n  p: *a\nz: yes\n';
    assert.equal(
      writeBack(text, { path: ['paths', 'p', 'source'], value: 'b' }),
      'paths:\n  a: &a\n    record: no # c\n  p:\n    record: no # c\n    source: b\nz: yes\n',
    );
  });

  it('keeps the comment behind an alias', () => {
    assert.deepEqual(edit('a: &a x\nb: *a # c\n', ['b'], 'new'), ['-b: *a # c', '+b: new # c']);
  });

  it('refuses to change what other keys share through an anchor', () => {
    const text = 'paths:\n  a: &a {record: no}\n  p: *a\n';
    assert.throws(() => writeBack(text, { path: ['paths', 'a', 'record'], value: true }), {
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

describe('writeBack() of a whole list or map', () => {
  const users = [
    ...['# head', 'authInternalUsers:', '  # anybody', '  - user: any # w', '    pass:'],
    ...[
      '    ips: [a, b]',
      '    permissions:',
      '      # may',
      '      - action: read',
      '        path:',
    ],
    ...['  # admin', '  - user: x', '    pass: y # secret', '    permissions: [{action: api}]', ''],
  ].join('\n');
  const any = {
    user: 'any',
    pass: '',
    ips: ['a', 'b'],
    permissions: [{ action: 'read', path: '' }],
  };
  const admin = { user: 'x', pass: 'y', ips: [], permissions: [{ action: 'api', path: '' }] };
  const bob = { user: 'bob', pass: 'yes' };
  const bobLines = ['+  - user: bob', '+    pass: "yes"'];
  const path = ['authInternalUsers'];

  it('writes nothing when an API sends back what it read', () => {
    assert.deepEqual(edit(users, path, [any, admin]), []);
  });

  it('keeps the comments of other items when one comes', () => {
    assert.deepEqual(edit(users, path, [any, admin, bob]), bobLines);
    assert.deepEqual(edit(users, path, [any, bob, admin]), bobLines);
    assert.deepEqual(edit(users, path, [bob, any, admin]), bobLines);
  });

  it('changes one field of one item', () => {
    assert.deepEqual(edit(users, path, [any, { ...admin, pass: 'z' }]), [
      '-    pass: y # secret',
      '+    pass: z # secret',
    ]);
    assert.deepEqual(edit(users, path, [{ ...any, ips: ['b', 'c,d'] }, admin]), [
      '-    ips: [a, b]',
      '+    ips: [b, "c,d"]',
    ]);
    const more = [{ action: 'api' }, { action: 'metrics' }];
    assert.deepEqual(edit(users, path, [any, { ...admin, permissions: more }]), [
      '-    permissions: [{action: api}]',
      '+    permissions: [{action: api}, {action: metrics}]',
    ]);
  });

  it('writes what is empty where that may not be the default', () => {
    assert.deepEqual(edit('k:\n  - a: 1 # c\n', ['k'], [{ a: 1, entities: [] }]), [
      '+    entities: []',
    ]);
    assert.deepEqual(edit('k:\n  - a: 1\n    b: # c\n', ['k'], [{ a: 1, b: '' }]), [
      '-    b: # c',
      '+    b: "" # c',
    ]);
  });

  it('takes items away', () => {
    const [gone] = [edit(users, path, [any])];
    assert.deepEqual(gone, [
      ...['-  - user: x', '-    pass: y # secret', '-    permissions: [{action: api}]'],
    ]);
    assert.equal(
      writeBack('a:\n  - x # 1\n  - y # 2\n  - z # 3\n', { path: ['a'], value: ['z'] }),
      'a:\n  - z # 3\n',
    );
  });

  it('changes single keys of a path that is replaced', () => {
    const text = 'paths:\n  # front\n  cam: # c\n    # why\n    record: no # d\n    source: a\n';
    assert.deepEqual(edit(text, ['paths', 'cam'], { record: true, maxReaders: 2 }), [
      ...['-    record: no # d', '-    source: a'],
      ...['+    record: true # d', '+    maxReaders: 2'],
    ]);
  });

  it('makes any list out of any other, or refuses', () => {
    const item = fc.constantFrom<YmlValue>(
      'a',
      'no',
      { u: 'a' },
      { u: 'b', p: 'x' },
      { u: 'b', l: [] },
    );
    const lists = fc.array(item, { maxLength: 5 });
    fc.assert(
      fc.property(lists, lists, fc.boolean(), (before, after, isFlow) => {
        const start = writeBack(isFlow ? 'k: [q]\nz: yes # c\n' : 'k:\n  - q\nz: yes # c\n', {
          path: ['k'],
          value: before,
        });
        const text = writeBack(start, { path: ['k'], value: after });
        assert.ok(text.endsWith('z: yes # c\n'));
        assert.deepEqual(
          meaningOf(new YamlDocument(text, 'f').root['k'] ?? null),
          meaningOf(after),
        );
      }),
      { numRuns: 400 },
    );
  });
});
