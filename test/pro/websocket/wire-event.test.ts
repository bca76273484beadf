// The JSON that WebSocket clients read of each event.
import assert from 'node:assert/strict';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { eventTypes, toWireObject } from '../../../pro/websocket/wire-event.ts';
import { toHistoryDraft } from '../../../pro/websocket/wire-message.ts';

const TIME = '2026-01-01T00:00:00.000Z';
const context = { time: TIME, fileUrlOf: (path: string) => `http://h/res${path}` };
const file = { name: 'cam', fileName: 'a.mp4', filePath: '/20260101/a.mp4' };
const fileWire = { ...file, fileURL: 'http://h/res/20260101/a.mp4' };

type Structured = Exclude<ProEvent, { readonly type: 'broadcast' }>;

const cases: readonly (readonly [Structured, Readonly<Record<string, unknown>>])[] = [
  [
    { type: 'pathReady', name: 'cam', sourceReady: true, reason: 'probe answers' },
    { name: 'cam', sourceReady: true, reason: 'probe answers' },
  ],
  [
    { type: 'pathNotReady', name: 'cam', sourceReady: false, reason: 'no rtsp://u:p@h/x' },
    { name: 'cam', sourceReady: false, reason: 'no rtsp://***@h/x' },
  ],
  [
    { type: 'streamOnline', name: 'cam' },
    { name: 'cam', sourceReady: true },
  ],
  [
    { type: 'streamOffline', name: 'cam' },
    { name: 'cam', sourceReady: false },
  ],
  [
    { type: 'recordStarted', ...file, id: 'i', isAutomatic: true },
    { ...fileWire, id: 'i', auto: true },
  ],
  [
    {
      ...{ type: 'recordStopped', ...file, id: 'i', reason: 'timeout' },
      ...{ sizeBytes: 9, durationMs: 1500 },
    },
    { ...fileWire, id: 'i', reason: 'timeout', size: 9, duration: 1.5 },
  ],
  [
    { type: 'recordGap', name: 'cam', reason: 'diskFull', fromAt: 0, toAt: 1000 },
    {
      ...{ name: 'cam', reason: 'diskFull' },
      ...{ from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T00:00:01.000Z' },
    },
  ],
  [
    {
      ...{ type: 'smartScore', name: 'cam', score: 20, sum: 61, threshold: 60 },
      isRecording: false,
    },
    { name: 'cam', score: 20, sum: 61, threshold: 60, recording: false },
  ],
  [{ type: 'snapshotSaved', ...file }, fileWire],
  [
    { type: 'fileRenamed', filePath: '/d/a.mp4', newPath: '/d/b.mp4', reason: 'request' },
    {
      ...{ filePath: '/d/a.mp4', newPath: '/d/b.mp4' },
      ...{ newURL: 'http://h/res/d/b.mp4', reason: 'request' },
    },
  ],
  [
    { type: 'fileDeleted', filePath: '/d/a.mp4', reason: 'retention' },
    { filePath: '/d/a.mp4', reason: 'retention' },
  ],
  [
    { type: 'exportProgress', id: 'j', state: 'running', progress: 0.5 },
    { id: 'j', state: 'running', progress: 0.5 },
  ],
  [
    { type: 'exportProgress', id: 'j', state: 'failed', progress: 1, error: 'http://a:b@h' },
    { id: 'j', state: 'failed', progress: 1, error: 'http://***@h' },
  ],
  [{ type: 'storageLow', freeBytes: 7 }, { free: 7 }],
];

describe('toWireObject()', () => {
  for (const [event, members] of cases) {
    it(`writes ${event.type}`, () => {
      assert.deepEqual(toWireObject(event, context), { type: event.type, ...members, time: TIME });
      assert.ok(eventTypes.includes(event.type));
    });
  }
});

describe('toHistoryDraft()', () => {
  it('passes a broadcast unchanged, and wraps it for clients with a cursor', () => {
    const text = ' {"b": 1,\n"a":[1.0,"ü"]}';
    const draft = toHistoryDraft({ type: 'broadcast', text }, context);
    assert.equal(draft.plainText, text);
    const wrapped = draft.withCursor('abc-1');
    assert.ok(wrapped.includes(text));
    assert.deepEqual(JSON.parse(wrapped), {
      ...{ type: 'broadcast', data: { b: 1, a: [1, 'ü'] } },
      ...{ time: TIME, cursor: 'abc-1' },
    });
  });

  it('adds the cursor to an event as a member', () => {
    const draft = toHistoryDraft({ type: 'streamOnline', name: 'a"b' }, context);
    assert.equal(draft.name, 'a"b');
    const plain: unknown = JSON.parse(draft.plainText);
    assert.ok(typeof plain === 'object');
    assert.deepEqual(JSON.parse(draft.withCursor('abc-2')), { ...plain, cursor: 'abc-2' });
  });
});
