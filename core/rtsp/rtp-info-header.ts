// The RTP-Info header (RFC 2326 section 12.33): where each track starts.

/** Start of one track. */
export interface RtpInfo {
  /** Control URL of the track. */
  readonly url: string;
  /** 16 bits. */
  readonly sequenceNumber?: number;
  /** 32 bits, in clock ticks. */
  readonly timestampTicks?: number;
}

type MutableRtpInfo = { -readonly [Key in keyof RtpInfo]: RtpInfo[Key] };

const MAX_ENTRIES = 64;

/** Writes the header. */
export function formatRtpInfoHeader(infos: readonly RtpInfo[]): string {
  return infos.map(formatRtpInfo).join(',');
}

/** Reads what can be read of the header: cameras leave out or misspell parts of it. */
export function parseRtpInfoHeader(header: string): RtpInfo[] {
  // URLs may hold commas, so an entry begins only where `url=` follows one.
  const entries = header.split(/,(?=\s*url\s*=)/iu, MAX_ENTRIES);
  return entries.map(parseRtpInfo).filter((info) => info !== undefined);
}

function formatRtpInfo(info: RtpInfo): string {
  const parts = [`url=${info.url}`];
  if (info.sequenceNumber !== undefined) parts.push(`seq=${info.sequenceNumber}`);
  if (info.timestampTicks !== undefined) parts.push(`rtptime=${info.timestampTicks}`);
  return parts.join(';');
}

function parseRtpInfo(entry: string): RtpInfo | undefined {
  const info: MutableRtpInfo = { url: '' };
  for (const parameter of entry.split(';', 16)) {
    const equals = parameter.indexOf('=');
    const name = parameter.slice(0, Math.max(0, equals)).trim().toLowerCase();
    const value = parameter.slice(equals + 1).trim();
    if (name === 'url') info.url = value.replace(/^"|"$/gu, '');
    else if (name === 'seq' && /^\d{1,10}$/u.test(value)) {
      info.sequenceNumber = Number(value) & 0xffff;
    } else if (name === 'rtptime' && /^\d{1,10}$/u.test(value)) {
      info.timestampTicks = Number(value) >>> 0;
    }
  }
  return info.url === '' ? undefined : info;
}
