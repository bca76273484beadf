// Films whose pictures carry their numbers and whose sound beeps each second, and what of it a file shows.
import { execFile } from 'node:child_process';

/** A film to make. */
export interface NumberedFilm {
  /** Absolute name. */
  readonly file: string;
  readonly lengthS: number;
  /** 160x96 by default; a multiple of ten wide. */
  readonly size?: readonly [number, number];
  /** Arguments of ffmpeg for the pictures; H.264 with a key frame every 2 s by default. */
  readonly video?: readonly string[];
  /** Arguments of ffmpeg for the sound; undefined: AAC, null: no sound. */
  readonly audio?: readonly string[] | null;
}

/** Pictures in a second of every film. */
export const FRAMES_PER_S = 25;
const BITS = 10;
const SAMPLE_RATE_HZ = 48_000;
const TIMEOUT_MS = 50_000;
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;
/** A beep is loud; what lies between is silent. */
const LOUD = 3000;
const QUIET_S = 0.3;

/** Runs a program of the machine and returns its output; rejects with what it said. */
export function runTool(command: string, args: readonly string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES } as const;
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, output, errorText) => {
      const said = errorText.toString();
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${said}`));
      else if (said.trim() !== '') reject(new Error(`${command} ${args.join(' ')}: ${said}`));
      else resolve(output);
    });
  });
}

/** Encodes a film; picture n is shown at n / 25 s and the beeps begin at whole seconds. */
export async function makeFilm(film: NumberedFilm): Promise<void> {
  const [width, height] = film.size ?? [160, 96];
  const bit = `floor(X/${width / BITS})`;
  const blocks = `geq=lum='16+219*mod(floor(N/pow(2\\,${bit}))\\,2)':cb=128:cr=128`;
  const pictures = `color=black:s=${width}x${height}:r=${FRAMES_PER_S}:d=${film.lengthS},${blocks}`;
  const beeps = '0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)';
  const sound = `aevalsrc=${beeps}:s=${SAMPLE_RATE_HZ}:d=${film.lengthS}`;
  const video = film.video ?? ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-bf', '0'];
  const audio = film.audio === undefined ? ['-c:a', 'aac', '-b:a', '96k'] : film.audio;
  await runTool('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', pictures],
    ...(audio === null ? [] : ['-f', 'lavfi', '-i', sound]),
    ...['-pix_fmt', 'yuv420p', ...video, ...(audio ?? []), film.file],
  ]);
}

/** Number of each picture of a file in the order in which they are shown. */
export async function readNumbers(file: string): Promise<number[]> {
  const width = BITS * 4;
  const scale = ['-vf', `scale=${width}:4:flags=area`, '-pix_fmt', 'gray'];
  const raw = ['-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];
  const bytes = await runTool('ffmpeg', ['-v', 'error', '-i', file, '-an', ...scale, ...raw]);
  const pictureBytes = width * 4;
  return Array.from({ length: bytes.length / pictureBytes }, (_, picture) => {
    const middle = picture * pictureBytes + width * 2;
    return Array.from({ length: BITS }, (__, bit) => bytes[middle + bit * 4 + 2] ?? 0).reduce(
      (sum, luma, bit) => sum + (luma > 125 ? 2 ** bit : 0),
      0,
    );
  });
}

/** When each picture of a file is shown, seconds. */
export async function readPictureTimes(file: string): Promise<number[]> {
  const packets = await readPackets(file, 'v:0');
  return packets.map(({ ptsS }) => ptsS).sort((one, other) => one - other);
}

/** One packet as ffprobe tells it. */
export interface ProbedPacket {
  readonly ptsS: number;
  readonly isKey: boolean;
  readonly hash: string;
}

/** Packets of a stream in the order of the file. */
export async function readPackets(file: string, stream: string): Promise<ProbedPacket[]> {
  const entries = ['-show_data_hash', 'md5', '-show_entries', 'packet=pts_time,flags,data_hash'];
  const args = ['-v', 'error', '-select_streams', stream, ...entries, '-of', 'csv=p=0', file];
  const text = (await runTool('ffprobe', args)).toString().trim();
  return text.split('\n').map((line) => {
    const [pts = '', flags = '', hash = ''] = line.split(',');
    return { ptsS: Number(pts), isKey: flags.startsWith('K'), hash };
  });
}

/** When beeps begin, seconds. */
export async function readBeeps(file: string): Promise<number[]> {
  const filter = ['-vn', '-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-ar', '48000'];
  const args = ['-v', 'error', '-i', file, ...filter, '-f', 's16le', '-'];
  const bytes = await runTool('ffmpeg', args);
  const beeps: number[] = [];
  let quietSince = -1;
  for (let sample = 0; sample * 2 + 1 < bytes.length; sample++) {
    if (Math.abs(bytes.readInt16LE(sample * 2)) < LOUD) continue;
    if (quietSince < 0 || sample - quietSince > QUIET_S * SAMPLE_RATE_HZ) {
      beeps.push(sample / SAMPLE_RATE_HZ);
    }
    quietSince = sample;
  }
  return beeps;
}

/** What ffprobe says of a file: seconds, and codec and size of each stream. */
export async function readShape(file: string): Promise<{ durationS: number; streams: string[] }> {
  const entries = 'format=duration:stream=codec_name,width,height';
  const args = ['-v', 'error', '-show_entries', entries, '-of', 'csv=p=0', file];
  const lines = (await runTool('ffprobe', args)).toString().trim().split('\n');
  return { durationS: Number(lines.pop()), streams: lines };
}
