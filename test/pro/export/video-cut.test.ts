// Each picture inside a cut is shown exactly once, and copied pictures decode without what was left out.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { emptyPacketTable, type PacketTable } from '../../../pro/export/packet-table.ts';
import { planStill, planVideoCut, type PictureRun } from '../../../pro/export/video-cut.ts';

interface Picture {
  readonly pts: number;
  readonly isKey?: boolean;
  readonly isHidden?: boolean;
}

const FRAME_S = 0.04;

function table(pictures: readonly Picture[]): PacketTable {
  const result = emptyPacketTable();
  for (const [index, { pts, isKey = false, isHidden = false }] of pictures.entries()) {
    result.ptsS.push(pts * FRAME_S);
    result.durationS.push(FRAME_S);
    result.position.push(index * 100);
    result.sizeBytes.push(100);
    result.isKey.push(isKey);
    result.isHidden.push(isHidden);
  }
  return result;
}

/** Groups of ten: I P P P ... or, with B pictures, I P B B P B B P B B in decoding order. */
function groups(count: number, hasB: boolean): Picture[] {
  const order = hasB ? [0, 3, 1, 2, 6, 4, 5, 9, 7, 8] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  return Array.from({ length: count }, (_, group) =>
    order.map((pts) => ({ pts: group * 10 + pts, isKey: pts === 0 })),
  ).flat();
}

function plan(pictures: readonly Picture[], start: number, end: number): Promise<PictureRun[]> {
  return planVideoCut({
    table: table(pictures),
    startS: start * FRAME_S,
    endS: end * FRAME_S,
    isEntry: () => Promise.resolve(true),
    mayCopy: true,
  });
}

/** Numbers of the pictures in the order in which they are shown. */
function shown(pictures: readonly Picture[], runs: readonly PictureRun[]): number[] {
  return runs.flatMap((run) =>
    run.kind === 'encode'
      ? run.ptsS.map((time) => Math.round(time / FRAME_S))
      : pictures
          .slice(run.first, run.end)
          .map(({ pts }) => pts)
          .sort((one, other) => one - other),
  );
}

const kinds = (runs: readonly PictureRun[]): string => runs.map((run) => run.kind).join(' ');

describe('planVideoCut()', () => {
  it('copies everything between key frames', async () => {
    assert.deepEqual(await plan(groups(4, true), 10, 30), [{ kind: 'copy', first: 10, end: 30 }]);
  });

  it('encodes from the cut to the next key frame', async () => {
    const [head, rest, ...none] = await plan(groups(4, false), 13, 30);
    assert(head?.kind === 'encode');
    assert.equal(head.ptsS.length, 7);
    assert.equal(head.seekS, 10 * FRAME_S);
    assert.equal(head.untilS, 20 * FRAME_S);
    assert.deepEqual(rest, { kind: 'copy', first: 20, end: 30 });
    assert.deepEqual(none, []);
  });

  it('cuts off a tail without B pictures anywhere', async () => {
    const pictures = groups(4, false);
    assert.deepEqual(await plan(pictures, 10, 27), [{ kind: 'copy', first: 10, end: 27 }]);
  });

  it('encodes a tail only where pictures of it stand behind later ones', async () => {
    const pictures = groups(4, true);
    assert.equal(kinds(await plan(pictures, 10, 24)), 'copy');
    assert.equal(kinds(await plan(pictures, 10, 25)), 'copy encode');
    assert.equal(kinds(await plan(pictures, 13, 25)), 'encode');
    assert.equal(kinds(await plan(pictures, 3, 25)), 'encode copy encode');
  });

  it('encodes a cut without a key frame inside as one run', async () => {
    const runs = await plan(groups(3, true), 12, 18);
    assert.equal(kinds(runs), 'encode');
    assert.deepEqual(shown(groups(3, true), runs), [12, 13, 14, 15, 16, 17]);
  });

  it('begins nowhere but at a key frame that needs nothing before it', async () => {
    const isEntry = (index: number): Promise<boolean> => Promise.resolve(index === 20);
    const runs = await planVideoCut({
      ...{ table: table(groups(4, false)), startS: 5 * FRAME_S, endS: 35 * FRAME_S },
      ...{ isEntry, mayCopy: true },
    });
    assert.deepEqual(runs[1], { kind: 'copy', first: 20, end: 35 });
  });

  it('does not begin at a key frame with pictures that are shown before it', async () => {
    const open = [0, 1, 2, 5, 3, 4, 6, 7].map((pts) => ({ pts, isKey: pts === 0 || pts === 5 }));
    const runs = await plan(open, 2, 8);
    assert.equal(kinds(runs), 'encode');
    assert.deepEqual(shown(open, runs), [2, 3, 4, 5, 6, 7]);
  });

  it('encodes around pictures that are not shown', async () => {
    const pictures = groups(4, false).map((each) => ({ ...each, isHidden: each.pts < 13 }));
    const runs = await plan(pictures, 0, 40);
    assert.deepEqual(kinds(runs), 'encode copy');
    assert.equal(shown(pictures, runs)[0], 13);
  });

  it('leaves out pictures before the first key frame of the file', async () => {
    const pictures = groups(2, false).map((each) => ({ ...each, isKey: each.pts === 10 }));
    const runs = await plan(pictures, 0, 20);
    assert.equal(shown(pictures, runs)[0], 10);
  });

  it('encodes everything when nothing may be copied', async () => {
    const cut = { table: table(groups(3, false)), startS: 0, endS: 30 * FRAME_S };
    const runs = await planVideoCut({
      ...cut,
      isEntry: () => Promise.resolve(true),
      mayCopy: false,
    });
    assert.deepEqual(
      [kinds(runs), runs[0]?.kind === 'encode' && runs[0].ptsS.length],
      ['encode', 30],
    );
  });

  it('is empty where no picture is', async () => {
    assert.deepEqual(await plan([], 0, 10), []);
    assert.deepEqual(await plan(groups(1, false), 20, 30), []);
  });

  it('shows each picture of any cut once and in order', async () => {
    const cut = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 60 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(cut, async ([start, length, hasB]) => {
        const pictures = groups(6, hasB);
        const end = start + length;
        const wanted = pictures
          .map(({ pts }) => pts)
          .filter((pts) => pts >= start && pts < end)
          .sort((one, other) => one - other);
        assert.deepEqual(shown(pictures, await plan(pictures, start, end)), wanted);
      }),
      { numRuns: 500 },
    );
  });
});

describe('planStill()', () => {
  it('takes the picture that was shown last', () => {
    const cut = {
      ...{ table: table(groups(1, true)), startS: 1, endS: 2, mayCopy: true },
      isEntry: () => Promise.resolve(true),
    };
    assert.deepEqual(planStill(cut, 1)[0]?.ptsS, [9 * FRAME_S]);
    assert.deepEqual(planStill({ ...cut, table: emptyPacketTable() }, 1), []);
  });
});
