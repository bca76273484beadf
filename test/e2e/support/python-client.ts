// Runs the WHEP and WHIP clients of other projects (aiortc, GStreamer) that stand in test/e2e/clients.
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ChildProgram } from './child-program.ts';

/** Scripts in test/e2e/clients. */
export type PythonClientName = 'aiortc_whep' | 'aiortc_whip' | 'gstreamer_whep';

/** What a client is told; each script ignores nothing and knows its own codecs. */
export interface PythonClientOptions {
  readonly url: string;
  /** How long to play or publish after the answer. */
  readonly seconds?: number;
  /** `H264`, `H265`, `VP8`... or `none`; not for aiortc_whep, which offers all it knows. */
  readonly video?: string;
  /** `OPUS`, `PCMA`... or `none`; not for aiortc_whep. */
  readonly audio?: string;
  readonly authorization?: string;
}

const trackSchema = z.object({
  codec: z.string().optional(),
  /** Decoded frames, or audio buffers. */
  frames: z.number().default(0),
  /** Packets sent; publishers only. */
  packets: z.number().default(0),
  width: z.number().optional(),
  height: z.number().optional(),
  error: z.string().optional(),
});

const reportSchema = z.object({
  status: z.number(),
  connected_ms: z.number(),
  states: z.array(z.string()),
  video: trackSchema.optional(),
  audio: trackSchema.optional(),
  delete_status: z.number().optional(),
  /** Body of a refusal. */
  body: z.string().optional(),
  errors: z.array(z.string()).default([]),
});

/** The line of JSON that a client prints at its end. */
export type PythonClientReport = z.infer<typeof reportSchema>;

const CLIENTS = join(dirname(import.meta.dirname), 'clients');
/** Debian's interpreter: another python3 further ahead in PATH does not see Debian's modules. */
const PYTHON = '/usr/bin/python3';
const DEFAULT_SECONDS = 4;
const EXTRA_TIME_MS = 20_000;

/** Starts a client without waiting, e.g. a publisher that somebody watches. */
export function startPythonClient(
  name: PythonClientName,
  options: PythonClientOptions,
): ChildProgram {
  const { url, seconds = DEFAULT_SECONDS, video, audio, authorization } = options;
  return new ChildProgram({
    name,
    command: PYTHON,
    args: [
      ...[join(CLIENTS, `${name}.py`), url, '--seconds', String(seconds)],
      ...(video === undefined ? [] : ['--video', video]),
      ...(audio === undefined ? [] : ['--audio', audio]),
      ...(authorization === undefined ? [] : ['--authorization', authorization]),
    ],
  });
}

/** Waits for the end of a client and reads its report. @throws Error with its output when it crashed. */
export async function finishPythonClient(
  client: ChildProgram,
  timeoutMs: number,
): Promise<PythonClientReport> {
  const { code } = await client.waitForExit(timeoutMs);
  const line = client.stdout.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || line === '') throw client.failure('failed');
  return reportSchema.parse(JSON.parse(line));
}

/** Runs a client to its end. */
export function runPythonClient(
  name: PythonClientName,
  options: PythonClientOptions,
): Promise<PythonClientReport> {
  const timeoutMs = (options.seconds ?? DEFAULT_SECONDS) * 1000 + EXTRA_TIME_MS;
  return finishPythonClient(startPythonClient(name, options), timeoutMs);
}
