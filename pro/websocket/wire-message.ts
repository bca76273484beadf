// The text of an event's frames: as it is for plain clients, with a cursor for those who asked.
import type { ProEvent } from '../events/pro-event.ts';
import type { HistoryDraft } from './event-history.ts';
import { pathNameOf, toWireObject, type WireContext } from './wire-event.ts';

/** An event ready for the history. The text of a broadcast is valid JSON already and not changed. */
export function toHistoryDraft(event: ProEvent, context: WireContext): HistoryDraft {
  const { type } = event;
  if (event.type !== 'broadcast') {
    const plainText = JSON.stringify(toWireObject(event, context));
    const withCursor = (cursor: string): string =>
      `${plainText.slice(0, -1)},"cursor":"${cursor}"}`;
    return { type, name: pathNameOf(event), plainText, withCursor };
  }
  const { text } = event;
  const time = JSON.stringify(context.time);
  const withCursor = (cursor: string): string =>
    `{"type":"broadcast","data":${text},"time":${time},"cursor":"${cursor}"}`;
  return { type, name: undefined, plainText: text, withCursor };
}
