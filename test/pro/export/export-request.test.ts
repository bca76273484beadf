// What is taken as an order for an export, and what is refused with which words.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { MAX_EXPORT_PARTS, parseExportRequest } from '../../../pro/export/export-request.ts';

const part = { id: 'a', inputStart: 0, inputEnd: 2.5, resPath: '/20250116/x.mp4' };

function refusal(body: unknown): string {
  let text = '';
  assert.throws(
    () => parseExportRequest(body),
    (thrown) => {
      assert(thrown instanceof MediaError);
      assert.deepEqual([thrown.kind, thrown.code], ['invalid-argument', 'export-request-invalid']);
      text = thrown.message;
      return true;
    },
  );
  return text;
}

describe('parseExportRequest()', () => {
  it('takes pieces with a start of 0, any sort of id, and marks', () => {
    const videoMarks = [{ Seconds: 1, Content: 'goal', URL: 'x' }];
    const exportConfig = [part, { ...part, id: 7, inputStart: 1, videoMarks }];
    assert.deepEqual(parseExportRequest({ exportConfig, other: 1 }).parts, [
      { id: 'a', resPath: part.resPath, range: { startS: 0, endS: 2.5 }, marks: [] },
      {
        id: '7',
        resPath: part.resPath,
        range: { startS: 1, endS: 2.5 },
        marks: [{ seconds: 1, content: 'goal' }],
      },
    ]);
  });

  it('takes a missing id and null for no marks', () => {
    const bare = { inputStart: 0, inputEnd: 1, resPath: '/a.mp4', videoMarks: null };
    const request = parseExportRequest({ exportConfig: [bare] });
    assert.deepEqual([request.parts[0]?.id, request.parts[0]?.marks], ['0', []]);
  });

  it('takes a whole file by fullPath or name', () => {
    for (const body of [{ fullPath: '/a/b.ts' }, { name: '/a/b.ts' }]) {
      assert.deepEqual(parseExportRequest(body).parts, [
        { id: '0', resPath: '/a/b.ts', range: undefined, marks: [] },
      ]);
    }
  });

  it('names the field that is wrong', () => {
    const refuse = (change: object): string =>
      refusal({ exportConfig: [part, { ...part, ...change }] });
    assert.match(refuse({ inputEnd: 0 }), /exportConfig\[1\]\.inputEnd: .* got 0 to 0/u);
    assert.match(refuse({ inputStart: 3 }), /inputEnd: must be greater .* got 3 to 2\.5/u);
    assert.match(refuse({ inputStart: -1 }), /exportConfig\[1\]\.inputStart: /u);
    for (const bad of [NaN, Infinity, -Infinity, 1e12, '1', null, undefined, {}]) {
      assert.match(refuse({ inputEnd: bad }), /exportConfig\[1\]\.inputEnd: /u);
    }
    assert.match(refuse({ resPath: '' }), /resPath/u);
    assert.match(refuse({ resPath: 'x'.repeat(5000) }), /resPath/u);
    assert.match(refuse({ resPath: 1 }), /resPath/u);
    assert.match(refuse({ id: {} }), /id/u);
    assert.match(refuse({ videoMarks: [{ Content: 'x' }] }), /videoMarks\[0\]\.Seconds/u);
  });

  it('refuses no pieces and too many', () => {
    assert.match(refusal({ exportConfig: [] }), /exportConfig/u);
    const exportConfig = Array.from({ length: MAX_EXPORT_PARTS + 1 }, () => part);
    assert.match(refusal({ exportConfig }), /exportConfig/u);
    assert.equal(parseExportRequest({ exportConfig: exportConfig.slice(1) }).parts.length, 100);
  });

  it('refuses what is no order at all', () => {
    for (const body of [undefined, null, 1, 'x', [], {}, { exportConfig: {} }, { fullPath: 1 }]) {
      refusal(body);
    }
    assert.match(refusal({}), /exportConfig: is missing/u);
  });

  it('throws nothing but MediaError, and lets only proper ranges through', () => {
    const value = fc.oneof(fc.anything(), fc.double(), fc.string());
    const order = fc.record(
      { id: value, inputStart: value, inputEnd: value, resPath: value, videoMarks: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(order, { maxLength: 3 }), (exportConfig) => {
        try {
          for (const { range } of parseExportRequest({ exportConfig }).parts) {
            assert(range && range.startS >= 0 && range.endS > range.startS);
          }
        } catch (thrown) {
          assert(thrown instanceof MediaError);
        }
      }),
      { numRuns: 800 },
    );
  });
});
