// Payload types that need no rtpmap: RFC 3551 section 6, tables 4 and 5.

interface StaticFormat {
  readonly encoding: string;
  readonly clockRateHz: number;
  readonly channelCount: number;
}

function entry(
  payloadType: number,
  encoding: string,
  rates: { readonly clockRateHz: number; readonly channelCount?: number },
): readonly [number, StaticFormat] {
  const { clockRateHz, channelCount = 1 } = rates;
  return [payloadType, { encoding, clockRateHz, channelCount }];
}

const TELEPHONE = { clockRateHz: 8000 };
const VIDEO = { clockRateHz: 90000 };

const STATIC_FORMATS: ReadonlyMap<number, StaticFormat> = new Map([
  entry(0, 'PCMU', TELEPHONE),
  entry(3, 'GSM', TELEPHONE),
  entry(4, 'G723', TELEPHONE),
  entry(5, 'DVI4', TELEPHONE),
  entry(6, 'DVI4', { clockRateHz: 16000 }),
  entry(7, 'LPC', TELEPHONE),
  entry(8, 'PCMA', TELEPHONE),
  entry(9, 'G722', TELEPHONE),
  entry(10, 'L16', { clockRateHz: 44100, channelCount: 2 }),
  entry(11, 'L16', { clockRateHz: 44100 }),
  entry(12, 'QCELP', TELEPHONE),
  entry(13, 'CN', TELEPHONE),
  entry(14, 'MPA', VIDEO),
  entry(15, 'G728', TELEPHONE),
  entry(16, 'DVI4', { clockRateHz: 11025 }),
  entry(17, 'DVI4', { clockRateHz: 22050 }),
  entry(18, 'G729', TELEPHONE),
  entry(25, 'CelB', VIDEO),
  entry(26, 'JPEG', VIDEO),
  entry(28, 'nv', VIDEO),
  entry(31, 'H261', VIDEO),
  entry(32, 'MPV', VIDEO),
  entry(33, 'MP2T', VIDEO),
  entry(34, 'H263', VIDEO),
]);

/** What RFC 3551 says about a payload type; undefined for dynamic and unassigned ones. */
export function staticFormat(payloadType: number): StaticFormat | undefined {
  return STATIC_FORMATS.get(payloadType);
}
