// Everything the Pro layer tells about, as one discriminated union. Rooms meet here instead of calling each other.

/** A recording is being written. `filePath` begins with a slash and is relative to the recordings folder. */
export interface RecordStarted {
  readonly type: 'recordStarted';
  /** Path name. */
  readonly name: string;
  /** UUID of the task. */
  readonly id: string;
  readonly fileName: string;
  readonly filePath: string;
  /** Started by the server itself: `record: yes` or smart recording. */
  readonly isAutomatic: boolean;
}

/** Why a recording ended, or why there is a gap before the next one. */
export type RecordEndReason =
  | 'stopped'
  | 'timeout'
  | 'streamLost'
  | 'noSignal'
  | 'diskFull'
  | 'tracksChanged'
  | 'clockStep'
  | 'serverStopped'
  | 'failed';

/** A recording is closed and playable. */
export interface RecordStopped {
  readonly type: 'recordStopped';
  readonly name: string;
  readonly id: string;
  readonly fileName: string;
  readonly filePath: string;
  readonly reason: RecordEndReason;
  readonly sizeBytes: number;
  readonly durationMs: number;
}

/** Nothing was recorded although it should have been. */
export interface RecordGap {
  readonly type: 'recordGap';
  readonly name: string;
  readonly reason: RecordEndReason;
  /** Date ms. */
  readonly fromAt: number;
  readonly toAt: number;
}

/** A device or its stream came or went, after damping (health checks). */
export interface PathReadiness {
  readonly type: 'pathReady' | 'pathNotReady';
  readonly name: string;
  readonly sourceReady: boolean;
  /** What the checks saw. */
  readonly reason: string;
}

/** The stream of a path can be read, or no longer. */
export interface PathStream {
  readonly type: 'streamOnline' | 'streamOffline';
  readonly name: string;
}

/** A result of a colour check. Values are percent, 0..100. */
export interface SmartScore {
  readonly type: 'smartScore';
  readonly name: string;
  readonly score: number;
  /** Sum over the window of consecutive checks, and what it has to exceed. */
  readonly sum: number;
  readonly threshold: number;
  readonly isRecording: boolean;
}

/** A picture was written into the recordings folder. */
export interface SnapshotSaved {
  readonly type: 'snapshotSaved';
  readonly name: string;
  readonly fileName: string;
  readonly filePath: string;
}

/** Something happened to a recorded file. */
export interface FileChanged {
  readonly type: 'fileRenamed' | 'fileDeleted' | 'fileFavorite';
  readonly filePath: string;
  /** Where it is now; absent when it is gone. */
  readonly newPath?: string;
  readonly reason: 'request' | 'retention';
}

/** State of an export job. */
export interface ExportProgress {
  readonly type: 'exportProgress';
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'canceled';
  /** 0..1. */
  readonly progress: number;
  readonly error?: string;
  readonly filePath?: string;
}

/** Space on the recordings disk ran low, or is there again. */
export interface StorageState {
  readonly type: 'storageLow' | 'storageOk';
  readonly freeBytes: number;
}

/** A message that a user of the API sends to every WebSocket client, unchanged. */
export interface Broadcast {
  readonly type: 'broadcast';
  /** JSON text exactly as it came in. */
  readonly text: string;
}

/** Everything that can happen. */
export type ProEvent =
  | RecordStarted
  | RecordStopped
  | RecordGap
  | PathReadiness
  | PathStream
  | SmartScore
  | SnapshotSaved
  | FileChanged
  | ExportProgress
  | StorageState
  | Broadcast;
