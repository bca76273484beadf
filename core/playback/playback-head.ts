// What stands in front of the media of an answer.
import { BoxWriter } from '../mux/box-writer.ts';
import type { FragmentedFileTrack } from '../mux/fragmented-file.ts';
import { buildFragmentedMovie, buildMovie, type MovieTrack } from '../mux/movie-box.ts';
import type { SampleTable } from '../mux/sample-table.ts';

const SECONDS_1904_TO_1970 = 2_082_844_800;
const FRAGMENTED_BRANDS = ['iso5', 'iso6', 'mp41'] as const;
const PLAIN_BRANDS = ['isom', 'iso5', 'iso6', 'mp41', 'av01'] as const;
const LONG_HEADER_BYTES = 16;
const OPUS_PREROLL_SAMPLES = 4;
/** The index grows once when its positions need 64 bits, and then stays. */
const MAX_LAYOUTS = 3;

/** Of fragments. `startAt` is Date ms. */
export function buildFragmentedHead(
  tracks: readonly FragmentedFileTrack[],
  startAt: number,
): Uint8Array {
  const writer = fileType('iso5', FRAGMENTED_BRANDS);
  writer.bytes(buildFragmentedMovie(headerOf(startAt), tracks.map(movieTrack)));
  return writer.toBytes();
}

/** Of a plain file: the index in front of all media. Positions in `tables` count from the first media. */
export function buildMovieHead(
  tracks: readonly FragmentedFileTrack[],
  tables: readonly SampleTable[],
  { startAt, mediaBytes }: { readonly startAt: number; readonly mediaBytes: number },
): Uint8Array {
  const samples = tracks.flatMap((track, index) => {
    const table = tables[index];
    return table && table.count > 0 ? [{ track: movieTrack(track, index), table }] : [];
  });
  for (const { table } of samples) table.finish();
  const fileTypeBytes = fileType('isom', PLAIN_BRANDS).toBytes();
  let movie = buildMovie(headerOf(startAt), samples);
  let shifted = 0;
  for (let layout = 0; layout < MAX_LAYOUTS; layout++) {
    const mediaPosition = fileTypeBytes.length + movie.length + LONG_HEADER_BYTES;
    if (mediaPosition === shifted) break;
    for (const { table } of samples) shift(table.chunkOffsets, mediaPosition - shifted);
    shifted = mediaPosition;
    movie = buildMovie(headerOf(startAt), samples);
  }
  const writer = new BoxWriter(shifted).bytes(fileTypeBytes).bytes(movie);
  return writer
    .uint32(1)
    .latin1('mdat')
    .uint64(LONG_HEADER_BYTES + mediaBytes)
    .toBytes();
}

function shift(offsets: number[], by: number): void {
  for (const [index, offset] of offsets.entries()) offsets[index] = offset + by;
}

function fileType(brand: string, brands: readonly string[]): BoxWriter {
  const writer = new BoxWriter();
  writer.open('ftyp').latin1(brand).uint32(0x200);
  for (const each of brands) writer.latin1(each);
  return writer.close();
}

function headerOf(startAt: number): Parameters<typeof buildMovie>[0] {
  const createdSeconds = Math.max(0, Math.floor(startAt / 1000) + SECONDS_1904_TO_1970);
  return { createdSeconds, userData: new Uint8Array(0) };
}

function movieTrack(track: FragmentedFileTrack, index: number): MovieTrack {
  const { kind, timescale, widthPixels, heightPixels, sampleEntry } = track;
  const isOpus = Buffer.from(sampleEntry.subarray(4, 8)).toString('latin1') === 'Opus';
  const prerollSamples = isOpus ? OPUS_PREROLL_SAMPLES : 0;
  const size = { widthPixels, heightPixels };
  return { trackId: index + 1, kind, timescale, ...size, sampleEntry, prerollSamples };
}
