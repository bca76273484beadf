// A strict reader of the Prometheus text format 0.0.4: what promtool would complain about, it throws.
import assert from 'node:assert/strict';

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/su;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/u;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/u;

/** Families by name. Each is announced once by HELP and TYPE, its samples stand together and differ. */
export function parsePrometheus(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  if (text === '') return families;
  assert.ok(text.endsWith('\n'), 'the last line does not end');
  const lines = text.slice(0, -1).split('\n');
  let current: { name: string; family: ParsedFamily } | undefined;
  const seen = new Set<string>();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const help = /^# HELP (\S+) (.+)$/u.exec(line);
    if (help) {
      const [, name = '', words = ''] = help;
      const type = /^# TYPE (\S+) (counter|gauge|histogram)$/u.exec(lines[++index] ?? '');
      assert.equal(type?.[1], name, `TYPE does not follow HELP of ${name}`);
      assert.ok(!families.has(name), `${name} comes twice`);
      current = { name, family: { type: type[2] ?? '', help: words, samples: [] } };
      families.set(name, current.family);
      continue;
    }
    const sample = parseSample(line);
    assert.ok(current, `no family for: ${line}`);
    const suffixes = current.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    const announced = current.name;
    const names = suffixes.map((suffix) => `${announced}${suffix}`);
    assert.ok(names.includes(sample.name), `${sample.name} is not of ${current.name}`);
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    assert.ok(!seen.has(key), `sample comes twice: ${line}`);
    seen.add(key);
    current.family.samples.push(sample);
  }
  for (const [name, family] of families) checkHistogram(name, family);
  return families;
}

function parseSample(line: string): ParsedSample {
  const [, name, set, value] = SAMPLE.exec(line) ?? [];
  assert.ok(name !== undefined && value !== undefined && NUMBER.test(value), `malformed: ${line}`);
  const labels: Record<string, string> = {};
  let rest = set ?? '';
  while (rest !== '') {
    const [whole, key, text] = LABEL.exec(rest) ?? [];
    assert.ok(whole !== undefined && key !== undefined && text !== undefined, `labels: ${line}`);
    assert.ok(!Object.hasOwn(labels, key), `label ${key} comes twice: ${line}`);
    labels[key] = text.replace(/\\(.)/gu, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(whole.length);
  }
  const number = value.endsWith('Inf')
    ? value.startsWith('-')
      ? -Infinity
      : Infinity
    : Number(value);
  return { name, labels, value: number };
}

function checkHistogram(name: string, { type, samples }: ParsedFamily): void {
  if (type !== 'histogram') return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const values = buckets.map(({ value }) => value);
  assert.deepEqual(
    values,
    [...values].sort((a, b) => a - b),
    `${name} is not cumulative`,
  );
  assert.equal(buckets.at(-1)?.labels['le'], '+Inf');
  const total = samples.find((sample) => sample.name === `${name}_count`);
  assert.equal(total?.value, buckets.at(-1)?.value, `${name}_count`);
  assert.ok(
    samples.some((sample) => sample.name === `${name}_sum`),
    `${name}_sum`,
  );
}
