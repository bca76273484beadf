// Tests of the sample table and of its boxes.
import assert from 'node:assert/strict';
import { BoxWriter } from '../../../core/mux/box-writer.ts';
import { writeSampleTable } from '../../../core/mux/sample-table-boxes.ts';
import { SampleTable, type TableSample } from '../../../core/mux/sample-table.ts';
import { boxesOf } from './mux-media.ts';

function sample(
  dtsTicks: number,
  sizeBytes = 10,
  offsetTicks = 0,
  isKeyFrame = false,
): TableSample {
  return { dtsTicks, sizeBytes, offsetTicks, isKeyFrame };
}

/** The numbers of each box, version and flags left out. */
function numbersOf(table: SampleTable): Record<string, number[]> {
  const writer = new BoxWriter();
  table.finish();
  writeSampleTable(writer, table);
  return Object.fromEntries(
    boxesOf(writer.toBytes()).map(({ type, body }) => {
      const view = new DataView(body.buffer, body.byteOffset, body.length);
      const numbers = Array.from({ length: body.length / 4 - 1 }, (_, index) =>
        view.getInt32(4 + index * 4),
      );
      return [type, numbers];
    }),
  );
}

describe('SampleTable', () => {
  it('joins equal durations, and lists key frames and sizes', () => {
    const table = new SampleTable();
    table.add(sample(100, 10, 0, true));
    for (const dts of [110, 120, 150]) table.add(sample(dts, dts));
    table.endChunk(5000, 7);
    assert.equal(table.mediaDurationTicks, 57);
    assert.deepEqual(numbersOf(table), {
      stts: [3, 2, 10, 1, 30, 1, 7],
      stss: [1, 1],
      stsc: [1, 1, 4, 1],
      stsz: [0, 4, 10, 110, 120, 150],
      stco: [1, 5000],
    });
  });

  it('leaves out the list of key frames when all are, and sizes when they are equal', () => {
    const table = new SampleTable();
    for (const dts of [0, 1, 2]) table.add(sample(dts, 8, 0, true));
    table.endChunk(64, 1);
    assert.deepEqual(numbersOf(table), {
      stts: [1, 3, 1],
      stsc: [1, 1, 3, 1],
      stsz: [8, 3],
      stco: [1, 64],
    });
  });

  it('keeps composition offsets, negative ones too', () => {
    const table = new SampleTable();
    for (const [dts, offset] of [
      [0, 20],
      [10, -10],
      [20, -10],
    ] as const) {
      table.add(sample(dts, 1, offset));
    }
    table.endChunk(0, 10);
    assert.deepEqual(numbersOf(table)['ctts'], [2, 1, 20, 2, -10]);
  });

  it('shows the track until the end of the picture shown last', () => {
    const table = new SampleTable();
    for (const [dts, offset] of [
      [0, 20],
      [10, 50],
      [20, 0],
      [30, 0],
    ] as const) {
      table.add(sample(dts, 1, offset));
    }
    table.endChunk(0, 10);
    // From 20 on, the second picture is shown at 60 for 10.
    assert.equal(table.presentedDurationTicks, 50);
  });

  it('notes how many samples a chunk has only when that changes', () => {
    const table = new SampleTable();
    let dts = 0;
    for (const [chunk, count] of [2, 2, 3, 3, 2].entries()) {
      for (let index = 0; index < count; index++) table.add(sample(dts++));
      table.endChunk(chunk * 100, 1);
    }
    table.endChunk(999, 1);
    const { stsc, stco } = numbersOf(table);
    assert.deepEqual(stsc, [3, 1, 2, 1, 3, 3, 1, 5, 2, 1]);
    assert.deepEqual(stco, [5, 0, 100, 200, 300, 400]);
  });

  it('uses long offsets above 4 GiB', () => {
    const table = new SampleTable();
    table.add(sample(0));
    table.endChunk(100, 1);
    table.add(sample(1));
    table.endChunk(2 ** 33 + 5, 1);
    assert.deepEqual(numbersOf(table)['co64'], [2, 0, 100, 2, 5]);
  });
});
