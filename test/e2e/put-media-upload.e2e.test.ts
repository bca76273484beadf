// Uploads into a double of the service that checks signatures, limits and Matroska by itself, with every mishap it knows.
import assert from 'node:assert/strict';
import { systemClock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { AwsClient } from '../../pro/aws/aws-client.ts';
import { awsEndpoint } from '../../pro/aws/aws-endpoint.ts';
import { KinesisStreams } from '../../pro/aws/kinesis-streams.ts';
import { parseKvsForwardUrl } from '../../pro/put-media/kvs-forward-url.ts';
import type { MediaFragment, MediaHeader } from '../../pro/put-media/media-fragment.ts';
import { Pace } from '../../pro/put-media/pace.ts';
import { PutMediaUploader } from '../../pro/put-media/put-media-uploader.ts';
import { DEFAULT_UPLOAD_LIMITS, type UploadLimits } from '../../pro/put-media/upload-limits.ts';
import { DEFAULT_KVS_KEY, KvsDouble } from '../support/kvs/kvs-double.ts';
import type { KvsStreamStore } from '../support/kvs/kvs-stream-store.ts';
import type { MediaMishap } from '../support/kvs/media-injection.ts';
import { goodFrames, makeCluster, makeHeader } from '../support/kvs/mkv-maker.ts';
import { PUT_MEDIA_ERROR_IDS } from '../support/kvs/put-media-fault.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const FRAGMENT_MS = 2000;
const START_MS = Date.now();
const HEADER: MediaHeader = {
  ...{ id: 1, hasVideo: true, hasAudio: true, mediaType: 'video/h264,audio/aac' },
  bytes: makeHeader(),
};
const FRAMES = goodFrames(FRAGMENT_MS);

function fragmentAt(index: number): MediaFragment {
  return {
    ...{ header: HEADER, durationMs: FRAGMENT_MS, timecodeMs: START_MS + index * FRAGMENT_MS },
    sizeBytes: makeCluster(0, FRAMES).length,
    cluster: (timestampMs) => [makeCluster(timestampMs, FRAMES)],
  };
}

/** One upload of `count` fragments to its end. */
interface Upload {
  readonly stats: PutMediaUploader['stats'];
  readonly failure: MediaError | undefined;
  readonly store: KvsStreamStore;
  readonly logger: RecordingLogger;
}

interface UploadOptions {
  readonly name: string;
  readonly count: number;
  readonly query?: string;
  readonly limits?: Partial<UploadLimits>;
  /** At the second fragment. */
  readonly mishap?: MediaMishap;
  /** The stream is not made beforehand. */
  readonly isMissing?: boolean;
}

async function upload(double: KvsDouble, options: UploadOptions): Promise<Upload> {
  const { name, count, query = '', limits, mishap } = options;
  if (options.isMissing !== true) double.catalog.addStream(name, { retentionHours: 24 });
  if (mishap) double.media.inject(name, 1, mishap);
  const logger = new RecordingLogger();
  const clock = systemClock;
  const client = new AwsClient(
    {
      ...{ clock, random: () => 0 },
      credentials: { get: () => Promise.resolve(DEFAULT_KVS_KEY), forget: () => undefined },
    },
    awsEndpoint({ region: double.region, endpoint: double.endpoint }),
  );
  const uploader = new PutMediaUploader(
    {
      ...{ clock, logger, random: () => 0, connects: new Pace(4) },
      service: new KinesisStreams({ clock, client }, { createIfMissing: true }),
    },
    {
      destination: parseKvsForwardUrl(`kvs://${double.region}/${name}?${query}`),
      limits: { ...DEFAULT_UPLOAD_LIMITS, ...limits },
      onForwarding: () => undefined,
    },
  );
  const finished = uploader.run(AbortSignal.timeout(30_000));
  for (let index = 0; index < count; index++) uploader.fragment(fragmentAt(index));
  // Retries are for streams that live: the end comes when everything went through.
  const isDone = (): boolean => {
    const { fragmentsPersisted, fragmentsDropped } = uploader.stats;
    return fragmentsPersisted + fragmentsDropped >= count;
  };
  const poll = setInterval(() => {
    if (isDone()) uploader.ended();
  }, 10);
  const failure = await finished.then(
    () => undefined,
    (thrown: unknown) => toMediaError(thrown),
  );
  clearInterval(poll);
  return { stats: uploader.stats, failure, store: double.media.stream(name), logger };
}

/** Indexes of the fragments that the service acknowledged, in the order of arrival. */
function indexes({ store }: Upload): number[] {
  return store.fragments.map(({ absoluteMs }) => (absoluteMs - START_MS) / FRAGMENT_MS);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('PutMedia', () => {
  for (const timecode of ['ABSOLUTE', 'RELATIVE']) {
    it(`rotates without gap or duplicate with ${timecode} timecodes`, async () => {
      await using double = await KvsDouble.start({ media: { persistDelayMs: 30 } });
      const result = await upload(double, {
        ...{ name: 'cam', count: 12, query: `timecode=${timecode}` },
        limits: { rotateAfterMs: 600 },
      });
      assert.equal(result.failure, undefined);
      assert.deepEqual(indexes(result), upTo(12));
      assert.deepEqual([result.store.errors, result.stats.fragmentsResent], [[], 0]);
      const { connections } = result.store;
      assert.ok(connections.length >= 3, `${connections.length} connections`);
      assert.ok(connections.every(({ end }) => end === 'complete'));
      assert.deepEqual(result.store.breaks(1, 100), []);
    });
  }

  it('makes the stream that does not exist', async () => {
    await using double = await KvsDouble.start();
    const query = 'retentionHours=3';
    const result = await upload(double, { name: 'made', count: 2, query, isMissing: true });
    assert.equal(result.failure, undefined);
    assert.deepEqual(indexes(result), upTo(2));
    const { retentionHours, mediaType } = double.catalog.streams.get('made') ?? {};
    assert.deepEqual([retentionHours, mediaType], [3, HEADER.mediaType]);
  });

  it('does the right thing about every error and every lost connection', async () => {
    await using double = await KvsDouble.start();
    const mishaps: readonly (readonly [string, MediaMishap])[] = [
      ...PUT_MEDIA_ERROR_IDS.flatMap((errorId) =>
        (['begin', 'end'] as const).map((when) => {
          const mishap: MediaMishap = { kind: 'error', errorId, when };
          return [`error-${errorId}-${when}`, mishap] as const;
        }),
      ),
      ...(['begin', 'middle', 'end'] as const).map(
        (when) => [`cut-${when}`, { kind: 'cut', when }] as const,
      ),
      ['finish', { kind: 'finish' }],
      ['junk', { kind: 'junk', text: '}}{"EventType":"WHAT"}\n<html>' }],
      ['stall', { kind: 'stall' }],
    ];
    const results = await Promise.all(
      mishaps.map(async ([name, mishap]) => {
        const limits = { ackTimeoutMs: 1000 };
        return { name, ...(await upload(double, { name, count: 4, mishap, limits })) };
      }),
    );
    for (const result of results) {
      const { name, failure, store, stats } = result;
      const id = Number(/^error-(\d+)/u.exec(name)?.[1] ?? 0);
      const isKey = id >= 4500 && id <= 4506 && id !== 4503;
      if (isKey) {
        assert.match(failure?.message ?? '', new RegExp(`\\(${id}\\)`, 'u'), name);
        assert.deepEqual(indexes(result), [0], name);
        continue;
      }
      assert.equal(failure?.message, undefined, name);
      const isDropped = id > 4000 && id < 4500 && id !== 4003 && id !== 4008;
      assert.deepEqual(indexes(result), isDropped ? [0, 2, 3] : upTo(4), name);
      assert.equal(stats.fragmentsDropped, isDropped ? 1 : 0, name);
      const found = store.errors.filter(({ detail }) => !detail.endsWith(': ordered'));
      // Whether a fragment without acknowledgement arrived can't be known: it is sent again.
      assert.deepEqual(name === 'stall' ? [] : found, [], name);
    }
    assert.ok(results.every(({ logger }) => logger.lines.every(({ level }) => level === 'warn')));
  });
});
