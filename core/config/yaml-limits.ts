// Stops YAML bombs before the parser, which recurses and builds trees, sees them: one linear pass.
import { Lexer, CST } from 'yaml';

/** Limits on what is read as configuration; ten thousand cameras stay far below them. */
export const yamlLimits = {
  sizeBytes: 10 * 1024 * 1024,
  /** Lexical tokens of the file. */
  tokens: 1_000_000,
  /** Open flow collections, indicators and indentation levels around one value. */
  depth: 64,
  /** Values after aliases were put in. */
  nodes: 300_000,
  aliases: 1000,
} as const;

/** What broke a limit, and where (offset into the text). */
export interface LimitViolation {
  readonly offset: number;
  readonly message: string;
}

/** Walks the tokens of `text` and returns the first broken limit. */
export function findLimitViolation(text: string): LimitViolation | undefined {
  if (text.length > yamlLimits.sizeBytes) {
    return {
      offset: 0,
      message: `the file is larger than ${yamlLimits.sizeBytes / 1024 / 1024} MiB`,
    };
  }
  const meter = new DepthMeter();
  let tokens = 0;
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (++tokens > yamlLimits.tokens) {
      return { offset, message: `the file has more than ${yamlLimits.tokens} tokens` };
    }
    if (meter.add(token) > yamlLimits.depth) {
      return { offset, message: `values are nested deeper than ${yamlLimits.depth} levels` };
    }
    // The lexer invents three tokens of its own, which take no room in the text.
    if (!isSynthetic(token)) offset += token.length;
  }
  return undefined;
}

/** An upper bound of the nesting, from tokens alone. */
class DepthMeter {
  #flow = 0;
  #indicatorsOfLine = 0;
  /** Widths of the open indentations. */
  readonly #indents: number[] = [];
  #isLineStart = true;

  add(token: string): number {
    const type = CST.tokenType(token);
    if (type === 'newline') {
      this.#isLineStart = true;
      this.#indicatorsOfLine = 0;
    } else if (type === 'flow-map-start' || type === 'flow-seq-start') this.#flow++;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') this.#flow--;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind') this.#indicatorsOfLine++;
    if (this.#isLineStart && type !== 'newline') {
      this.#isLineStart = false;
      this.#indent(type === 'space' ? token.length : 0);
    }
    return this.#flow + this.#indicatorsOfLine + this.#indents.length;
  }

  #indent(width: number): void {
    while ((this.#indents.at(-1) ?? -1) >= width) this.#indents.pop();
    this.#indents.push(width);
  }
}

function isSynthetic(token: string): boolean {
  return token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR;
}
