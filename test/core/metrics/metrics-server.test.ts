// The metrics listener over HTTP: access, filters, probes.
import assert from 'node:assert/strict';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { memberFamilies } from '../../../core/base/member-families.ts';
import type { MetricGroup } from '../../../core/base/metric-family.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { AccessQuestion } from '../../../core/http/route.ts';
import { healthRoutes } from '../../../core/metrics/health-routes.ts';
import { MetricsServer } from '../../../core/metrics/metrics-server.ts';
import { Readiness } from '../../../core/metrics/readiness.ts';
import { httpRequest, type TestReply } from '../../support/http-client.ts';
import { parsePrometheus } from '../../support/prometheus-text.ts';

interface Fixture extends AsyncDisposable {
  readonly readiness: Readiness;
  readonly reload: { isCurrent: boolean };
  readonly questions: AccessQuestion[];
  get(path: string): Promise<TestReply>;
  names(query: string): Promise<readonly string[]>;
}

const groupOf = (type: string, filter: string, members: readonly string[]): MetricGroup => ({
  ...{ type, filter },
  collect: (asked) =>
    memberFamilies(
      [{ name: type, type: 'gauge', help: 'x', value: () => 1 }],
      members.filter((name) => asked === undefined || name === asked),
      { isFiltered: asked !== undefined, labels: (name) => ({ name }) },
    ),
});

const samples = [{ labels: {}, value: 1 }];
const GROUPS: readonly MetricGroup[] = [
  groupOf('paths', 'path', ['a', 'b']),
  groupOf('rtsp_conns', 'rtsp_conn', []),
  { type: 'process', collect: () => [{ name: 'up', type: 'gauge', help: 'x', samples }] },
];

async function setUp(isAllowed = true): Promise<Fixture> {
  const readiness = new Readiness();
  const state = { isCurrent: true, lastSuccessAt: 0, successes: 0, failures: 0 };
  const questions: AccessQuestion[] = [];
  const server = new MetricsServer(
    {
      ...{ clock: systemClock, logger: silentLogger, groups: () => GROUPS },
      routes: healthRoutes({ readiness, reload: () => state }),
      access: (question) => {
        questions.push(question);
        if (isAllowed) return Promise.resolve({ user: '' });
        return Promise.reject(new MediaError('permission-denied', 'denied', 'not you'));
      },
    },
    loadConfig({ text: 'metricsAddress: 127.0.0.1:0', env: {} }).global,
  );
  await server.start();
  const get = (path: string): Promise<TestReply> =>
    httpRequest({ port: server.address.port, path });
  return {
    ...{ readiness, reload: state, questions, get },
    names: async (query) => [...parsePrometheus((await get(`/metrics${query}`)).body).keys()],
    [Symbol.asyncDispose]: () => server.close(),
  };
}

describe('MetricsServer', () => {
  it('serves text of format 0.0.4 to those with the action metrics', async () => {
    await using fixture = await setUp();
    const reply = await fixture.get('/metrics');
    assert.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.deepEqual([...parsePrometheus(reply.body).keys()], ['paths', 'rtsp_conns', 'up']);
    assert.equal(fixture.questions[0]?.action, 'metrics');
  });

  it('serves nothing to others, but answers probes', async () => {
    await using fixture = await setUp(false);
    assert.equal((await fixture.get('/metrics')).status, 403);
    assert.equal((await fixture.get('/health')).status, 200);
    assert.equal((await fixture.get('/ready')).status, 200);
  });

  it('gives the group that is asked for', async () => {
    await using fixture = await setUp();
    assert.deepEqual(await fixture.names('?type=paths'), ['paths']);
    assert.deepEqual(await fixture.names('?type=hls_muxers'), []);
  });

  it('gives one member and nothing of other groups, also no zeros', async () => {
    await using fixture = await setUp();
    const { body } = await fixture.get('/metrics?path=b');
    const families = parsePrometheus(body);
    assert.deepEqual([...families.keys()], ['paths']);
    assert.deepEqual(
      families.get('paths')?.samples.map(({ labels }) => labels['name']),
      ['b'],
    );
    assert.deepEqual(await fixture.names('?path=nobody'), []);
    assert.deepEqual(await fixture.names('?rtsp_conn=x'), []);
  });

  it('writes an unlabelled zero for an empty list', async () => {
    await using fixture = await setUp();
    assert.match((await fixture.get('/metrics')).body, /^rtsp_conns 0$/mu);
  });

  it('is not ready until everything is open, and says what is missing', async () => {
    await using fixture = await setUp();
    fixture.readiness.expect('RTSP listener');
    const early = await fixture.get('/ready');
    assert.equal(early.status, 503);
    assert.deepEqual(JSON.parse(early.body), {
      ...{ status: 'notReady', reasons: ['RTSP listener is not open yet'], warnings: [] },
    });
    fixture.readiness.fulfill('RTSP listener');
    assert.equal((await fixture.get('/ready')).status, 200);
    fixture.readiness.stop();
    assert.equal((await fixture.get('/ready')).status, 503);
  });

  it('stays ready with an older configuration, and warns', async () => {
    await using fixture = await setUp();
    fixture.reload.isCurrent = false;
    const reply = await fixture.get('/ready');
    assert.equal(reply.status, 200);
    assert.match(reply.body, /could not be used/u);
  });
});
