// Finds the error codes of the source and keeps the tables of apidocs/errors.md in step with them.
import ts from 'typescript';
import {
  codeToHttpStatus,
  kindToHttpStatus,
  kindToRtspStatus,
  kindToWebSocketCloseCode,
} from '../../../core/base/error-status.ts';
import type { ErrorKind } from '../../../core/base/media-error.ts';

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** One `new MediaError(kind, code, message)`. */
export interface ErrorSite {
  /** Empty when the source computes it. */
  readonly kinds: readonly string[];
  /** Empty when another failure's code is passed on. */
  readonly codes: readonly string[];
  /** Whether the code is computed, which nobody can document. */
  readonly isComputed: boolean;
  /** The message with `…` for values; empty when it is made elsewhere. */
  readonly message: string;
  /** `path:line`. */
  readonly place: string;
}

/** A row of the code table. */
export interface CodeRow {
  readonly code: string;
  readonly kinds: string;
  readonly status: string;
  readonly meaning: string;
}

const KIND_NAMES = Object.keys(kindToHttpStatus).filter((name) => name in kindToRtspStatus);

/** Every place where a MediaError, or an issue that becomes one, is made. */
export function findErrorSites({ path, text }: SourceText): ErrorSite[] {
  if (!/MediaError|\bcode:/u.test(text)) return [];
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const sites: ErrorSite[] = [];
  const isConfig = path.includes('/config/');
  const visit = (node: ts.Node): void => {
    const found = asConstruction(node, tree) ?? (isConfig ? asIssue(node, tree) : undefined);
    if (found !== undefined) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      sites.push({ ...found, place: `${path}:${line + 1}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return sites;
}

type FoundSite = Omit<ErrorSite, 'place'>;

/** `new MediaError(kind, code, message)`. */
function asConstruction(node: ts.Node, tree: ts.SourceFile): FoundSite | undefined {
  if (!ts.isNewExpression(node) || node.expression.getText(tree) !== 'MediaError') return undefined;
  const [kind, code, message] = (node.arguments ?? []).map((each) => resolve(each, tree));
  const codes = [...literals(code), ...codesOfCallers(code, tree)];
  const isComputed = codes.length === 0 && !isPassedOn(code);
  return { kinds: literals(kind), codes, isComputed, message: template(message) };
}

/** `{ code: 'config-syntax', message, ... }`: a fault of somebody's input, collected before it is thrown. */
function asIssue(node: ts.Node, tree: ts.SourceFile): FoundSite | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const names = node.properties.map((property) => property.name?.getText() ?? '');
  const code = node.properties[names.indexOf('code')];
  // zod has issues of its own, with the input inside.
  if (!names.includes('message') || names.includes('input')) return undefined;
  if (code === undefined || !ts.isPropertyAssignment(code)) return undefined;
  const codes = literals(code.initializer);
  const message = node.properties[names.indexOf('message')];
  const text = template(messageOf(message, tree));
  return { kinds: ['invalid-argument'], codes, isComputed: false, message: text };
}

/** The value of `message: value`, or of the constant that `{ message }` means. */
function messageOf(
  property: ts.ObjectLiteralElementLike | undefined,
  tree: ts.SourceFile,
): ts.Expression | undefined {
  if (property === undefined) return undefined;
  if (ts.isPropertyAssignment(property)) return resolve(property.initializer, tree);
  return ts.isShorthandPropertyAssignment(property) ? resolve(property.name, tree) : undefined;
}

/** For a name, what the constant of that name in the same function is made from; else itself. */
function resolve(expression: ts.Expression, tree: ts.SourceFile): ts.Expression {
  if (!ts.isIdentifier(expression)) return expression;
  const scope = ts.findAncestor(expression, ts.isFunctionLike) ?? tree;
  let value: ts.Expression | undefined;
  const visit = (node: ts.Node): void => {
    const isDeclaration = ts.isVariableDeclaration(node) && node.name.getText() === expression.text;
    if (isDeclaration && node.initializer !== undefined) value ??= node.initializer;
    ts.forEachChild(node, visit);
  };
  visit(scope);
  return value ?? expression;
}

/** The code is a parameter of a function of this file: what its calls pass. */
function codesOfCallers(code: ts.Expression | undefined, tree: ts.SourceFile): string[] {
  if (code === undefined || !ts.isIdentifier(code)) return [];
  const maker = ts.findAncestor(code, ts.isFunctionDeclaration);
  const index = maker?.parameters.findIndex((parameter) => parameter.name.getText() === code.text);
  if (maker?.name === undefined || index === undefined || index < 0) return [];
  const codes: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(tree) === maker.name?.text) {
      codes.push(...literals(node.arguments[index]));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...new Set(codes)];
}

/** `failure.code`, `issue?.code ?? 'fallback'`. */
function isPassedOn(code: ts.Expression | undefined): boolean {
  if (code === undefined) return false;
  if (ts.isBinaryExpression(code)) return isPassedOn(code.left);
  return ts.isPropertyAccessExpression(code) && code.name.text === 'code';
}

/** The table for `sites`; what people wrote about a code before is kept. */
export function toCodeRows(sites: readonly ErrorSite[], known: readonly CodeRow[]): CodeRow[] {
  const written = new Map(known.map((row) => [row.code, row.meaning]));
  const byCode = new Map<string, ErrorSite[]>();
  for (const site of sites) {
    for (const code of site.codes) byCode.set(code, [...(byCode.get(code) ?? []), site]);
  }
  return [...byCode.keys()].sort().map((code) => {
    const all = byCode.get(code) ?? [];
    const kinds = [...new Set(all.flatMap((site) => site.kinds))].sort();
    const message = all.find((site) => site.message !== '')?.message ?? '';
    return {
      code,
      kinds: kinds.join(', ') || 'varies',
      status: statusOf(code, kinds),
      meaning: written.get(code) || message.replace(/\s+/gu, ' '),
    };
  });
}

/** The rows of the table under `## Codes`. */
export function readCodeRows(markdown: string): CodeRow[] {
  return section(markdown, 'codes')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/u).map((cell) => cell.trim().replaceAll('\\|', '|'));
      const [, code = '', kinds = '', status = '', meaning = ''] = cells;
      return { code: code.replaceAll('`', ''), kinds, status, meaning };
    });
}

/** `markdown` with both generated tables put in place. */
export function writeTables(markdown: string, rows: readonly CodeRow[]): string {
  const codes = rows.map(({ code, kinds, status, meaning }) => [
    `\`${code}\``,
    kinds,
    status,
    meaning,
  ]);
  const withCodes = replaceSection(markdown, 'codes', [
    ['code', 'kind', 'HTTP', 'meaning'],
    ...codes,
  ]);
  return replaceSection(withCodes, 'kinds', [
    ['kind', 'HTTP', 'RTSP', 'WebSocket close code'],
    ...KIND_NAMES.filter(isKind).map((kind) => [
      kind,
      String(kindToHttpStatus[kind]),
      String(kindToRtspStatus[kind]),
      String(kindToWebSocketCloseCode[kind]),
    ]),
  ]);
}

function isKind(name: string): name is ErrorKind {
  return name in kindToHttpStatus;
}

function statusOf(code: string, kinds: readonly string[]): string {
  const fixed = codeToHttpStatus.get(code);
  if (fixed !== undefined) return String(fixed);
  const statuses = kinds.filter(isKind).map((kind) => String(kindToHttpStatus[kind]));
  return [...new Set(statuses)].join(', ') || 'varies';
}

/** String literals that an expression can be: itself or both sides of a condition. */
function literals(node: ts.Expression | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return literals(node.expression);
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken
  ) {
    return literals(node.right);
  }
  if (!ts.isConditionalExpression(node)) return [];
  const both = [literals(node.whenTrue), literals(node.whenFalse)];
  return both.some((side) => side.length === 0) ? [] : both.flat();
}

function template(node: ts.Expression | undefined): string {
  if (node === undefined) return '';
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('');
  }
  const isSum = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
  return isSum ? template(node.left) + template(node.right) : '';
}

function markers(name: string): readonly [string, string] {
  return [`<!-- ${name}: generated, see below -->\n`, `<!-- ${name}: end -->`];
}

function section(markdown: string, name: string): string {
  const [start, end] = markers(name);
  return markdown.split(start)[1]?.split(end)[0] ?? '';
}

function replaceSection(
  markdown: string,
  name: string,
  [head = [], ...rows]: readonly (readonly string[])[],
): string {
  const [start, end] = markers(name);
  const [before, rest = ''] = markdown.split(start);
  const after = rest.split(end)[1] ?? '';
  const lines = [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`,
  );
  return `${before ?? ''}${start}${lines.join('')}${end}${after}`;
}
