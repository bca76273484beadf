// What WebSocket clients read of each event: the one place where ProEvents become JSON.
import { redactUrls } from '../../core/base/url-redaction.ts';
import type {
  ExportProgress,
  FileChanged,
  PathReadiness,
  PathStream,
  ProEvent,
  RecordGap,
  RecordStarted,
  RecordStopped,
  SmartScore,
  SnapshotSaved,
  StorageState,
} from '../events/pro-event.ts';

/** Everything but broadcasts, whose text passes as it is. */
export type StructuredEvent = Exclude<ProEvent, { readonly type: 'broadcast' }>;

const EVENT_TYPES: Readonly<Record<ProEvent['type'], true>> = {
  recordStarted: true,
  recordStopped: true,
  recordGap: true,
  pathReady: true,
  pathNotReady: true,
  streamOnline: true,
  streamOffline: true,
  smartScore: true,
  snapshotSaved: true,
  fileRenamed: true,
  fileDeleted: true,
  fileFavorite: true,
  exportProgress: true,
  storageLow: true,
  storageOk: true,
  broadcast: true,
};

/** Every value of `type` that clients may ask for. */
export const eventTypes: readonly string[] = Object.keys(EVENT_TYPES);

/** Members of a JSON object, in the order they are written. */
export type WireObject = Readonly<Record<string, unknown>>;

/** What the mapping needs beside the event. */
export interface WireContext {
  /** RFC 3339. */
  readonly time: string;
  /** Public URL of a file of the recordings folder; `filePath` begins with a slash. */
  readonly fileUrlOf: (filePath: string) => string;
}

/**
 * The JSON object of an event, `time` last. Sizes are bytes, durations seconds, times RFC 3339.
 * apidocs/websocket.md lists every member.
 */
export function toWireObject(event: StructuredEvent, context: WireContext): WireObject {
  return { type: event.type, ...membersOf(event, context.fileUrlOf), time: context.time };
}

/** Name of the path that an event belongs to; undefined when it belongs to none. */
export function pathNameOf(event: ProEvent): string | undefined {
  return 'name' in event ? event.name : undefined;
}

function membersOf(event: StructuredEvent, fileUrlOf: WireContext['fileUrlOf']): WireObject {
  switch (event.type) {
    case 'recordStarted':
    case 'recordStopped':
      return { ...fileOf(event, fileUrlOf), ...recordMembers(event) };
    case 'recordGap':
      return gapMembers(event);
    case 'pathReady':
    case 'pathNotReady':
      return readinessMembers(event);
    case 'streamOnline':
    case 'streamOffline':
      return streamMembers(event);
    case 'smartScore':
      return scoreMembers(event);
    case 'snapshotSaved':
      return fileOf(event, fileUrlOf);
    case 'fileRenamed':
    case 'fileDeleted':
    case 'fileFavorite':
      return changeMembers(event, fileUrlOf);
    case 'exportProgress':
      return exportMembers(event, fileUrlOf);
    case 'storageLow':
    case 'storageOk':
      return storageMembers(event);
  }
}

function fileOf(
  event: RecordStarted | RecordStopped | SnapshotSaved,
  fileUrlOf: WireContext['fileUrlOf'],
): WireObject {
  const { name, fileName, filePath } = event;
  return { name, fileName, filePath, fileURL: fileUrlOf(filePath) };
}

function recordMembers(event: RecordStarted | RecordStopped): WireObject {
  if (event.type === 'recordStarted') return { id: event.id, auto: event.isAutomatic };
  const { id, reason, sizeBytes, durationMs } = event;
  return { id, reason, size: sizeBytes, duration: durationMs / 1000 };
}

function gapMembers({ name, reason, fromAt, toAt }: RecordGap): WireObject {
  return { name, reason, from: rfc3339(fromAt), to: rfc3339(toAt) };
}

function readinessMembers({ name, sourceReady, reason }: PathReadiness): WireObject {
  return { name, sourceReady, reason: redactUrls(reason) };
}

/** `sourceReady` is there for clients that only know `{name, sourceReady}`. */
function streamMembers({ type, name }: PathStream): WireObject {
  return { name, sourceReady: type === 'streamOnline' };
}

function scoreMembers({ name, score, sum, threshold, isRecording }: SmartScore): WireObject {
  return { name, score, sum, threshold, recording: isRecording };
}

function changeMembers(event: FileChanged, fileUrlOf: WireContext['fileUrlOf']): WireObject {
  const { filePath, newPath, reason } = event;
  const target = newPath === undefined ? {} : { newPath, newURL: fileUrlOf(newPath) };
  return { filePath, ...target, reason };
}

function exportMembers(event: ExportProgress, fileUrlOf: WireContext['fileUrlOf']): WireObject {
  const { id, state, progress, error, filePath } = event;
  return {
    ...{ id, state, progress },
    ...(error === undefined ? {} : { error: redactUrls(error) }),
    ...(filePath === undefined ? {} : { filePath, fileURL: fileUrlOf(filePath) }),
  };
}

function storageMembers({ freeBytes }: StorageState): WireObject {
  return { free: freeBytes };
}

function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString();
}
