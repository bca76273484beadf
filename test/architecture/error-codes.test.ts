// Holds apidocs/errors.md to the error codes of the source.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  findErrorSites,
  readCodeRows,
  toCodeRows,
  writeTables,
  type ErrorSite,
} from '../support/tools/error-table.ts';
import { ERRORS_FILE, readErrorSites } from '../support/tools/write-error-table.ts';

const ADVICE = 'refresh it: npx node test/support/tools/write-error-table.ts';

describe('apidocs/errors.md', () => {
  const markdown = readFileSync(ERRORS_FILE, 'utf8');
  const sites = readErrorSites();
  const rows = readCodeRows(markdown);

  it('lists every code of the source and no other', () => {
    assert(sites.length >= 40, `only ${sites.length} places`);
    const inSource = new Set(sites.flatMap((site) => site.codes));
    const listed = new Set(rows.map((row) => row.code));
    assert.deepEqual(
      [...inSource].filter((code) => !listed.has(code)),
      [],
      ADVICE,
    );
    assert.deepEqual(
      [...listed].filter((code) => !inSource.has(code)),
      [],
      ADVICE,
    );
  });

  it('gives their kinds and the status tables as they are', () => {
    assert.equal(writeTables(markdown, toCodeRows(sites, rows)), markdown, ADVICE);
  });

  it('says what each code means', () => {
    assert.deepEqual(
      rows.filter((row) => row.meaning === '').map((row) => row.code),
      [],
      'write the meaning into the table; it is kept',
    );
  });
});

describe('error codes', () => {
  it('are literals in kebab-case', () => {
    const bad = (site: ErrorSite): boolean =>
      site.isComputed || !site.codes.every((code) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(code));
    assert.deepEqual(
      readErrorSites()
        .filter(bad)
        .map((site) => `${site.place} ${site.codes.join()}`),
      [],
    );
  });
});

describe('findErrorSites()', () => {
  const find = (text: string): ErrorSite[] => findErrorSites({ path: 'a.ts', text });

  it('reads kind, code and message, also over lines and in conditions', () => {
    const text =
      "throw new MediaError('not-found', 'no-stream', `no stream on '${path}'`);\n" +
      "f(new MediaError(\n  kind,\n  isA ? 'a' : (isB ? 'b' : 'c'),\n  'one ' + `two ${x}`, {},\n));";
    assert.deepEqual(find(text), [
      {
        kinds: ['not-found'],
        codes: ['no-stream'],
        isComputed: false,
        message: "no stream on '…'",
        place: 'a.ts:1',
      },
      {
        kinds: [],
        codes: ['a', 'b', 'c'],
        isComputed: false,
        message: 'one two …',
        place: 'a.ts:2',
      },
    ]);
  });

  it('follows a code into the calls of the function that makes the error', () => {
    const text =
      "function refuse(text: string, code: string) { return new MediaError('internal', code, text); }\n" +
      "throw refuse(`${x}`, 'one'); throw refuse('', 'two');";
    assert.deepEqual(find(text)[0]?.codes, ['one', 'two']);
  });

  it('reads issues that the configuration collects first, not those of zod', () => {
    const text =
      'const message = `key ${k}`;\n' +
      "push({ code: 'bad-key', message, line }, { code: 'custom', input, message });";
    assert.deepEqual(
      findErrorSites({ path: 'core/config/a.ts', text }).map((site) => [site.codes, site.message]),
      [[['bad-key'], 'key …']],
    );
    assert.deepEqual(find(text), []);
  });

  it('looks up constants of the same function', () => {
    const text =
      "function a() { const code = f?.code ?? 'x'; throw new MediaError('internal', code, m); }\n" +
      "function b() { const code = 'other'; }";
    assert.deepEqual(find(text)[0]?.codes, ['x']);
  });

  it('lets a code be passed on, but not be computed', () => {
    const passed = find("new MediaError('internal', issue?.code ?? 'none', text)")[0];
    assert.deepEqual([passed?.codes, passed?.isComputed], [['none'], false]);
    assert.equal(find("new MediaError('internal', failure.code, text)")[0]?.isComputed, false);
    assert.equal(find("new MediaError('internal', code, text)")[0]?.isComputed, true);
    assert.equal(find("new MediaError('internal', isA ? 'a' : b, text)")[0]?.isComputed, true);
  });

  it('ignores comments and strings', () => {
    assert.deepEqual(
      find("// new MediaError('a', 'b')\nconst c = \"new MediaError('a', 'b')\";"),
      [],
    );
  });
});

describe('writeTables()', () => {
  const empty =
    '<!-- codes: generated, see below -->\n<!-- codes: end -->\n' +
    '<!-- kinds: generated, see below -->\n<!-- kinds: end -->\ntail';
  const site = {
    kinds: ['internal'],
    codes: ['a-b'],
    isComputed: false,
    message: 'x | y',
    place: '',
  };

  it('keeps the words around the tables and what was written about a code', () => {
    const first = writeTables(empty, toCodeRows([site], []));
    assert.match(first, /\| `a-b` \| internal \| 500 \| x \\\| y \|/u);
    assert(first.endsWith('tail'));
    const edited = first.replace('x \\| y', 'what it \\| means');
    const again = writeTables(edited, toCodeRows([site], readCodeRows(edited)));
    assert.equal(again, edited);
  });
});
