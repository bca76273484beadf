// Writes WebAssembly modules: just enough of the binary format for functions over one imported memory.

/** The instructions in use (WebAssembly core specification 2.0, section 5.4). */
export const Op = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i32Store: 0x36,
  i32Const: 0x41,
  i32LessSigned: 0x48,
  i32GreaterSigned: 0x4a,
  i32Add: 0x6a,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32RotateLeft: 0x77,
} as const;

/** SIMD instructions; each follows the prefix byte. */
export const Simd = {
  prefix: 0xfd,
  load: 0x00,
  store: 0x0b,
  i32x4Splat: 0x11,
  i8x16ReplaceLane: 0x17,
  i32x4ReplaceLane: 0x1c,
  xor: 0x51,
} as const;

/** One exported function; parameters and plain locals are i32, numbered on from the parameters. */
export interface WasmFunction {
  readonly name: string;
  readonly params: number;
  readonly locals: number;
  /** Numbered after the plain locals. */
  readonly vectorLocals: number;
  readonly body: readonly number[];
}

const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION_TYPE = 0x60;
const NO_BLOCK_RESULT = 0x40;
/** Addresses may have any alignment; the hint is for words. */
const WORD_ALIGNMENT = 2;

/** Unsigned LEB128, as counts, indexes and lengths are written. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128, as constants are written. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}

/** Pushes a local. */
export function get(local: number): number[] {
  return [Op.localGet, ...unsigned(local)];
}

/** Pops into a local. */
export function set(local: number): number[] {
  return [Op.localSet, ...unsigned(local)];
}

/** Pushes an i32 constant. */
export function constant(value: number): number[] {
  return [Op.i32Const, ...signed(value)];
}

/** `local += value`. */
export function increase(local: number, value: number): number[] {
  return [...get(local), ...constant(value), Op.i32Add, ...set(local)];
}

/** Immediate of loads and stores: alignment and offset. */
export function at(offset: number): number[] {
  return [WORD_ALIGNMENT, ...unsigned(offset)];
}

/** `do { body } while (condition)`; the condition leaves an i32. */
export function repeat(body: readonly number[], condition: readonly number[]): number[] {
  return [Op.loop, NO_BLOCK_RESULT, ...body, ...condition, Op.branchIf, 0, Op.end];
}

/** A module that imports `env.memory` and exports the functions. */
export function writeModule(functions: readonly WasmFunction[]): Uint8Array {
  const types = functions.map(({ params }) => [
    ...[FUNCTION_TYPE, ...unsigned(params)],
    ...Array.from({ length: params }, () => I32),
    0,
  ]);
  const memory = [...text('env'), ...text('memory'), 0x02, 0x00, 1];
  const exported = functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(7, exported),
    ...section(10, functions.map(codeOf)),
  ]);
}

function codeOf({ locals, vectorLocals, body }: WasmFunction): number[] {
  const groups = [
    [...unsigned(locals), I32],
    [...unsigned(vectorLocals), V128],
  ];
  const code = [...vector(groups), ...body, Op.end];
  return [...unsigned(code.length), ...code];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return vector([...Buffer.from(value)].map((byte) => [byte]));
}
