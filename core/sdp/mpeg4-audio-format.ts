// AAC in SDP: MPEG4-GENERIC (RFC 3640) and MP4A-LATM (RFC 6416).
import {
  AacObjectType,
  buildAudioSpecificConfig,
  parseAudioSpecificConfig,
} from '../codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import { integerParameter, type FormatParameters } from './format-parameters.ts';
import { audioSpecificConfigOfLatm, latmConfigOf } from './latm-config.ts';
import { parametersOf, type RtpFormat } from './rtp-format.ts';

const MAX_CONFIG_DIGITS = 512;
/** Bits of the AU header fields in mode AAC-hbr (RFC 3640 section 3.3.6). */
const HIGH_BITRATE = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 } as const;
/** Mode AAC-lbr (section 3.3.5). */
const LOW_BITRATE = { sizeLength: 6, indexLength: 2, indexDeltaLength: 2 } as const;

/**
 * AAC in MPEG4-GENERIC; undefined when the mode is not AAC, or has neither a usable config nor a
 * clock rate to guess one from.
 */
export function mpeg4GenericCodec(format: RtpFormat): Mpeg4AudioCodec | undefined {
  const parameters = parametersOf(format);
  const mode = (parameters.get('mode') ?? 'aac-hbr').toLowerCase();
  if (mode !== 'aac-hbr' && mode !== 'aac-lbr' && mode !== 'generic') return undefined;
  const config = configOf(parameters) ?? guessedConfig(format);
  if (config === undefined) return undefined;
  return codecOf(format, config, framingOf(parameters, mode));
}

/**
 * AAC in LATM with its configuration out of band (`cpresent=0`); undefined for anything else,
 * since the configuration inside packets is not followed.
 */
export function latmCodec(format: RtpFormat): Mpeg4AudioCodec | undefined {
  const parameters = parametersOf(format);
  if (parameters.get('cpresent') !== '0') return undefined;
  const bytes = hexBytes(parameters.get('config') ?? '');
  const config = bytes && audioSpecificConfigOfLatm(bytes);
  return config && codecOf(format, config, { type: 'latm' });
}

/** rtpmap and fmtp of AAC; undefined when a LATM configuration cannot be written. */
export function mpeg4AudioFormat(
  codec: Mpeg4AudioCodec,
): { readonly rtpmap: string; readonly fmtp: string } | undefined {
  const rate = `${codec.clockRateHz}/${codec.channelCount}`;
  if (codec.framing.type === 'latm') {
    const config = latmConfigOf(codec.config);
    if (config === undefined) return undefined;
    const fmtp = `profile-level-id=1;cpresent=0;config=${hexText(config)}`;
    return { rtpmap: `MP4A-LATM/${rate}`, fmtp };
  }
  const { sizeLength, indexLength, indexDeltaLength } = codec.framing;
  const mode = sizeLength === LOW_BITRATE.sizeLength ? 'AAC-lbr' : 'AAC-hbr';
  const lengths = `sizelength=${sizeLength};indexlength=${indexLength};indexdeltalength=${indexDeltaLength}`;
  return {
    rtpmap: `mpeg4-generic/${rate}`,
    fmtp: `streamtype=5;profile-level-id=1;mode=${mode};${lengths};config=${hexText(codec.config)}`,
  };
}

function codecOf(
  format: RtpFormat,
  config: Uint8Array,
  framing: Mpeg4AudioCodec['framing'],
): Mpeg4AudioCodec | undefined {
  const parsed = parseAudioSpecificConfig(config);
  if (parsed === undefined) return undefined;
  return {
    name: 'MPEG-4 Audio',
    clockRateHz: format.clockRateHz === 0 ? parsed.sampleRateHz : format.clockRateHz,
    sampleRateHz: parsed.sampleRateHz,
    channelCount: parsed.channelCount,
    config,
    framing,
  };
}

function configOf(parameters: FormatParameters): Uint8Array | undefined {
  const bytes = hexBytes(parameters.get('config') ?? '');
  return bytes && parseAudioSpecificConfig(bytes) !== undefined ? bytes : undefined;
}

/** AAC-LC of the rtpmap's rate and channels, for cameras that leave the config out. */
function guessedConfig(format: RtpFormat): Uint8Array | undefined {
  if (format.clockRateHz < 7350 || format.clockRateHz > 96000 || format.channelCount > 6) {
    return undefined;
  }
  return buildAudioSpecificConfig({
    objectType: AacObjectType.lc,
    sampleRateHz: format.clockRateHz,
    channelConfig: format.channelCount,
    hasParametricStereo: false,
  });
}

/** Cameras that give no lengths at all mean those of their mode; most name no mode either. */
function framingOf(parameters: FormatParameters, mode: string): Mpeg4AudioCodec['framing'] {
  const sizeLength = integerParameter(parameters, 'sizelength', 32);
  const defaults = mode === 'aac-lbr' ? LOW_BITRATE : HIGH_BITRATE;
  if (sizeLength === undefined || sizeLength === 0) return { type: 'generic', ...defaults };
  return {
    type: 'generic',
    sizeLength,
    indexLength: integerParameter(parameters, 'indexlength', 32) ?? 0,
    indexDeltaLength: integerParameter(parameters, 'indexdeltalength', 32) ?? 0,
  };
}

function hexBytes(text: string): Uint8Array | undefined {
  if (text.length > MAX_CONFIG_DIGITS || text.length % 2 !== 0) return undefined;
  if (!/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
