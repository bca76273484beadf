// What all fragments of one connection have in common: the header, and how samples are framed under it.
import { randomBytes } from 'node:crypto';
import type { Mpeg4AudioCodec } from '../../core/codec/codec.ts';
import { createMatroskaFormat, type MatroskaFormat } from '../../core/mux/matroska-format.ts';
import { buildMatroskaHeader } from '../../core/mux/matroska-header.ts';
import type { DecoderSetup } from '../../core/record/decoder-setup.ts';
import type { MediaHeader } from './media-fragment.ts';
import { silentAacFor, type SilentAac } from './silent-aac.ts';

/** Number of the video track in every header; sound is the next one. */
export const VIDEO_TRACK = 1;
/** Number of the sound track. */
export const AUDIO_TRACK = 2;

/** Made anew whenever the decoder has to begin anew. */
export interface FragmentFormat {
  readonly header: MediaHeader;
  readonly setup: DecoderSetup;
  readonly video: MatroskaFormat;
  /** What fills holes of the sound; undefined when the header declares video alone. */
  readonly silence: SilentAac | undefined;
}

const UUID_BYTES = 16;
const APPLICATION = 'mediamtx-pro';

/** @throws MediaError `failed-precondition` without parameter sets, `invalid-argument` for broken ones. */
export function createFragmentFormat(
  id: number,
  setup: DecoderSetup,
  audio: Mpeg4AudioCodec | undefined,
): FragmentFormat {
  const video = createMatroskaFormat(setup.codec);
  const tracks = audio ? [video, createMatroskaFormat(audio)] : [video];
  const silence = audio && silentAacFor(audio.config);
  const videoType = `video/${setup.codec.name.toLowerCase()}`;
  const header: MediaHeader = {
    id,
    bytes: buildMatroskaHeader(tracks, {
      segmentUuid: randomBytes(UUID_BYTES),
      application: APPLICATION,
    }),
    hasVideo: true,
    hasAudio: audio !== undefined,
    mediaType: audio ? `${videoType},audio/aac` : videoType,
  };
  return { header, setup, video, silence };
}
