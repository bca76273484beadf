// Decodes G.711 to linear samples, ITU-T G.711: files hold PCM, which every player knows.
import { writeUint16 } from '../base/bytes.ts';

const BIAS = 0x84;

/** The 16-bit sample of each of the 256 codes. */
function tableOf(decode: (code: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, code) => decode(code));
}

const MU_LAW = tableOf((code) => {
  const value = ~code & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7)) - BIAS;
  return (value & 0x80) !== 0 ? -magnitude : magnitude;
});

const A_LAW = tableOf((code) => {
  const value = code ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (value & 0x80) !== 0 ? magnitude : -magnitude;
});

/** 16-bit big-endian samples of the codes in `[start, end)`. */
export function decodeG711(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number; readonly isMuLaw: boolean },
): Uint8Array {
  const table = range.isMuLaw ? MU_LAW : A_LAW;
  const samples = new Uint8Array((range.end - range.start) * 2);
  for (let index = range.start; index < range.end; index++) {
    writeUint16(samples, (index - range.start) * 2, (table[bytes[index] ?? 0] ?? 0) & 0xffff);
  }
  return samples;
}
