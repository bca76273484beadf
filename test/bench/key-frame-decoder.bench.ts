// Measures what a color check costs: processor time of this process and of the decoders, per key frame.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../core/base/clock.ts';
import { silentLogger } from '../../core/base/logger.ts';
import { splitAnnexB } from '../../core/codec/annex-b.ts';
import { H264NalType, h264NalType } from '../../core/codec/h264-nal-unit.ts';
import { locateFfmpeg } from '../../pro/ffmpeg/ffmpeg-program.ts';
import { KeyFrameDecoderPool } from '../../pro/snapshot/key-frame-decoder-pool.ts';
import { makeKeyFrame, type KeyFrame } from '../../pro/snapshot/key-frame.ts';
import { editPicture } from '../../pro/snapshot/picture-edit.ts';
import { defaultColorRule, scoreColor } from '../../pro/smart/color-score.ts';
import { formatSection, quantile } from './support/bench-report.ts';

const CAMERAS = 50;
const INTERVAL_MS = 5000;
const ROUNDS = 3;
const SMALL = { widthPixels: 100, heightPixels: 100 };
const UNCHANGED = { brightness: 0, contrast: 0, saturation: 0, crop: undefined };
const TARGET_MS = 20;
/** sysconf(_SC_CLK_TCK) of Linux. */
const MS_PER_TICK = 10;

/** Key frames of `CAMERAS` different 1080p pictures with some noise, as IDR of 4 Mbit/s cameras. */
function encodeKeyFrames(): KeyFrame[] {
  const source = `testsrc2=size=1920x1080:rate=1,noise=alls=3:allf=t`;
  const encoder = ['-c:v', 'libx264', '-preset', 'fast', '-crf', '30', '-pix_fmt', 'yuv420p'];
  const { stdout } = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', source, '-frames:v', `${CAMERAS}`, ...encoder],
      ...['-x264-params', 'keyint=1:repeat-headers=1', '-f', 'h264', 'pipe:1'],
    ],
    { maxBuffer: 1 << 28 },
  );
  const frames: Uint8Array[][] = [];
  for (const nal of splitAnnexB(stdout)) {
    if (h264NalType(nal[0] ?? 0) === H264NalType.sps) frames.push([]);
    frames.at(-1)?.push(nal);
  }
  const codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 } as const;
  return frames.map((units) => makeKeyFrame(codec, units));
}

/** User and system time of the processes that this one started and that still run. */
function childrenCpuMs(): number {
  let ticks = 0;
  for (const task of readdirSync('/proc/self/task')) {
    const children = readFileSync(`/proc/self/task/${task}/children`, 'latin1').trim();
    for (const pid of children === '' ? [] : children.split(' ')) {
      // The second field is the name in parentheses, which may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    }
  }
  return ticks * MS_PER_TICK;
}

/** Processor time in ms of `work`, ours and the decoders'. */
async function cpuMs(work: () => Promise<void>): Promise<{ ours: number; theirs: number }> {
  const theirsBefore = childrenCpuMs();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ours: (user + system) / 1000, theirs: childrenCpuMs() - theirsBefore };
}

async function main(): Promise<void> {
  const program = await locateFfmpeg({ searchPath: '/usr/local/bin:/usr/bin:/bin' });
  const ffmpeg = { get: () => Promise.resolve(program) };
  await using pool = new KeyFrameDecoderPool({ clock: systemClock, logger: silentLogger, ffmpeg });
  const keyFrames = encodeKeyFrames();
  const latencies: number[] = [];
  const check = async (keyFrame: KeyFrame, index: number): Promise<void> => {
    const startedMs = performance.now();
    const picture = await pool.decode({ keyFrame, owner: `cam${index}`, scaledTo: SMALL });
    scoreColor(picture, defaultColorRule);
    latencies.push(performance.now() - startedMs);
  };
  for (const [index, keyFrame] of keyFrames.entries()) await check(keyFrame, index);
  latencies.length = 0;
  const checks = await cpuMs(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, keyFrame] of keyFrames.entries()) {
        const done = check(keyFrame, index);
        await sleep(INTERVAL_MS / CAMERAS);
        await done;
      }
    }
  });
  const full = async (keyFrame: KeyFrame, index: number): Promise<void> => {
    const picture = await pool.decode({ keyFrame, owner: `cam${index}` });
    await editPicture(picture, UNCHANGED, 95);
  };
  for (const [index, keyFrame] of keyFrames.slice(0, 5).entries()) await full(keyFrame, index);
  const snapshots = await cpuMs(async () => {
    for (const [index, keyFrame] of keyFrames.entries()) await full(keyFrame, index);
  });
  const perCheck = (checks.ours + checks.theirs) / (CAMERAS * ROUNDS);
  const bytes = keyFrames.reduce((sum, keyFrame) => sum + keyFrame.bytes.length, 0);
  console.log(
    formatSection({
      title: 'Color checks and snapshots of key frames',
      method: [
        `${CAMERAS} cameras of 1920x1080, H264, key frames of ${Math.round(bytes / CAMERAS / 1024)} KiB, ` +
          `each checked every ${INTERVAL_MS / 1000} s, ${ROUNDS} rounds. Processor time includes ffmpeg's.`,
      ],
      rows: [
        {
          what: 'processor time per color check',
          ...{ value: perCheck, unit: 'ms', digits: 2 },
          target: { kind: 'at-most', value: TARGET_MS },
        },
        {
          what: 'of it in this process',
          ...{ value: checks.ours / (CAMERAS * ROUNDS), unit: 'ms', digits: 2 },
        },
        { what: 'time to a score, median', value: quantile(latencies, 0.5), unit: 'ms' },
        { what: 'time to a score, p99', value: quantile(latencies, 0.99), unit: 'ms' },
        {
          what: 'processor time per new snapshot, JPEG of full size',
          ...{ value: (snapshots.ours + snapshots.theirs) / CAMERAS, unit: 'ms', digits: 1 },
        },
        { what: 'decoder processes', value: pool.processCount, unit: '', digits: 0 },
      ],
    }),
  );
}

if (import.meta.main) await main();
