// The YAML reader: words of YAML 1.1, keys, merges, and every kind of bomb stopped early.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { YamlDocument } from '../../../core/config/yaml-document.ts';
import { findLimitViolation, yamlLimits } from '../../../core/config/yaml-limits.ts';

function read(text: string): unknown {
  const document = new YamlDocument(text, 'f.yml');
  assert.deepEqual(document.issues, []);
  return JSON.parse(JSON.stringify(document.root));
}

function firstIssue(text: string): string {
  const [issue] = new YamlDocument(text, 'f.yml').issues;
  assert.ok(issue, 'an issue is expected');
  return `${issue.place.text} ${issue.code} ${issue.message}`;
}

describe('YamlDocument', () => {
  it('reads yes, no, on and off as booleans unless they are quoted', () => {
    assert.deepEqual(read('{a: yes, b: No, c: ON, d: off, e: "yes", f: true}'), {
      a: true,
      b: false,
      c: true,
      d: false,
      e: 'yes',
      f: true,
    });
  });

  it('reads keys as texts: 8554 and yes', () => {
    assert.deepEqual(read('8554: a\nyes: b\n007: c'), { '8554': 'a', yes: 'b', '007': 'c' });
  });

  it('reads an empty file, a file of comments and null as no keys', () => {
    for (const text of ['', '# only this\n', '---\n', '~']) assert.deepEqual(read(text), {});
  });

  it('merges maps by <<, own keys first', () => {
    const text = 'x: &x {p: 1, q: 2}\ny: {<<: *x, p: 3}\nz: {<<: [*x, {r: 4}]}';
    assert.deepEqual(read(text), {
      x: { p: 1, q: 2 },
      y: { p: 3, q: 2 },
      z: { p: 1, q: 2, r: 4 },
    });
  });

  const refused: [text: string, issue: string][] = [
    ['a: 1\nb: 2\na: 3', "f.yml:3:1 config-duplicate-key key 'a' stands here twice"],
    ['p:\n  8: 1\n  "8": 2', "f.yml:3:3 config-duplicate-key key '8' stands here twice"],
    ['__proto__: {x: 1}', "f.yml:1:1 config-unknown-key '__proto__' cannot be used as a key"],
    ['p:\n  constructor: 1', "f.yml:2:3 config-unknown-key 'constructor' cannot be used as a key"],
    ['[a, b]: 1', 'f.yml:1:1 config-syntax a key must be a word or a number'],
    ['- a', 'f.yml:1:1 config-syntax the file must be a map of keys and values'],
    ['a: *b', "f.yml:1:4 config-syntax '*b' has no anchor before it"],
    ['a: .nan', "f.yml:1:4 config-invalid-value '.nan' is not a value that can be used here"],
    ['a: !exec x', 'f.yml:1:4 config-syntax Unresolved tag: !exec'],
    ['a: "x', 'f.yml:1:6 config-syntax Missing closing "quote'],
    ['a: 1\n---\nb: 2', 'f.yml:2:1 config-syntax the file has a second document after ---'],
    ['x: &x [1]\ny:\n  <<: *x', "f.yml:3:7 config-syntax '<<' needs a map, or a list of maps"],
  ];
  for (const [text, issue] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(firstIssue(text), issue));
  }

  it('stops at aliases that multiply', () => {
    const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      const items = Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ');
      lines.push(`l${level}: &l${level} [${items}]`);
    }
    assert.match(
      firstIssue(lines.join('\n')),
      /config-too-large the file uses more than 1000 aliases/u,
    );
  });

  it('stops at an alias that contains itself', () => {
    assert.match(firstIssue('a: &a {b: *a}'), /config-too-large/u);
    assert.match(firstIssue('a: &a [*a, *a]'), /config-too-large/u);
  });

  it('keeps at most 50 issues of a file that is all wrong', () => {
    const text = 'a: 1\n'.repeat(500);
    assert.equal(new YamlDocument(text, 'f.yml').issues.length, 50);
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a: ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '*a',
      '&a ',
      '"',
      "'",
      '|',
      '#',
      ': ',
      '? ',
      '<<: ',
      '!!',
      '%',
      '\t',
      ',',
      'x',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        const document = new YamlDocument(input, 'f.yml');
        assert.ok(document.issues.length > 0 || JSON.stringify(document.root).startsWith('{'));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('findLimitViolation()', () => {
  // Where it stopped tells how much work was done.
  const bombs: [name: string, text: string, lastOffset: number][] = [
    ['a file over 10 MiB', ' '.repeat(yamlLimits.sizeBytes + 1), 0],
    ['a million open brackets', `a: ${'['.repeat(1e6)}`, 100],
    ['a million dashes on a line', '- '.repeat(1e6), 200],
    ['a million question marks', '? '.repeat(1e6), 200],
    ['a staircase of indentation', staircase(500), 64 * 66],
  ];
  for (const [name, text, lastOffset] of bombs) {
    it(`stops early at ${name}`, () => {
      const violation = findLimitViolation(text);
      assert.ok(violation, 'a violation is expected');
      assert.ok(violation.offset <= lastOffset, `stopped at ${violation.offset}`);
      assert.match(firstIssue(text), /^f\.yml:\d+:\d+ config-too-large/u);
    });
  }

  it('stops at a million tokens', () => {
    const violation = findLimitViolation(`[${'a,'.repeat(yamlLimits.tokens)}`);
    assert.match(violation?.message ?? '', /more than 1000000 tokens/u);
  });

  it('accepts two thousand cameras', () => {
    const camera = '\n    source: rtsp://user:pass@10.0.0.1:554/s\n    sourceOnDemand: yes\n';
    const text = `paths:\n${Array.from({ length: 2000 }, (_, n) => `  cam${n}:${camera}`).join('')}`;
    assert.equal(findLimitViolation(text), undefined);
  });
});

function staircase(steps: number): string {
  return Array.from({ length: steps }, (_, step) => `${' '.repeat(step)}a:`).join('\n');
}
