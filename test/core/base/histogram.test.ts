// Counts of values by size.
import assert from 'node:assert/strict';
import { Histogram } from '../../../core/base/histogram.ts';

const create = (): Histogram =>
  new Histogram({ name: 'wait_seconds', help: 'Waits.', bounds: [0.1, 1] });
const valuesOf = (histogram: Histogram): readonly number[] =>
  histogram.family.samples.map(({ value }) => value);

describe('Histogram', () => {
  it('counts cumulatively; a value equal to a bound is below it', () => {
    const histogram = create();
    for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
    assert.deepEqual(valuesOf(histogram), [2, 3, 4, 7.65, 4]);
    assert.deepEqual(
      histogram.family.samples.map(({ labels, suffix }) => labels['le'] ?? suffix),
      ['0.1', '1', '+Inf', '_sum', '_count'],
    );
  });

  it('leaves out what is no number', () => {
    const histogram = create();
    for (const value of [NaN, Infinity, -Infinity]) histogram.observe(value);
    assert.deepEqual(valuesOf(histogram), [0, 0, 0, 0, 0]);
  });
});
