// Dates as clients write them, and the folders they mean.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dayFolderOf, parseDay, startOfDayFolder } from '../../../pro/library/day-folder.ts';

describe('parseDay()', () => {
  it('takes the three forms', () => {
    assert.equal(parseDay('2025-01-16'), '20250116');
    assert.equal(parseDay('20250116'), '20250116');
    const noon = new Date(2025, 0, 16, 12).getTime();
    assert.equal(parseDay(new Date(noon).toISOString()), '20250116');
    assert.equal(parseDay('2024-02-29'), '20240229');
    for (const time of ['2025-06-30t10:00:00z', '2025-06-30 10:00:00.5Z', '2025-06-30T10:00:60Z']) {
      assert.equal(parseDay(time), dayFolderOf(Date.UTC(2025, 5, 30, 10)), time);
    }
  });

  it('reads times with an offset by the clock of the server', () => {
    assert.equal(parseDay('2025-06-30T23:30:00-11:00'), dayFolderOf(Date.UTC(2025, 6, 1, 10, 30)));
    assert.equal(parseDay('2025-06-30T00:30:00+14:00'), dayFolderOf(Date.UTC(2025, 5, 29, 10, 30)));
  });

  it('refuses everything else, with the value', () => {
    const bad = [
      ...['', 'today', '2025', '2025-1-16', '2025-13-01', '2025-02-30', '20250230', '00000000'],
      ...[
        '2025/01/16',
        '../20250116',
        '20250116/',
        ' 20250116',
        '20250116\n',
        '2025-01-16T25:00:00Z',
      ],
      ...['2025-01-16T10:00:00', '2025-02-30T10:00:00Z', '2025-01-16T10:00Z', 'x'.repeat(100_000)],
      '２０２５０１１６',
    ];
    for (const text of bad) {
      assert.throws(() => parseDay(text), { kind: 'invalid-argument', code: 'bad-date' }, text);
    }
    assert.throws(() => parseDay('2025-02-30'), { message: /^date "2025-02-30" must be like/u });
  });

  it('gives a real day or an error for any text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc
        .array(fc.constantFrom('2025', '01', '-', '16', 'T', ':', 'Z', '+', '99'), {
          maxLength: 12,
        })
        .map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (tried) => {
        try {
          assert(startOfDayFolder(parseDay(tried)) !== undefined);
        } catch (thrown) {
          assert(thrown instanceof Error && 'code' in thrown);
          assert.equal(thrown.code, 'bad-date');
        }
      }),
    );
  });
});

describe('dayFolderOf() and startOfDayFolder()', () => {
  it('belong together for every day', () => {
    const time = fc.date({
      min: new Date(0),
      max: new Date(Date.UTC(9999, 0)),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(time, (date) => {
        const folder = dayFolderOf(date.getTime());
        const start = startOfDayFolder(folder);
        assert(start !== undefined);
        assert.equal(dayFolderOf(start), folder);
        assert(start <= date.getTime() && date.getTime() - start < 25 * 3_600_000);
        assert.equal(parseDay(folder), folder);
      }),
    );
  });

  it('know no days that the calendar has not', () => {
    for (const name of ['20250230', '20251301', '20250001', '2025011', 'favorite', '2025-01-1']) {
      assert.equal(startOfDayFolder(name), undefined, name);
    }
  });
});
