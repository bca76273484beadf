// The innermost loops of SRTP as WebAssembly: counter blocks, xor, one SHA-1 block.
import {
  at,
  constant,
  get,
  increase,
  Op,
  repeat,
  set,
  Simd,
  writeModule,
  type WasmFunction,
} from './wasm-module.ts';

const VECTOR_BYTES = 16;

/** `xor(target, source, length)`: in steps of 16 bytes, so up to 15 bytes beyond; length above 0. */
function xorFunction(): WasmFunction {
  const [target, source, length] = [0, 1, 2];
  const load = [Simd.prefix, Simd.load, ...at(0)];
  const step = [
    ...[...get(target), ...get(target), ...load, ...get(source), ...load],
    ...[Simd.prefix, Simd.xor, Simd.prefix, Simd.store, ...at(0)],
    ...[...increase(target, VECTOR_BYTES), ...increase(source, VECTOR_BYTES)],
    ...increase(length, -VECTOR_BYTES),
  ];
  const isLeft = [...get(length), ...constant(0), Op.i32GreaterSigned];
  return { name: 'xor', params: 3, locals: 0, vectorLocals: 0, body: repeat(step, isLeft) };
}

/**
 * `count(target, blocks, word0, word1, word2, word3)`: the block of those words in memory order,
 * again and again, with 0, 1, 2, ... in its last byte; blocks from 1 to 256.
 */
function countFunction(): WasmFunction {
  const [target, blocks, word0] = [0, 1, 2];
  const [block, vector] = [6, 7];
  const lanes = [1, 2, 3].flatMap((lane) => [
    ...get(word0 + lane),
    ...[Simd.prefix, Simd.i32x4ReplaceLane, lane],
  ]);
  const start = [...get(word0), Simd.prefix, Simd.i32x4Splat, ...lanes, ...set(vector)];
  const step = [
    ...[...get(target), ...get(vector), ...get(block)],
    ...[Simd.prefix, Simd.i8x16ReplaceLane, VECTOR_BYTES - 1],
    ...[Simd.prefix, Simd.store, ...at(0)],
    ...[...increase(target, VECTOR_BYTES), ...increase(block, 1)],
  ];
  const isLeft = [...get(block), ...get(blocks), Op.i32LessSigned];
  const body = [...start, ...repeat(step, isLeft)];
  return { name: 'count', params: 6, locals: 1, vectorLocals: 1, body };
}

/** Mixing functions and constants of SHA-1, FIPS 180-4 sections 4.1.1 and 4.2.1. */
const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

function mix(round: number, b: number, c: number, d: number): number[] {
  if (round < 20) {
    return [...get(d), ...get(b), ...get(c), ...get(d), Op.i32Xor, Op.i32And, Op.i32Xor];
  }
  if (round < 40 || round >= 60) return [...get(b), ...get(c), Op.i32Xor, ...get(d), Op.i32Xor];
  const either = [...get(b), ...get(c), Op.i32Or, ...get(d), Op.i32And];
  return [...get(b), ...get(c), Op.i32And, ...either, Op.i32Or];
}

/** Message schedule: `words` are 16 locals used in turn; leaves the word on the stack. */
function scheduled(round: number, words: number): number[] {
  const word = (back: number): number => words + ((round - back) & 15);
  if (round < 16) return get(word(0));
  return [
    ...[...get(word(3)), ...get(word(8)), Op.i32Xor],
    ...[...get(word(14)), Op.i32Xor, ...get(word(16)), Op.i32Xor],
    ...[...constant(1), Op.i32RotateLeft, Op.localTee, word(0)],
  ];
}

/**
 * `compress(state, block)`: mixes 16 words into 5 (FIPS 180-4 section 6.1.2); words in the order of
 * the machine. The eighty rounds are written out, the five variables renamed from round to round.
 */
function compressFunction(): WasmFunction {
  const [state, block, words] = [0, 1, 2];
  let variables = [18, 19, 20, 21, 22];
  const loadFrom = (base: number, count: number, to: number): number[] =>
    Array.from({ length: count }, (_, i) => [
      ...[...get(base), Op.i32Load, ...at(i * 4), ...set(to + i)],
    ]).flat();
  const body = [...loadFrom(block, 16, words), ...loadFrom(state, 5, 18)];
  for (let round = 0; round < 80; round++) {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = variables;
    body.push(...get(a), ...constant(5), Op.i32RotateLeft, ...mix(round, b, c, d), Op.i32Add);
    body.push(...get(e), Op.i32Add, ...constant(SHA1_CONSTANTS[Math.floor(round / 20)] ?? 0));
    body.push(Op.i32Add, ...scheduled(round, words), Op.i32Add, ...set(e));
    body.push(...get(b), ...constant(30), Op.i32RotateLeft, ...set(b));
    variables = [e, a, b, c, d];
  }
  for (const [i, variable] of variables.entries()) {
    body.push(...get(state), ...get(state), Op.i32Load, ...at(i * 4));
    body.push(...get(variable), Op.i32Add, Op.i32Store, ...at(i * 4));
  }
  return { name: 'compress', params: 2, locals: 21, vectorLocals: 0, body };
}

/** The bytes of the module. */
export function writeSrtpKernelModule(): Uint8Array {
  return writeModule([xorFunction(), countFunction(), compressFunction()]);
}
