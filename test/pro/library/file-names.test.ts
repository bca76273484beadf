// Names that clients give: of files that are there, of files that are to be, and their URLs.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import { parseFileReference } from '../../../pro/library/file-reference.ts';
import { fileUrl } from '../../../pro/library/file-url.ts';
import { newFileName, numberedName } from '../../../pro/library/new-file-name.ts';

describe('parseFileReference()', () => {
  const safe = new SafeFolder('/srv/rec');

  it('takes every form in which a client may have got a name', () => {
    for (const form of [
      '20250116/x.mp4',
      '/20250116/x.mp4',
      '/res/20250116/x.mp4',
      '/srv/rec/20250116/x.mp4',
    ]) {
      assert.equal(parseFileReference(safe, form), '20250116/x.mp4', form);
    }
  });

  it('leads nowhere else', () => {
    const attempts = [
      ...[
        '',
        '/',
        '/res/',
        '/res',
        '//etc/passwd',
        '/srv/rec/',
        '/srv/rec/../x.mp4',
        '/srv/recordings2/../x',
      ],
      ...['/res//etc/passwd', '/res/../x.mp4', '/res/%2e%2e/x.mp4', '../x', '/20250116/../../x'],
      ...['/srv/rec//etc/passwd', 'C:\\x.mp4', '/20250116\\..\\x.mp4', '/20250116/x.mp4\0'],
    ];
    for (const form of attempts) {
      if (form === '/res') continue;
      assert.throws(() => parseFileReference(safe, form), { code: 'bad-file-name' }, form);
    }
    assert.equal(parseFileReference(safe, '/etc/passwd'), 'etc/passwd', 'below the root');
  });
});

describe('fileUrl()', () => {
  const base = { apiDomain: '', fallbackOrigin: 'http://10.0.0.5:9997' };

  it('uses the public base, or the way by which the client came', () => {
    assert.equal(fileUrl(base, '/20250116/x.mp4'), 'http://10.0.0.5:9997/res/20250116/x.mp4');
    const apiDomain = 'https://video.example.com/';
    assert.equal(fileUrl({ ...base, apiDomain }, '/a/b'), 'https://video.example.com/res/a/b');
    assert.throws(() => fileUrl(base, 'a'), { code: 'bad-file-name' });
  });

  it('encodes every part so that it comes back', () => {
    assert.equal(
      fileUrl(base, '/f/会 #1?.mp4'),
      `${base.fallbackOrigin}/res/f/%E4%BC%9A%20%231%3F.mp4`,
    );
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((each) => !/^\.{1,2}$/u.test(each));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (names) => {
        const parts = names.map((each) => each.replaceAll('/', '_'));
        const { pathname, search, hash } = new URL(fileUrl(base, `/${parts.join('/')}`));
        assert.deepEqual([search, hash], ['', '']);
        assert.deepEqual(pathname.split('/').slice(2).map(decodeURIComponent), parts);
      }),
      { numRuns: 50 },
    );
  });
});

describe('newFileName()', () => {
  it('keeps the extension', () => {
    assert.equal(newFileName('a.mp4', 'b'), 'b.mp4');
    assert.equal(newFileName('a.mp4', 'b.mp4'), 'b.mp4');
    assert.equal(newFileName('a.mp4', 'b.MP4'), 'b.MP4');
    assert.equal(newFileName('a.mp4', 'v1.2'), 'v1.2.mp4');
    assert.equal(newFileName('a', 'b.x'), 'b.x');
  });

  it('refuses what is no name for this file', () => {
    const long = 'x'.repeat(197);
    for (const name of [
      'b.ts',
      'b.JPG',
      '.mp4',
      '../b',
      'b/c',
      '',
      'con',
      'thumbnail-b',
      'Thumbnail-b',
      long,
    ]) {
      const rename = (): string => newFileName('a.mp4', name);
      assert.throws(rename, { kind: 'invalid-argument', code: 'bad-file-name' }, name);
    }
    assert.equal(newFileName('a.mp4', 'x'.repeat(196)).length, 200);
  });
});

describe('numberedName()', () => {
  it('puts the number before the extension', () => {
    assert.equal(numberedName('a.b.mp4', 0), 'a.b.mp4');
    assert.equal(numberedName('a.b.mp4', 2), 'a.b-2.mp4');
    assert.equal(numberedName('a', 1), 'a-1');
  });
});
