// Sound of many pieces on one time line: no gaps at joins, nothing adds up, real gaps stay.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { OutputTrack } from '../../../pro/export/output-track.ts';
import { emptyPacketTable, type PacketTable } from '../../../pro/export/packet-table.ts';
import { buildSoundTrack, type PlacedSound } from '../../../pro/export/sound-track.ts';

const RATE_HZ = 48_000;
const PACKET_S = 1024 / RATE_HZ;

/** Packets one after the other; position is the number of the packet. */
function sound(
  count: number,
  gap?: { readonly at: number; readonly lengthS: number },
): PacketTable {
  const table = emptyPacketTable();
  for (let index = 0; index < count; index++) {
    const shiftS = gap && index >= gap.at ? gap.lengthS : 0;
    table.ptsS.push(index * PACKET_S + shiftS);
    table.durationS.push(PACKET_S);
    table.position.push(index);
    table.sizeBytes.push(1);
    table.isKey.push(true);
    table.isHidden.push(false);
  }
  return table;
}

function build(pieces: readonly PlacedSound[]): OutputTrack {
  const silence = { file: 9, table: sound(10) };
  return buildSoundTrack(pieces, { sampleRateHz: RATE_HZ, entry: Buffer.alloc(0), silence });
}

const piece = (startS: number, lengthS: number, offsetS: number): PlacedSound => ({
  ...{ startS, lengthS, offsetS },
  source: { file: 0, table: sound(1000) },
});

describe('buildSoundTrack()', () => {
  it('takes what has its middle inside the cut, from 0 on', () => {
    const track = build([piece(1, 1, 0)]);
    assert.deepEqual([track.positions[0], track.positions.at(-1)], [47, 93]);
    assert.deepEqual([track.timesTicks[0], track.timesTicks[1]], [0, 1024]);
  });

  it('has no overlap at joins and no gap that is heard, and stays within half a packet of the pictures', () => {
    const length = fc.double({ min: 0.05, max: 1, noNaN: true });
    const start = fc.double({ min: 0, max: 15, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(start, length), { minLength: 1, maxLength: 40 }), (cuts) => {
        let offsetS = 0;
        const pieces = cuts.map(([startS, lengthS]) => {
          const each = piece(startS, lengthS, offsetS);
          offsetS += lengthS;
          return each;
        });
        const track = build(pieces);
        for (const [index, ticks] of track.timesTicks.entries()) {
          assert(index === 0 || ticks - (track.timesTicks[index - 1] ?? 0) >= 1024);
          const atS = ticks / RATE_HZ;
          const own = pieces.filter((each) => {
            const contentS = (track.positions[index] ?? 0) * PACKET_S - each.startS + each.offsetS;
            return Math.abs(contentS - atS) <= PACKET_S / 2 + 1e-4;
          });
          assert(own.length > 0, `packet ${index} is far from its time`);
        }
        const silentS = track.timesTicks.reduce((sum, ticks, index) => {
          const before = index === 0 ? 0 : (track.timesTicks[index - 1] ?? 0) + 1024;
          return Math.max(sum, (ticks - before) / RATE_HZ);
        }, 0);
        // Half a packet each: behind the pictures, cut off at the end, cut off at the begin.
        assert(silentS <= 1.5 * PACKET_S + 1e-4, `${silentS} s without sound`);
        assert(Math.abs(track.endTicks / RATE_HZ - offsetS) <= 2 * PACKET_S);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps a gap of the source', () => {
    const source = { file: 0, table: sound(100, { at: 10, lengthS: 0.5 }) };
    const track = build([{ startS: 0, lengthS: 2, offsetS: 0, source }]);
    assert.equal((track.timesTicks[10] ?? 0) - (track.timesTicks[9] ?? 0), 1024 + RATE_HZ / 2);
  });

  it('does not take the hole behind a packet for its length', () => {
    const table = sound(1000, { at: 100, lengthS: 2 });
    // The packet before the hole lasts until the next one, as MP4 files have it.
    table.durationS[99] = PACKET_S + 2;
    const source = { file: 0, table };
    const silent = build([{ startS: 100 * PACKET_S + 0.4, lengthS: 0.8, offsetS: 0, source }]);
    assert.equal(silent.sampleCount, 0);
    const track = build([{ startS: 0, lengthS: 2.5, offsetS: 0, source }, piece(5, 1, 2.5)]);
    assert.equal(track.positions.filter((position) => position >= 234).length, 47);
    assert(Math.abs(track.endTicks / RATE_HZ - 3.5) <= PACKET_S);
  });

  it('fills pieces without sound with silence', () => {
    const track = build([
      piece(0, 1, 0),
      { startS: 0, lengthS: 1, offsetS: 1, source: undefined },
      piece(5, 1, 2),
    ]);
    const steps = track.timesTicks.slice(1).map((ticks, i) => ticks - (track.timesTicks[i] ?? 0));
    assert(Math.max(...steps) < 2048);
    assert.equal(new Set(track.files).size, 2);
    assert.equal(track.positions[track.files.indexOf(9)], 5);
    assert(Math.abs(track.endTicks / RATE_HZ - 3) <= PACKET_S);
  });

  it('leaves out hidden packets and takes missing lengths from the packet before', () => {
    const table = sound(10);
    table.isHidden[0] = true;
    table.durationS[5] = 0;
    const track = build([{ startS: 0, lengthS: 1, offsetS: 0, source: { file: 0, table } }]);
    assert.equal(track.positions[0], 1);
    assert.equal(track.sampleCount, 9);
  });
});
