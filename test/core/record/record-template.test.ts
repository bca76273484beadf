// Names that patterns make and read back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordTemplate } from '../../../core/record/record-template.ts';

const PEERS = './recordings/%path/%Y-%m-%d_%H-%M-%S-%f';
const START = new Date(2025, 0, 16, 14, 30, 5, 123).getTime();

function nameOf(pattern: string, fields: { pathName?: string; attempt?: number } = {}): string {
  const { pathName = 'cam', attempt = 0 } = fields;
  const template = new RecordTemplate(pattern, '/etc');
  return template.fileFor({ pathName, startAt: START, extension: '.mp4', attempt });
}

describe('RecordTemplate', () => {
  it('makes the names that MediaMTX makes', () => {
    const template = new RecordTemplate(PEERS, '/etc/m');
    assert.equal(template.root, '/etc/m/recordings');
    assert.equal(nameOf(PEERS), 'cam/2025-01-16_14-30-05-123000.mp4');
    assert.equal(nameOf('/srv/%s/%path'), `${Math.floor(START / 1000)}/cam.mp4`);
  });

  it('finds another name while one is taken, which it reads as well', () => {
    assert.equal(nameOf(PEERS, { attempt: 2 }), 'cam/2025-01-16_14-30-05-123002.mp4');
    const name = nameOf('/srv/%path/%s', { attempt: 2 });
    assert.match(name, /^cam\/\d+-2\.mp4$/u);
    assert.equal(new RecordTemplate('/srv/%path/%s', '/').read(name)?.pathName, 'cam');
  });

  it('writes and reads UTC as MediaMTX does, and as it did itself before', () => {
    const template = new RecordTemplate('/srv/%path/%Y-%m-%d_%H-%M-%S-%f%z', '/');
    const startAt = Date.UTC(2025, 0, 16, 14, 30, 5, 123);
    for (const zone of ['Z', '+0000']) {
      const found = template.read(`cam/2025-01-16_14-30-05-123000${zone}.mp4`);
      assert.deepEqual(found, { pathName: 'cam', startAt });
    }
    const { TZ } = process.env;
    try {
      process.env['TZ'] = 'UTC';
      const file = { pathName: 'cam', startAt, extension: '.mp4', attempt: 0 };
      assert.equal(template.fileFor(file), 'cam/2025-01-16_14-30-05-123000Z.mp4');
      process.env['TZ'] = 'Asia/Kolkata';
      assert.equal(template.fileFor(file), 'cam/2025-01-16_20-00-05-123000+0530.mp4');
    } finally {
      if (TZ === undefined) delete process.env['TZ'];
      else process.env['TZ'] = TZ;
    }
  });

  it('reads back what it made, whatever the pattern', () => {
    const segment = fc.stringMatching(/^[0-9A-Za-z_-][0-9A-Za-z_.-]{0,8}$/u);
    const pathName = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
    const patterns = [
      PEERS,
      '/srv/%path/%Y/%m/%d/%H-%M-%S-%f%z',
      '/srv/%Y-%m-%d/%path/%s-%f',
      '/srv/a(b)+[%path]/%Y/%Y-%m-%d_%H-%M-%S-%f',
      '%path/%path_%s.%f',
    ].map((pattern) => new RecordTemplate(pattern, '/base'));
    const startAt = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(fc.constantFrom(...patterns), pathName, startAt, (template, name, at) => {
        const wanted = { pathName: name, startAt: at, extension: '.ts', attempt: 0 };
        const file = template.fileFor(wanted);
        const found = template.read(file);
        assert.equal(found?.pathName, name);
        // Without a zone an hour of autumn comes twice.
        assert.equal(Math.round(found.startAt - at) % 3_600_000, 0);
        const folders = file.split('/').slice(0, -1);
        for (let depth = 1; depth <= folders.length; depth++) {
          assert.ok(template.hasFolder(folders.slice(0, depth).join('/')), file);
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const file of [
    '2025-01-16_14-30-05-123000.mp4',
    'cam/2025-01-16_14-30-05-123000.jpg',
    'cam/2025-13-16_14-30-05-123000.mp4',
    'cam/2025-01-16_14-61-05-123000.mp4',
    'cam/2025-01-16_14-30-05.mp4',
    '../cam/2025-01-16_14-30-05-123000.mp4',
    '.hidden/2025-01-16_14-30-05-123000.mp4',
    'cam//2025-01-16_14-30-05-123000.mp4',
    'c\0am/2025-01-16_14-30-05-123000.mp4',
    `${'a/'.repeat(20)}2025-01-16_14-30-05-123000.mp4`,
    `${'a'.repeat(300)}/2025-01-16_14-30-05-123000.mp4`,
  ]) {
    it(`does not take ${JSON.stringify(file.slice(0, 60))} for one of its own`, () => {
      assert.equal(new RecordTemplate(PEERS, '/').read(file), undefined);
    });
  }

  it('reads random names in no time', () => {
    const template = new RecordTemplate('/srv/%path-%path_%Y-%m-%d_%H-%M-%S-%f', '/');
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (file) => {
        template.read(file);
        template.hasFolder(file);
      }),
      { numRuns: 5000 },
    );
    const beganMs = performance.now();
    template.read(`${'a-'.repeat(400)}.mp4`);
    template.hasFolder('a-'.repeat(400));
    assert.ok(performance.now() - beganMs < 200);
  });

  it('keeps folders of others out', () => {
    const template = new RecordTemplate('/srv/%Y/%path/%s', '/');
    assert.equal(template.hasFolder('2025'), true);
    assert.equal(template.hasFolder('2025/cam/x'), true);
    assert.equal(template.hasFolder('tmp'), false);
    assert.equal(template.hasFolder('20250116'), false);
  });
});
