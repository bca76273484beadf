// The small parts of an export: fragments counted, ranges read, progress added up, pictures placed.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../../core/base/clock.ts';
import { FfmpegRuns } from '../../../pro/export/ffmpeg-runs.ts';
import { FileRanges } from '../../../pro/export/file-ranges.ts';
import { FragmentCounter } from '../../../pro/export/fragment-counter.ts';
import { emptyPacketTable } from '../../../pro/export/packet-table.ts';
import { buildPictureTrack } from '../../../pro/export/picture-track.ts';
import { ProgressMeter } from '../../../pro/export/progress-meter.ts';

describe('FragmentCounter', () => {
  const box = (type: string, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    bytes.writeUInt32BE(length, 0);
    bytes.write(type, 4, 'latin1');
    return bytes;
  };

  it('counts moof boxes in pieces of any length', () => {
    const types = ['ftyp', 'moov', 'moof', 'mdat', 'moof', 'mdat', 'moof'];
    const file = Buffer.concat(types.map((type, index) => box(type, 8 + index * 5)));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (lengths) => {
        const counter = new FragmentCounter();
        let at = 0;
        for (const length of [...lengths, file.length]) {
          counter.push(file.subarray(at, at + length));
          at += length;
        }
        assert.equal(counter.fragmentCount, 3);
      }),
      { numRuns: 200 },
    );
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const counter = new FragmentCounter();
        for (const piece of pieces) counter.push(piece);
        assert(counter.fragmentCount >= 0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('FileRanges', () => {
  it('reads any ranges of more files than stay open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'export-ranges-'));
    try {
      const files: string[] = [];
      for (let index = 0; index < 12; index++) {
        files.push(join(folder, String(index)));
        await writeFile(files[index] ?? '', Buffer.alloc(600_000, index));
      }
      await using ranges = new FileRanges(files);
      const range = fc.record({
        file: fc.nat(11),
        lane: fc.nat(1),
        position: fc.nat(100_000),
        sizeBytes: fc.integer({ min: 1, max: 500_000 }),
      });
      for (const each of fc.sample(range, 60)) {
        const bytes = await ranges.read(each);
        assert.equal(bytes.length, each.sizeBytes);
        assert(bytes[0] === each.file && bytes.at(-1) === each.file);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('ProgressMeter', () => {
  it('rises to 1 over encoding and writing', () => {
    const reports: number[] = [];
    const meter = new ProgressMeter((progress) => void reports.push(progress));
    meter.expect(6);
    const piece = meter.begin(2);
    piece.advance(1);
    piece.advance(0.5);
    piece.advance(99);
    piece.end();
    meter.begin(4).end();
    meter.finish(0.5);
    meter.finish(1);
    assert.deepEqual(reports, [1 / 8, 2 / 8, 6 / 8, 7 / 8, 1]);
  });
});

describe('buildPictureTrack()', () => {
  it('places encoded pictures at the times of their originals, or by their own times', () => {
    const table = emptyPacketTable();
    for (const [index, ptsS] of [0, 0.04, 0.08].entries()) {
      table.ptsS.push(ptsS);
      table.position.push(index);
      table.sizeBytes.push(1);
      table.isKey.push(index === 0);
    }
    const source = { file: 0, table, entry: Buffer.alloc(100) };
    const place = (times: readonly number[]): readonly number[] => {
      const plan = { kind: 'encode', ptsS: times, untilS: 9, seekS: 0 } as const;
      const piece = { startS: 5, offsetS: 1, lengthS: 2, runs: [{ plan, source }] };
      const track = buildPictureTrack([piece], { width: 2, height: 2 });
      assert.equal(track.endTicks, 270_000);
      return track.timesTicks.slice(1);
    };
    assert.deepEqual(place([5.2, 5.3, 5.5]), [117_000, 135_000]);
    assert.deepEqual(place([5.2, 5.3, 5.5, 5.6]), [111_600, 115_200]);
  });
});

describe('FfmpegRuns.hasFpsMode()', () => {
  it('knows the version from which on ffmpeg has it', async () => {
    const asks = async (version: string): Promise<boolean> => {
      const program = { path: '/ffmpeg', probePath: undefined, version };
      const ffmpeg = { get: () => Promise.resolve(program) };
      const runs = new FfmpegRuns({ clock: systemClock, ffmpeg }, { niceness: 0, timeoutMs: 1 });
      await assert.rejects(runs.check(), { kind: 'unavailable', code: 'ffmpeg-missing' });
      return runs.hasFpsMode();
    };
    assert.equal(await asks('4.4.2-0ubuntu0.22.04.1'), false);
    assert.equal(await asks('5.0'), false);
    assert.equal(await asks('5.1.9-0+deb12u1'), true);
    assert.equal(await asks('n7.1'), true);
    assert.equal(await asks('N-117000-gabcdef'), true);
  });
});
