// Pages of lists.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { paginate, readPageRequest } from '../../../core/api/pagination.ts';

const read = (query: string): ReturnType<typeof readPageRequest> =>
  readPageRequest(new URLSearchParams(query));

describe('readPageRequest()', () => {
  it('has the defaults of the Control API', () => {
    assert.deepEqual(read(''), { page: 0, itemsPerPage: 100 });
  });

  it('reads both numbers', () => {
    assert.deepEqual(read('page=3&itemsPerPage=7'), { page: 3, itemsPerPage: 7 });
  });

  it('limits the size of a page', () => {
    assert.equal(read('itemsPerPage=999999999').itemsPerPage, 10_000);
  });

  for (const query of ['page=-1', 'page=x', 'page=', 'page=1.5', 'itemsPerPage=0', 'page=1e3']) {
    it(`refuses '${query}'`, () => {
      assert.throws(() => read(query), { code: 'invalid-page' });
    });
  }
});

describe('paginate()', () => {
  it('gives every item once over all pages', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (all, itemsPerPage) => {
        const { pageCount, itemCount } = paginate(all, { page: 0, itemsPerPage });
        const pages = Array.from({ length: pageCount }, (_, page) =>
          paginate(all, { page, itemsPerPage }),
        );
        assert.deepEqual(
          pages.flatMap(({ items }) => items),
          all,
        );
        assert.equal(itemCount, all.length);
      }),
    );
  });

  it('is empty past the end', () => {
    const page = paginate([1, 2, 3], { page: 9, itemsPerPage: 2 });
    assert.deepEqual(page, { itemCount: 3, pageCount: 2, items: [] });
  });
});
