// Lines of ffprobe become columns, however they are cut, and whatever stands in them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PacketTableReader } from '../../../pro/export/packet-table.ts';

const streams = [
  { index: 0, tickS: 1 / 1000 },
  { index: 2, tickS: 1 / 100 },
];

function read(text: string, cuts: readonly number[] = []): PacketTableReader {
  const reader = new PacketTableReader(streams, 10_000);
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    reader.push(text.slice(from, cut));
    from = Math.max(from, cut);
  }
  reader.push(text.slice(from));
  reader.end();
  return reader;
}

describe('PacketTableReader', () => {
  const text =
    '0,40,0,40,500,100,K_\n2,5,5,N/A,20,600,K_\n1,0,0,1,1,1,K_\n0,N/A,80,40,7,620,_D,\n0,';

  it('sorts packets by stream and leaves others out', () => {
    const reader = read(text);
    assert.deepEqual(reader.table(0), {
      ptsS: [0.04, 0.08],
      durationS: [0.04, 0.04],
      position: [100, 620],
      sizeBytes: [500, 7],
      isKey: [true, false],
      isHidden: [false, true],
    });
    assert.deepEqual(reader.table(2).ptsS, [0.05]);
    assert.deepEqual(reader.table(1).ptsS, []);
  });

  it('gives the same for any pieces of the text', () => {
    const whole = read(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        assert.deepEqual(read(text, cuts).table(0), whole.table(0));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves out packets that have no time, no place, or lie behind the end of the file', () => {
    const bad = ['0,N/A,N/A,1,5,5,K_', '0,1,1,1,5,N/A,K_', '0,1,1,1,5,9996,K_', '0,1,1,1,0,5,K_'];
    assert.deepEqual(read(bad.join('\n')).table(0).ptsS, []);
    assert.deepEqual(read('0,1,1,1,5,-5,K_\n0,1,1,1,1e99,5,K_\n,1,1,1,5,5,K_').table(0).ptsS, []);
  });

  it('takes any text', () => {
    const line = fc.array(fc.oneof(fc.string(), fc.double().map(String)), { maxLength: 9 });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { ptsS, position, sizeBytes } = read(
          lines.map((each) => each.join()).join('\n'),
        ).table(0);
        assert(ptsS.every(Number.isFinite));
        assert(position.every((at, index) => at >= 0 && at + (sizeBytes[index] ?? 0) <= 10_000));
      }),
      { numRuns: 500 },
    );
  });
});
