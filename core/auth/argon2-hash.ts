// Encoded Argon2 hashes, `$argon2id$v=19$m=4096,t=3,p=1$salt$hash` (RFC 9106), with bounded cost.
import { MediaError } from '../base/media-error.ts';

/** A parsed hash; the costs are within what one login may use. */
export interface Argon2Hash {
  readonly algorithm: 'argon2i' | 'argon2id';
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const PATTERN =
  /^\$(argon2id?|argon2d)\$v=(\d{1,4})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$([A-Za-z0-9+/]{2,128})=*\$([A-Za-z0-9+/]{2,128})=*$/u;
const MAX_MEMORY_KIB = 262_144;
const MAX_PASSES = 32;
const MAX_PARALLELISM = 16;
/** Memory times passes; about two seconds of one core. */
const MAX_WORK_KIB = 1_048_576;

/**
 * Reads an encoded hash.
 * @param place Where it stands, for the error text; the hash itself is a secret.
 * @throws MediaError invalid-argument.
 */
export function parseArgon2Hash(encoded: string, place: string): Argon2Hash {
  const match = PATTERN.exec(encoded);
  if (match === null) throw invalid('is not $argon2id$v=19$m=…,t=…,p=…$salt$hash', place);
  const [, algorithm, version, memory, passes, parallelism, salt = '', hash = ''] = match;
  if (algorithm !== 'argon2i' && algorithm !== 'argon2id') {
    throw invalid(`uses ${algorithm ?? ''}: only argon2i and argon2id resist side channels`, place);
  }
  if (version !== '19') throw invalid(`has version ${version ?? ''} instead of 19`, place);
  const parsed: Argon2Hash = {
    algorithm,
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  checkBounds(parsed, place);
  return parsed;
}

function checkBounds(parsed: Argon2Hash, place: string): void {
  checkRange(parsed.passes, { name: 't', min: 1, max: MAX_PASSES, place });
  checkRange(parsed.parallelism, { name: 'p', min: 1, max: MAX_PARALLELISM, place });
  const minMemory = 8 * parsed.parallelism;
  checkRange(parsed.memoryKib, { name: 'm', min: minMemory, max: MAX_MEMORY_KIB, place });
  checkRange(parsed.salt.length, { name: 'salt length', min: 8, max: 64, place });
  checkRange(parsed.hash.length, { name: 'hash length', min: 12, max: 64, place });
  if (parsed.memoryKib * parsed.passes > MAX_WORK_KIB) {
    throw invalid(`costs m*t = ${parsed.memoryKib * parsed.passes}, above ${MAX_WORK_KIB}`, place);
  }
}

interface Range {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly place: string;
}

function checkRange(value: number, { name, min, max, place }: Range): void {
  if (value >= min && value <= max) return;
  throw invalid(`has ${name} = ${value}, outside ${min} to ${max}`, place);
}

function invalid(problem: string, place: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'invalid-stored-credential',
    `argon2 hash ${problem}; ${place}`,
  );
}
