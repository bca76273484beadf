// Tests of Mp4Writer.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import type { MuxSample } from '../../../core/mux/container-writer.ts';
import { estimateMovieBytes } from '../../../core/mux/estimate-movie-bytes.ts';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import {
  AAC,
  boxesOf,
  findBox,
  grow,
  H264,
  MemoryFile,
  videoAndAudio,
  videoSample,
} from './mux-media.ts';

const PART = ['moof', 'mdat'];
const TRACKS = [{ codec: H264 }, { codec: AAC }];

function closed(writer: Mp4Writer, samples: readonly MuxSample[]): Uint8Array<ArrayBuffer> {
  const { file, closing } = grow(writer, samples);
  file.write(closing);
  return file.bytes;
}

function view(bytes: Uint8Array | undefined): DataView {
  assert.ok(bytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

describe('Mp4Writer', () => {
  it('grows by a fragment for each part and is closed with its index in front', () => {
    const { file, closing } = grow(new Mp4Writer(TRACKS), videoAndAudio(3));
    const types = boxesOf(file.bytes).map(({ type }) => type);
    assert.deepEqual(types, ['ftyp', 'moov', 'free', ...PART, ...PART, ...PART]);
    file.write(closing);
    const closedTypes = boxesOf(file.bytes).map(({ type }) => type);
    assert.deepEqual(closedTypes, ['ftyp', 'free', 'moov', 'free', 'mdat']);
    assert.equal(findBox(file.bytes, 'moov/mvex'), undefined);
  });

  it('places each sample where the index says', () => {
    const samples = videoAndAudio(2);
    const bytes = closed(new Mp4Writer(TRACKS), samples);
    const tracks = boxesOf(findBox(bytes, 'moov')?.body ?? new Uint8Array(0)).filter(
      ({ type }) => type === 'trak',
    );
    const audio = tracks[1]?.body ?? new Uint8Array(0);
    const sizes = view(findBox(audio, 'mdia/minf/stbl/stsz')?.body);
    const offsets = view(findBox(audio, 'mdia/minf/stbl/stco')?.body);
    const expected = samples.filter(({ trackIndex }) => trackIndex === 1);
    assert.equal(sizes.getUint32(8), expected.length);
    const start = offsets.getUint32(8);
    const first = expected[0]?.units[0];
    assert.ok(first);
    assert.deepEqual(bytes.subarray(start, start + first.length), first);
  });

  it('does not copy payload, and returns nothing for an empty part', () => {
    const writer = new Mp4Writer([{ codec: H264 }]);
    writer.begin();
    assert.deepEqual(writer.endPart(), []);
    const sample = videoSample(0);
    writer.add(sample);
    const chunks = writer.endPart()[0]?.chunks;
    assert.equal(chunks?.at(-1), sample.units[0]);
    assert.equal(chunks?.length, 3);
    assert.deepEqual(writer.endPart(), []);
  });

  it('writes decoding times as 64-bit numbers', () => {
    const writer = new Mp4Writer([{ codec: H264 }]);
    const dtsTicks = 2 ** 40 + 7;
    const file = new MemoryFile();
    file.write(writer.begin());
    writer.add({ ...videoSample(0), dtsTicks, ptsTicks: dtsTicks });
    file.write(writer.endPart());
    const time = view(findBox(file.bytes, 'moof/traf/tfdt')?.body);
    assert.equal(time.getBigUint64(4), BigInt(dtsTicks));
  });

  it('says how long the movie, its tracks and their media are', () => {
    const bytes = closed(new Mp4Writer(TRACKS, { createdAt: 0 }), videoAndAudio(2));
    const movie = view(findBox(bytes, 'moov/mvhd')?.body);
    assert.equal(movie.getBigUint64(4), 2_082_844_800n);
    assert.equal(movie.getUint32(20), 90_000);
    // 94 frames of AAC, 2005.33 ms, are longer than the picture.
    assert.equal(movie.getBigUint64(24), BigInt((94 * 1024 * 90_000) / 48_000));
    const media = view(findBox(bytes, 'moov/trak/mdia/mdhd')?.body);
    assert.equal(media.getBigUint64(24), 180_000n);
  });

  it('keeps tracks in step that begin at different times', () => {
    const video = [0, 1, 2].map((index) => {
      const ticks = 90_000 + index * 3600;
      return { ...videoSample(index), dtsTicks: ticks, ptsTicks: ticks + 7200 };
    });
    const audio = { ...videoAndAudio(1)[1], trackIndex: 1, dtsTicks: 50_400, ptsTicks: 50_400 };
    const bytes = closed(new Mp4Writer(TRACKS), [
      ...video,
      { units: [], isKeyFrame: true, ...audio },
    ]);
    const [videoTrack, audioTrack] = boxesOf(findBox(bytes, 'moov')?.body ?? bytes).filter(
      ({ type }) => type === 'trak',
    );
    // Sound begins at 1.05 s, the picture at 1.08 s.
    const edits = view(findBox(videoTrack?.body ?? bytes, 'edts/elst')?.body);
    assert.equal(edits.getUint32(4), 2);
    assert.deepEqual([edits.getBigUint64(8), edits.getBigInt64(16)], [2700n, -1n]);
    assert.deepEqual([edits.getBigUint64(28), edits.getBigInt64(36)], [10_800n, 7200n]);
    assert.equal(findBox(audioTrack?.body ?? bytes, 'edts'), undefined);
  });

  it('leaves out tracks that never had a sample', () => {
    const bytes = closed(new Mp4Writer(TRACKS), [videoSample(0), videoSample(1)]);
    const tracks = boxesOf(findBox(bytes, 'moov')?.body ?? bytes);
    assert.equal(tracks.filter(({ type }) => type === 'trak').length, 1);
  });

  it('writes nothing when nothing was added', () => {
    const writer = new Mp4Writer(TRACKS);
    assert.equal(writer.begin().length, 1);
    assert.deepEqual(writer.finish(), []);
  });

  it('waits with the head of the file for the picture size of VP9', () => {
    const keyFrame = Uint8Array.of(0x82, 0x49, 0x83, 0x42, 0, 0x27, 0xf0, 0x1d, 0xf0, 0);
    const writer = new Mp4Writer([{ codec: { name: 'VP9', clockRateHz: 90000 } }]);
    assert.deepEqual(writer.begin(), []);
    writer.add({ ...videoSample(0), units: [keyFrame] });
    const file = new MemoryFile();
    const writes = writer.endPart();
    assert.equal(writes[0]?.position, 0);
    file.write(writes);
    const entry = findBox(file.bytes, 'moov/trak/mdia/minf/stbl/stsd')?.body.subarray(8);
    const size = view(entry);
    assert.deepEqual([size.getUint16(32), size.getUint16(34)], [640, 480]);
  });

  it('rejects samples that go back in time, and tracks that do not exist', () => {
    const writer = new Mp4Writer([{ codec: H264 }]);
    writer.add(videoSample(1));
    const invalid: readonly Partial<MuxSample>[] = [
      { dtsTicks: 3600 },
      { dtsTicks: 0 },
      { dtsTicks: Number.NaN },
      { dtsTicks: 3700.5 },
      { dtsTicks: 3600 + 2 ** 33 },
      { ptsTicks: 2 ** 33 },
      { trackIndex: 1 },
      { trackIndex: -1 },
    ];
    for (const change of invalid) {
      const add = (): void => writer.add({ ...videoSample(2), ...change });
      assert.throws(add, { kind: 'invalid-argument' }, JSON.stringify(change));
    }
    writer.add(videoSample(2));
  });

  it('rejects codecs without a place in MP4 and without parameter sets', () => {
    const jpeg: Codec = { name: 'M-JPEG', clockRateHz: 90000 };
    assert.throws(() => new Mp4Writer([{ codec: jpeg }]), {
      kind: 'unsupported',
      message: /M-JPEG/u,
    });
    const bare: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
    assert.throws(() => new Mp4Writer([{ codec: bare }]), { kind: 'failed-precondition' });
    const broken: Codec = { ...H264, sps: Uint8Array.of(0x67, 1) };
    assert.throws(() => new Mp4Writer([{ codec: broken }]), { kind: 'invalid-argument' });
    assert.throws(() => new Mp4Writer([]), { kind: 'invalid-argument' });
  });

  it('keeps the index of an hour below 2 MB', () => {
    const writer = new Mp4Writer(TRACKS, { expectedDurationMs: 3_600_000 });
    const small = [Uint8Array.of(0x41, 1)];
    const large = [Uint8Array.of(0x41, 1, 2)];
    let audioIndex = 0;
    writer.begin();
    for (let index = 0; index < 90_000; index++) {
      const isKeyFrame = index % 50 === 0;
      if (isKeyFrame) writer.endPart();
      const ticks = index * 3600 + ((index * index) % 89);
      const units = index % 3 === 0 ? small : large;
      writer.add({ trackIndex: 0, units, dtsTicks: ticks, ptsTicks: ticks, isKeyFrame });
      for (; audioIndex * 1024 < (index + 1) * 1920; audioIndex++) {
        const audioTicks = audioIndex * 1024;
        const times = { dtsTicks: audioTicks, ptsTicks: audioTicks };
        writer.add({ trackIndex: 1, units, isKeyFrame: true, ...times });
      }
    }
    const writes = writer.finish();
    const movie = writes
      .flatMap(({ chunks }) => chunks)
      .reduce((a, b) => (a.length > b.length ? a : b));
    assert.ok(movie.length > 1_000_000 && movie.length < 2_000_000, `${movie.length} bytes`);
    // It lies in front, so the estimate was enough for times that jitter.
    assert.equal(writes.at(-1)?.position, 32);
    assert.equal(writes.length, 4);
  });
});

describe('estimateMovieBytes()', () => {
  it('grows with the duration and survives nonsense', () => {
    const short = estimateMovieBytes(TRACKS, 60_000);
    assert.ok(estimateMovieBytes(TRACKS, 600_000) > 5 * short);
    assert.equal(estimateMovieBytes(TRACKS, Number.NaN), estimateMovieBytes(TRACKS, 0));
  });
});
