// Recordings as clients see them, also in the moment before there is a file.
import assert from 'node:assert/strict';
import type { Endpoint } from '../../../../core/api/endpoint.ts';
import {
  recordEndpoints,
  type RecordTaskFacts,
} from '../../../../pro/api/endpoints/record-endpoints.ts';
import { fileUrl } from '../../../../pro/library/file-url.ts';
import { serveEndpoints } from '../endpoints-fixture.ts';

const running: RecordTaskFacts = {
  ...{ id: 'a', name: 'cam1', fileName: 'x.mp4', filePath: '/20250116/x.mp4' },
  ...{ fullPath: '/r/20250116/x.mp4', startAt: 0, taskEndAt: 1000 },
  ...{ isAutomatic: false, sizeBytes: 1 },
};
/** Waits for its first key frame. */
const waiting: RecordTaskFacts = {
  ...running,
  ...{ id: 'b', name: 'cam2', fileName: '', filePath: '', fullPath: '', sizeBytes: 0 },
};

function endpoints(): readonly Endpoint[] {
  return recordEndpoints({
    start: () => Promise.resolve({ existed: true, task: waiting }),
    stop: () => Promise.resolve(waiting),
    task: () => waiting,
    tasks: () => [running, waiting],
    fileUrl: (filePath) =>
      fileUrl({ apiDomain: '', fallbackOrigin: 'http://10.0.0.5:9997' }, filePath),
  });
}

describe('recordEndpoints()', () => {
  it('lists all recordings while one of them waits for its first file', async () => {
    await using served = await serveEndpoints(endpoints());
    const { status, json } = await served.ask('GET /api/v2/record/tasks');
    assert.equal(status, 200);
    assert.match(
      JSON.stringify(json),
      /"fileURL":"http:\/\/10\.0\.0\.5:9997\/res\/20250116\/x\.mp4"/u,
    );
    assert.match(JSON.stringify(json), /"name":"cam2","fileName":"".*"fileURL":""/u);
  });

  it('tells of a recording without a file with empty names', async () => {
    await using served = await serveEndpoints(endpoints());
    const order = { name: 'cam2', videoFormat: 'mp4' };
    for (const [target, body] of [
      ['GET /api/v2/record/task/cam2', undefined],
      ['POST /api/v2/record/start', order],
      ['POST /api/v2/record/stop', { name: 'cam2' }],
    ] as const) {
      const { status, json } = await served.ask(target, body);
      assert.equal(status, 200, target);
      assert.match(JSON.stringify(json), /"filePath":"","fullPath":"","fileURL":""/u);
    }
  });
});
