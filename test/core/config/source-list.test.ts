// A list of sources in the configuration: what is accepted, shown, and written back.
import assert from 'node:assert/strict';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import { redactPath } from '../../../core/config/redact-config.ts';
import { restoreSecrets } from '../../../core/config/restore-secrets.ts';
import { preferredSource, sourcesOf } from '../../../core/config/source-list.ts';
import { writeBack } from '../../../core/config/write-back.ts';

function errorsOf(source: string): string[] {
  const text = `paths:\n  cam:\n    source: ${source}\n`;
  const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
  return issues.map(({ key, message }) => `${key}: ${message}`);
}

const LIST = '["rtsp://u:one@a/", "rtsp://u:two@b/"]';
const config = loadConfig({ text: `paths: { cam: { source: ${LIST} } }`, env: {} });
const PLACE = ['paths', 'cam', 'source'];

describe('source: a list', () => {
  it('stays a list, and a text stays a text', () => {
    const cam = config.paths.get('cam');
    assert.ok(cam);
    assert.deepEqual(cam.source, ['rtsp://u:one@a/', 'rtsp://u:two@b/']);
    assert.equal(preferredSource(cam), 'rtsp://u:one@a/');
    assert.deepEqual(sourcesOf(config.pathDefaults), ['publisher']);
    assert.equal(config.pathDefaults.source, 'publisher');
  });

  it('is refused with the place and reason of each entry', () => {
    for (const [source, errors] of [
      ['[]', ['paths.cam.source: must be text, or a list of 1 to 16 texts, not a list']],
      ['[1]', ['paths.cam.source: must be text, or a list of 1 to 16 texts, not a list']],
      ['{ a: 1 }', ['paths.cam.source: must be text, or a list of 1 to 16 texts, not a map']],
      [
        '[publisher, redirect]',
        [
          "paths.cam.source[0]: 'publisher' can't be one of several sources; only URLs can",
          "paths.cam.source[1]: 'redirect' can't be one of several sources; only URLs can",
        ],
      ],
      ['["rtsp://a/", "ftp://b/"]', ["paths.cam.source[1]: invalid source: 'ftp://b/'"]],
      [
        '["rtsp://u:p@a/", "rtsp://u:p@a/"]',
        ["paths.cam.source[1]: 'rtsp://***@a/' is in the list twice"],
      ],
      [
        '["rtsp://a/", "rtsp://u@b/"]',
        ['paths.cam.source[1]: username and password must be both provided'],
      ],
      [
        '["udp+rtp://h:1", "rtsp://a/"]',
        ["paths.cam.rtpSDP: 'rtpSDP' must be set when source is 'udp+rtp'"],
      ],
    ] as const) {
      assert.deepEqual(errorsOf(source), errors, source);
    }
  });

  it('is written in variables item by item, over a text of the file as well', () => {
    const first = { MTX_PATHS_CAM_SOURCE_0: 'rtsp://a/' };
    const second = { MTX_PATHS_CAM_SOURCE_1: 'rtsp://b/?c=1,2' };
    const text = 'paths: { cam: { source: "rtsp://f/" } }';
    for (const [file, env, source] of [
      ['', { MTX_PATHS_CAM_SOURCE: 'rtsp://a/?b=1,2' }, 'rtsp://a/?b=1,2'],
      ['', { ...first, ...second }, ['rtsp://a/', 'rtsp://b/?c=1,2']],
      [text, { ...first, ...second }, ['rtsp://a/', 'rtsp://b/?c=1,2']],
      [text, second, ['rtsp://f/', 'rtsp://b/?c=1,2']],
      ['', { MTX_PATHS_CAM_SOURCE: 'rtsp://v/', ...second }, ['rtsp://v/', 'rtsp://b/?c=1,2']],
    ] as const) {
      assert.deepEqual(loadConfig({ text: file, env }).paths.get('cam')?.source, source);
    }
    assert.throws(() => loadConfig({ env: { MTX_PATHS_CAM_SOURCE_2: 'rtsp://c/' } }), {
      message: /'_2' in the name is no index of the list/u,
    });
  });

  it('tells which entries can not be pulled', () => {
    const text = 'paths: { cam: { source: ["srt://a:9/", "rtsp://b/"] } }';
    assert.deepEqual(
      loadConfig({ text, env: {} }).warnings.map(({ message }) => message),
      [
        "configuration:1:17: paths.cam.source: sources of kind 'srt' are not available in this version; it is left out",
      ],
    );
  });

  it('is shown without passwords', () => {
    const cam = config.paths.get('cam');
    assert.ok(cam);
    assert.deepEqual(redactPath(cam)['source'], ['rtsp://***@a/', 'rtsp://***@b/']);
  });

  it('gets its passwords back, moved, added to, or as one text', () => {
    for (const [value, restored] of [
      [
        ['rtsp://***@a/', 'rtsp://***@b/'],
        ['rtsp://u:one@a/', 'rtsp://u:two@b/'],
      ],
      [
        ['rtsp://***@b/', 'rtsp://c/', 'rtsp://***@a/'],
        ['rtsp://u:two@b/', 'rtsp://c/', 'rtsp://u:one@a/'],
      ],
      ['rtsp://***@b/', 'rtsp://u:two@b/'],
    ] as const) {
      assert.deepEqual(restoreSecrets(config, { path: PLACE, value }).value, restored);
    }
    const single = loadConfig({ text: 'paths: { cam: { source: "rtsp://u:one@a/" } }', env: {} });
    const value = ['rtsp://b/', 'rtsp://***@a/'];
    assert.deepEqual(restoreSecrets(single, { path: PLACE, value }).value, [
      'rtsp://b/',
      'rtsp://u:one@a/',
    ]);
    assert.throws(() => restoreSecrets(config, { path: PLACE, value: ['rtsp://***@other/'] }), {
      code: 'config-redacted-secret',
    });
  });

  it('keeps apart the passwords of two users of one camera', () => {
    const both = loadConfig({
      text: 'paths: { cam: { source: ["rtsp://u:one@a/", "rtsp://u:two@a/"] } }',
      env: {},
    });
    const value = ['rtsp://***@a/', 'rtsp://***@a/'];
    assert.deepEqual(restoreSecrets(both, { path: PLACE, value }).value, [
      'rtsp://u:one@a/',
      'rtsp://u:two@a/',
    ]);
    const longer = ['rtsp://b/', ...value];
    assert.deepEqual(restoreSecrets(both, { path: PLACE, value: longer }).value, [
      'rtsp://b/',
      'rtsp://u:one@a/',
      'rtsp://u:two@a/',
    ]);
    for (const unclear of [['rtsp://***@a/'], ['rtsp://b/', 'rtsp://***@a/'], 'rtsp://***@a/']) {
      assert.throws(() => restoreSecrets(both, { path: PLACE, value: unclear }), {
        code: 'config-redacted-secret',
      });
    }
  });

  it('is written where the text stood, with its comment', () => {
    const text = 'paths:\n  cam:\n    source: rtsp://a/ # east\n    record: no\n';
    const written = writeBack(text, { path: PLACE, value: ['rtsp://a/', 'rtsp://b/'] });
    assert.deepEqual(loadConfig({ text: written, env: {} }).paths.get('cam')?.source, [
      'rtsp://a/',
      'rtsp://b/',
    ]);
    assert.match(written, /# east/u);
    assert.match(written, /\n {4}record: no\n$/u);
  });
});
