// API v2 put together: every endpoint with the room that answers it, the document, and the files.
import { preferredSource } from '../../core/config/source-list.ts';
import type { ApiParts } from '../../core/api/api-server.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';
import type { Path } from '../../core/path/path.ts';
import { apiRoutes, v2ErrorEnvelope } from '../api/api-routes.ts';
import { apiV2Document, apiV2Endpoints, type ApiV2Services } from '../api/api-v2-endpoints.ts';
import { docsRoutes } from '../api/docs-routes.ts';
import type { PathDisplay, PathsApi } from '../api/endpoints/path-endpoints.ts';
import type { RecordApi, RecordTaskFacts } from '../api/endpoints/record-endpoints.ts';
import type { ServerFacts, ServerStats } from '../api/endpoints/server-endpoints.ts';
import type { SmartApi } from '../api/endpoints/smart-endpoints.ts';
import type { SnapshotApi } from '../api/endpoints/snapshot-endpoints.ts';
import { resRoutes } from '../api/res-routes.ts';
import type { ExportQueue } from '../export/export-queue.ts';
import type { RecordManager } from '../record/record-manager.ts';
import type { RecordTaskInfo } from '../record/record-task.ts';
import type { WebSocketHub } from '../websocket/websocket-hub.ts';
import type { Devices } from './assemble-devices.ts';
import type { Pictures } from './assemble-pictures.ts';
import type { ProConfigWatch } from './pro-config-watch.ts';
import type { Recordings } from './assemble-recordings.ts';
import type { Signaling } from './assemble-signaling.ts';
import type { Smart } from './assemble-smart.ts';
import { settingsOf, type ProContext } from './pro-context.ts';

/** The rooms that answer. */
export interface ApiRooms {
  readonly devices: Devices;
  readonly pictures: Pictures;
  readonly recordings: Recordings;
  readonly recorder: RecordManager;
  readonly smart: Smart;
  readonly exports: ExportQueue;
  readonly hub: WebSocketHub;
  readonly signaling: Signaling;
  readonly proConfig: Pick<ProConfigWatch, 'status'>;
}

/** Routes of API v2, of its page, of the files and of the WebSocket. */
export function assembleApi(context: ProContext, rooms: ApiRooms): ApiParts {
  const { fileUrl } = context;
  const { exports, recordings, devices } = rooms;
  const services: ApiV2Services = {
    server: serverFacts(context, rooms),
    paths: pathsApi(context, rooms),
    record: recordApi(context, rooms.recorder),
    files: { ...recordings.api, fileUrl },
    snapshots: snapshotApi(context, rooms.pictures),
    exports: {
      run: (request, signal) => exports.run(request, signal),
      enqueue: (request) => exports.enqueue(request),
      jobs: () => exports.jobs(),
      cancel: (id) => exports.cancel(id),
      fileUrl,
    },
    smart: smartApi(context, rooms),
    devices: { forward: (path, request) => devices.proxy.forward(path, request) },
  };
  const endpoints = apiV2Endpoints(services);
  const document = apiV2Document(endpoints, context.version);
  return {
    routes: [...apiRoutes(endpoints), ...docsRoutes(document), ...resRoutes(recordings.served)],
    upgrades: [rooms.hub.route],
    errors: { below: '/api/v2/', envelope: v2ErrorEnvelope },
  };
}

function serverFacts(context: ProContext, rooms: ApiRooms): ServerFacts {
  const { clock, proKeys, version, startedAt } = context;
  return {
    ...{ version, startedAt, nowAt: () => clock.nowMs() },
    stats: () => serverStats(context, rooms),
    proConfig: () => rooms.proConfig.status,
    isHealthPublic: proKeys.global.read(context.configNow().global).isHealthPublic,
  };
}

function serverStats({ core, configNow }: ProContext, rooms: ApiRooms): ServerStats {
  const paths = core.pathManager.list();
  const { global, paths: configured } = configNow();
  const { rtsp, webrtc } = global;
  return {
    pathsCount: paths.length,
    onlinePathsCount: paths.filter(({ onlineAt }) => onlineAt !== undefined).length,
    sessionsCount: core.sessions.count,
    webSocketClients: rooms.hub.clientCount,
    recordTasks: rooms.recorder.tasks().length,
    smartlySessions: rooms.signaling.smartlyStats()?.active_sessions ?? 0,
    servers: { rtsp, rtmp: false, webrtc, hls: false, srt: false },
    logLevel: global.logLevel,
    configuredPaths: configured.size,
  };
}

function pathsApi(context: ProContext, rooms: ApiRooms): PathsApi {
  const { core, configNow, events } = context;
  const { recorder, devices, hub } = rooms;
  return {
    paths: () => core.pathManager.list(),
    get: (name) => core.pathManager.get(name),
    sessionsOf: (name) => core.sessions.list().filter(({ path }) => path === name),
    isConfigured: (name) => configNow().paths.has(name),
    display: (path) => displayOf(context, path),
    taskEndAt: (name) => taskOf(recorder, name)?.taskEndTime,
    health: (name) => devices.health.state(name),
    broadcast: (text) => {
      events.publish({ type: 'broadcast', text });
      return hub.clientCount;
    },
  };
}

function displayOf(context: ProContext, { name, config }: Path): PathDisplay {
  const settings = settingsOf(context, name) ?? context.proKeys.path.read(config);
  const { sourceName, groupName, order, isListed } = settings;
  return {
    sourceName,
    groupName,
    order,
    showList: isListed,
    sourceUrl: redactUrls(preferredSource(config)),
  };
}

function recordApi({ fileUrl }: ProContext, recorder: RecordManager): RecordApi {
  return {
    start: async (order, signal) => {
      const { existed, task } = await recorder.record(order, { signal });
      return { existed, task: taskFacts(task) };
    },
    stop: async (name) => taskFacts(await recorder.stop(name)),
    task: (name) => {
      const task = taskOf(recorder, name);
      return task && taskFacts(task);
    },
    tasks: () => recorder.tasks().map(taskFacts),
    fileUrl,
  };
}

function taskOf(recorder: RecordManager, name: string): RecordTaskInfo | undefined {
  return recorder.tasks().find((task) => task.name === name);
}

function taskFacts({ taskEndTime, bytes, ...task }: RecordTaskInfo): RecordTaskFacts {
  return { ...task, taskEndAt: taskEndTime, sizeBytes: bytes };
}

function snapshotApi({ fileUrl }: ProContext, { snapshots, periodic }: Pictures): SnapshotApi {
  return {
    take: (order, signal) => snapshots.take(order, signal),
    save: (order, signal) => snapshots.save(order, signal),
    readSetting: async (name) => Promise.resolve(periodic.readSetting(name)),
    writeSetting: (name, change) => periodic.writeSetting(name, change),
    fileUrl,
  };
}

function smartApi({ pro }: ProContext, { smart, recordings, devices }: ApiRooms): SmartApi {
  return {
    scores: () => smart.recording.scores(),
    replay: async ({ fullPath, threshold, metric, intervalSeconds }, signal) => {
      const file = await recordings.resolve(fullPath);
      return await smart.replay.run({
        filePath: file.fullPath,
        threshold: threshold ?? DEFAULT_THRESHOLD,
        rule: { ...smart.defaultRule, ...(metric === undefined ? {} : { metric }) },
        intervalMs: intervalSeconds === undefined ? pro.smart.intervalMs : intervalSeconds * 1000,
        checks: pro.smart.checks,
        signal,
      });
    },
    healthStates: () => devices.health.states(),
  };
}

/** Of `recordMinThreshold`. */
const DEFAULT_THRESHOLD = 60;
