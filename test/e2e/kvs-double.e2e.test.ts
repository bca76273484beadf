// The double of Kinesis Video Streams, judged by AWS's own clients: SDK v3, boto3, the signalling SDK.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  CreateSignalingChannelCommand,
  CreateStreamCommand,
  DeleteSignalingChannelCommand,
  DescribeSignalingChannelCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  GetSignalingChannelEndpointCommand,
  KinesisVideoClient,
  ListSignalingChannelsCommand,
  ResourceInUseException,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis-video';
import {
  GetIceServerConfigCommand,
  KinesisVideoSignalingClient,
} from '@aws-sdk/client-kinesis-video-signaling';
import { z } from 'zod';
import { DEFAULT_KVS_KEY, KvsDouble } from '../support/kvs/kvs-double.ts';
import type { KvsCredentials } from '../support/kvs/sigv4-verifier.ts';
import type { Chromium } from './support/chromium.ts';
import { ChildProgram } from './support/child-program.ts';
import { KvsMasterPage } from './support/kvs-master-page.ts';
import { KvsSite, launchKvsChromium } from './support/kvs-site.ts';
import { KvsViewerPage } from './support/kvs-viewer-page.ts';
import { TurnServer } from './support/turn-server.ts';

const ICE_SERVER = {
  Uris: ['turn:127.0.0.1:9?transport=udp'],
  Username: 'user',
  Password: 'secret',
  Ttl: 300,
};
const BOTO3 = join(import.meta.dirname, 'support/kvs_boto3.py');

function clientOf(
  double: KvsDouble,
  credentials: KvsCredentials = DEFAULT_KVS_KEY,
  systemClockOffset = 0,
): KinesisVideoClient {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return new KinesisVideoClient({
    region: double.region,
    endpoint: double.endpoint,
    credentials: {
      ...{ accessKeyId, secretAccessKey },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    maxAttempts: 1,
    systemClockOffset,
  });
}

describe('the control plane of the Kinesis double', () => {
  let double: KvsDouble;

  before(async () => {
    double = await KvsDouble.start({ iceServers: [ICE_SERVER], creatingDescriptions: 1 });
    double.catalog.addStream('ready', { retentionHours: 2 });
  });

  after(() => double.close());

  it('serves the channel operations to SDK v3', async () => {
    const client = clientOf(double);
    const ChannelName = 'front-door';
    const { ChannelARN } = await client.send(new CreateSignalingChannelCommand({ ChannelName }));
    const describe = new DescribeSignalingChannelCommand({ ChannelName });
    assert.equal((await client.send(describe)).ChannelInfo?.ChannelStatus, 'CREATING');
    const { ChannelInfo } = await client.send(describe);
    assert.equal(ChannelInfo?.ChannelStatus, 'ACTIVE');
    assert.equal(ChannelInfo.ChannelARN, ChannelARN);
    assert.equal(ChannelInfo.ChannelType, 'SINGLE_MASTER');
    assert.ok(Math.abs(Number(ChannelInfo.CreationTime) - Date.now()) < 60_000);
    const { ChannelInfoList } = await client.send(new ListSignalingChannelsCommand({}));
    assert.deepEqual(
      ChannelInfoList?.map((each) => each.ChannelName),
      [ChannelName],
    );
    const { ResourceEndpointList } = await client.send(
      new GetSignalingChannelEndpointCommand({
        ChannelARN,
        SingleMasterChannelEndpointConfiguration: { Protocols: ['WSS', 'HTTPS'], Role: 'VIEWER' },
      }),
    );
    assert.deepEqual(ResourceEndpointList, [
      { Protocol: 'WSS', ResourceEndpoint: double.endpoints.viewer },
      { Protocol: 'HTTPS', ResourceEndpoint: double.endpoints.api },
    ]);
    const signaling = new KinesisVideoSignalingClient({
      region: double.region,
      endpoint: double.endpoints.api,
      credentials: DEFAULT_KVS_KEY,
    });
    const { IceServerList } = await signaling.send(new GetIceServerConfigCommand({ ChannelARN }));
    assert.deepEqual(IceServerList, [ICE_SERVER]);
    await client.send(new DeleteSignalingChannelCommand({ ChannelARN }));
    await assert.rejects(client.send(describe), ResourceNotFoundException);
  });

  it('serves the stream operations to SDK v3', async () => {
    const client = clientOf(double);
    const StreamName = 'garden';
    const { StreamARN } = await client.send(
      new CreateStreamCommand({ StreamName, DataRetentionInHours: 24, MediaType: 'video/h264' }),
    );
    await client.send(new DescribeStreamCommand({ StreamName }));
    const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamARN }));
    assert.equal(StreamInfo?.Status, 'ACTIVE');
    assert.equal(StreamInfo.DataRetentionInHours, 24);
    const { DataEndpoint } = await client.send(
      new GetDataEndpointCommand({ APIName: 'PUT_MEDIA', StreamName }),
    );
    assert.equal(DataEndpoint, double.endpoints.data);
    const again = client.send(new CreateStreamCommand({ StreamName }));
    await assert.rejects(again, ResourceInUseException);
  });

  const describeReady = new DescribeStreamCommand({ StreamName: 'ready' });
  const refusals: readonly [string, () => KinesisVideoClient, string][] = [
    [
      'a wrong secret',
      () => clientOf(double, { ...DEFAULT_KVS_KEY, secretAccessKey: 'wrong' }),
      'InvalidSignatureException',
    ],
    [
      'an unknown key',
      () => clientOf(double, { ...DEFAULT_KVS_KEY, accessKeyId: 'AKIASTRANGER' }),
      'UnrecognizedClientException',
    ],
    [
      'a clock that is 6 min late',
      () => clientOf(double, DEFAULT_KVS_KEY, -360_000),
      'InvalidSignatureException',
    ],
    [
      'an expired token',
      () => {
        const key = { accessKeyId: 'ASIAEXPIRED', secretAccessKey: 's', sessionToken: 'token' };
        double.putKey({ ...key, expiresAt: Date.now() - 1000 });
        return clientOf(double, key);
      },
      'ExpiredTokenException',
    ],
    [
      'an ordered AccessDeniedException',
      () => {
        const failure = { kind: 'error', type: 'AccessDeniedException' } as const;
        double.failures.failNext('describeStream', failure);
        return clientOf(double);
      },
      'AccessDeniedException',
    ],
  ];
  for (const [what, client, name] of refusals) {
    it(`answers ${what} by ${name}`, async () => {
      await assert.rejects(client().send(describeReady), { name });
    });
  }

  it('accepts a session token', async () => {
    const key = { accessKeyId: 'ASIATEMPORARY', secretAccessKey: 's', sessionToken: 'a+token/=' };
    double.putKey(key);
    await clientOf(double, key).send(describeReady);
  });

  it('serves boto3', async () => {
    const { accessKeyId, secretAccessKey } = DEFAULT_KVS_KEY;
    const args = [BOTO3, double.endpoint, double.region, accessKeyId, secretAccessKey];
    const program = new ChildProgram({ name: 'boto3', command: '/usr/bin/python3', args });
    const { code } = await program.waitForExit(30_000);
    assert.equal(code, 0, program.output);
    const report = z.record(z.string(), z.unknown()).parse(JSON.parse(program.stdout));
    const year = new Date().getFullYear();
    assert.deepEqual(report, {
      channel: { isSameArn: true, status: 'CREATING', ttl: 30, year },
      listed: ['boto-channel'],
      endpoints: {
        MASTER: { WSS: double.endpoints.master, HTTPS: double.endpoints.api },
        VIEWER: { WSS: double.endpoints.viewer, HTTPS: double.endpoints.api },
      },
      iceServers: [ICE_SERVER],
      stream: {
        ...{ name: 'boto-stream', status: 'CREATING', retention: 24 },
        mediaType: 'video/h264,audio/aac',
      },
      dataEndpoint: double.endpoints.data,
      errors: {
        again: ['ResourceInUseException', 400, 'ResourceInUseException'],
        channelAgain: ['ResourceInUseException', 400, 'ResourceInUseException'],
        noChannel: ['ResourceNotFoundException', 404, 'ResourceNotFoundException'],
        noStream: ['ResourceNotFoundException', 404, 'ResourceNotFoundException'],
        noName: ['InvalidArgumentException', 400, 'InvalidArgumentException'],
        noEndpoint: ['ResourceNotFoundException', 404, 'ResourceNotFoundException'],
        version: ['VersionMismatchException', 400, 'VersionMismatchException'],
        deleted: ['ResourceNotFoundException', 404, 'ResourceNotFoundException'],
        wrongSecret: ['InvalidSignatureException', 403, 'ClientError'],
        unknownKey: ['UnrecognizedClientException', 403, 'ClientError'],
      },
    });
  });
});

describe('the signalling of the Kinesis double', () => {
  const opened = new AsyncDisposableStack();
  let double: KvsDouble;
  let site: KvsSite;
  let browser: Chromium;

  before(async () => {
    double = opened.use(await KvsDouble.start({ channels: ['cam', 'other'] }));
    site = opened.use(await KvsSite.start());
    browser = opened.use(await launchKvsChromium());
  });

  after(() => opened.disposeAsync());

  it('joins a MASTER and a VIEWER of the signalling SDK', async () => {
    const options = { double, channelName: 'cam' };
    const master = await KvsMasterPage.start(await site.open(browser), options);
    assert.equal(master.opened, 'open');
    const clientId = 'viewer-1';
    const viewer = await KvsViewerPage.start(await site.open(browser), { ...options, clientId });
    const report = await viewer.waitForFrames(30);
    assert.equal(report.video?.codec, 'video/H264');
    assert.ok((report.audio?.packetsReceived ?? 0) > 0, JSON.stringify(report.audio));
    assert.ok(report.candidateCount > 0);
    assert.deepEqual(report.errors, []);
    const masterReport = await master.report();
    assert.deepEqual(
      masterReport.viewers.map((each) => [each.clientId, each.connectionState, each.errors]),
      [[clientId, 'connected', []]],
    );
    const { peers } = double.signaling.relay('cam');
    assert.deepEqual(
      peers.map(({ role, violations }) => [role, violations]),
      [
        ['MASTER', []],
        ['VIEWER', []],
      ],
    );

    await master.sendTooMuch('first');
    await viewer.sendTooMuch('second');
    const isTold = (told: { statusResponses: unknown[] }): boolean =>
      told.statusResponses.length > 0;
    const [toMaster, toViewer] = await Promise.all([
      master.waitFor(isTold),
      viewer.waitFor(isTold),
    ]);
    assert.equal(toMaster.statusResponses[0]?.correlationId, 'first');
    assert.equal(toViewer.statusResponses[0]?.errorType, 'InvalidArgumentException');

    for (const peer of peers) peer.close();
    await viewer.waitFor(({ events }) => events.includes('close'));
    assert.equal(await viewer.reopen(), 'open');
    await master.waitFor(({ events }) => events.includes('close'));
    assert.equal(await master.reopen(), 'open');
    const before = (await viewer.report()).video?.framesDecoded ?? 0;
    await viewer.waitForFrames(before + 20);
    await Promise.all([master.stop(), viewer.stop()]);
  });

  it('hands a held offer to a master that comes later', async () => {
    const options = { double, channelName: 'other' };
    const clientId = 'early';
    const viewer = await KvsViewerPage.start(await site.open(browser), { ...options, clientId });
    assert.equal(viewer.opened, 'open');
    const master = await KvsMasterPage.start(await site.open(browser), options);
    await viewer.waitForFrames(10);
    await Promise.all([master.stop(), viewer.stop()]);
  });

  it('relays the media of both through a real TURN server', async () => {
    const lines = ['lt-cred-mech', 'user=kvs:relay-secret', 'realm=turn.example.com'];
    await using turn = await TurnServer.start(lines);
    const server = { Uris: [turn.url], Username: 'kvs', Password: 'relay-secret', Ttl: 300 };
    await using relayed = await KvsDouble.start({ channels: ['cam'], iceServers: [server] });
    const options = { double: relayed, channelName: 'cam', isRelayOnly: true };
    const master = await KvsMasterPage.start(await site.open(browser), options);
    const clientId = 'far';
    const viewer = await KvsViewerPage.start(await site.open(browser), { ...options, clientId });
    const { pair } = await viewer.waitForFrames(10);
    assert.match(pair?.local ?? '', /^relay /u);
    assert.match(pair?.remote ?? '', /^relay /u);
    await Promise.all([master.stop(), viewer.stop()]);
  });

  it('refuses wrong credentials', async () => {
    const page = await site.open(browser);
    const credentials = { ...DEFAULT_KVS_KEY, secretAccessKey: 'wrong' };
    const options = { double, channelName: 'cam', credentials, clientId: 'stranger' };
    const viewer = await KvsViewerPage.start(page, options);
    assert.equal(viewer.opened, 'error');
    const last = double.failures.calls.findLast((call) => call.operation === 'connectAsViewer');
    assert.equal(last?.status, 403);
    assert.equal(last.errorType, 'InvalidSignatureException');
  });
});
