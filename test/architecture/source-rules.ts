// The rules for a single source file that a syntax tree can answer; see ARCHITECTURE.md#style.
import ts from 'typescript';

/** What the rules need to know about one file. */
export interface SourceFile {
  /** Path from the project root. */
  readonly path: string;
  readonly text: string;
}

/** Longest file in lines. */
export const MAX_LINES = 400;

/** Casts (`as`) allowed in 1000 lines, outside the files that wrap another library. */
export const MAX_CASTS_PER_1000_LINES = 0.5;

const ENVIRONMENT_READERS = /^(core\/config\/|pro\/config\/|pro\/main\.ts$)/u;
const CONSOLE_WRITERS = /^pro\/(main\.ts|launch\.js)$/u;

/** Returns every broken rule as `path:line rule`; empty when the file is fine. */
export function findBrokenRules(file: SourceFile): string[] {
  const tree = parse(file);
  const broken: string[] = [...textRules(file)];
  const visit = (node: ts.Node): void => {
    for (const rule of nodeRules(node, file.path)) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      broken.push(`${file.path}:${line + 1} ${rule}`);
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(tree, visit);
  return broken;
}

/** Counts casts, `as const` left out. */
export function countCasts(file: SourceFile): number {
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isTypeAssertionExpression(node)) count += 1;
    if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) count += 1;
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return count;
}

/** Names of exported declarations without a documentation comment, as `path:line name`. */
export function findUndocumentedExports(file: SourceFile): string[] {
  const tree = parse(file);
  return tree.statements
    .filter((statement) => isExported(statement) && !isOverload(statement, tree))
    .filter((statement) => ts.getJSDocCommentsAndTags(statement).length === 0)
    .map((statement) => {
      const { line } = tree.getLineAndCharacterOfPosition(statement.getStart(tree));
      return `${file.path}:${line + 1} ${nameOf(statement)}`;
    });
}

function* textRules(file: SourceFile): Generator<string> {
  const lines = file.text.split('\n').length - 1;
  if (lines > MAX_LINES) yield `${file.path}:${lines} is longer than ${MAX_LINES} lines`;
  const first = file.text.startsWith('#!')
    ? file.text.slice(file.text.indexOf('\n') + 1)
    : file.text;
  if (!/^\/[/*]\s*\S/u.test(first)) yield `${file.path}:1 does not begin with a comment`;
}

function* nodeRules(node: ts.Node, path: string): Generator<string> {
  if (node.kind === ts.SyntaxKind.AnyKeyword) yield 'uses any';
  if (ts.isNonNullExpression(node)) yield 'uses !';
  if (ts.isExportAssignment(node) || hasDefaultModifier(node)) yield 'exports a default';
  if (isShipped(path)) yield* shippedRules(node, path);
}

function* shippedRules(node: ts.Node, path: string): Generator<string> {
  if (isGlobalMember(node, 'process', 'env') && !ENVIRONMENT_READERS.test(path)) {
    yield 'reads process.env';
  }
  if (isConsole(node) && !CONSOLE_WRITERS.test(path)) yield 'writes to the console';
  if (ts.isThrowStatement(node) && isPlainError(node.expression)) yield 'throws a plain error';
}

function isShipped(path: string): boolean {
  const isPage = path.includes('/pages/') || path.startsWith('pro/web/');
  return (path.startsWith('core/') || path.startsWith('pro/')) && !isPage;
}

function isGlobalMember(node: ts.Node, object: string, member: string): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === member &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === object
  );
}

function isConsole(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'console'
  );
}

function isPlainError(thrown: ts.Expression): boolean {
  return (
    ts.isNewExpression(thrown) &&
    ts.isIdentifier(thrown.expression) &&
    /^(Error|TypeError|RangeError|SyntaxError)$/u.test(thrown.expression.text)
  );
}

function hasDefaultModifier(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

/** A further signature of a function whose first one carries the comment. */
function isOverload(statement: ts.Statement, tree: ts.SourceFile): boolean {
  const before = tree.statements[tree.statements.indexOf(statement) - 1];
  return (
    ts.isFunctionDeclaration(statement) &&
    before !== undefined &&
    ts.isFunctionDeclaration(before) &&
    before.body === undefined &&
    before.name?.text === statement.name?.text
  );
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((each) => each.name.getText()).join(', ');
  }
  const name = ts.isDeclarationStatement(statement) ? statement.name : undefined;
  return name?.getText() ?? '(unnamed)';
}

function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true);
}
