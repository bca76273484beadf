// Prometheus text, read back by a strict parser.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Histogram } from '../../../core/base/histogram.ts';
import { metricsText } from '../../../core/metrics/metrics-text.ts';
import { parsePrometheus } from '../../support/prometheus-text.ts';

describe('metricsText()', () => {
  it('writes HELP, TYPE and samples', () => {
    const samples = [{ labels: { name: 'cam', state: 'ready' }, value: 1 }];
    assert.equal(
      metricsText([{ name: 'paths', type: 'gauge', help: 'Open paths.', samples }]),
      '# HELP paths Open paths.\n# TYPE paths gauge\npaths{name="cam",state="ready"} 1\n',
    );
  });

  it('leaves out a family without samples, and is empty without any', () => {
    assert.equal(metricsText([{ name: 'paths', type: 'gauge', help: 'x', samples: [] }]), '');
  });

  it('escapes line breaks and backslashes of HELP', () => {
    const help = 'a\\b\nc';
    const text = metricsText([
      { name: 'x', type: 'gauge', help, samples: [{ labels: {}, value: 1 }] },
    ]);
    assert.match(text, /^# HELP x a\\\\b\\nc\n/u);
  });

  it('writes histograms that are cumulative', () => {
    const histogram = new Histogram({ name: 'h', help: 'x', bounds: [1, 2] });
    for (const value of [0.5, 1.5, 9]) histogram.observe(value);
    const samples = parsePrometheus(metricsText([histogram.family])).get('h')?.samples ?? [];
    assert.deepEqual(
      samples.map(({ value }) => value),
      [1, 2, 3, 11, 3],
    );
  });

  it('keeps every label and number, whatever clients put into them', () => {
    const member = fc.record({ text: fc.string({ unit: 'binary' }), value: fc.double() });
    fc.assert(
      fc.property(member, ({ text, value }) => {
        const samples = [{ labels: { a: text, b: 'x' }, value }];
        const written = metricsText([{ name: 'm', type: 'gauge', help: 'x', samples }]);
        const [read] = parsePrometheus(written).get('m')?.samples ?? [];
        assert.equal(read?.labels['a'], text);
        assert.equal(read.value === value || Number.isNaN(value), true);
      }),
      { numRuns: 2000 },
    );
  });
});
