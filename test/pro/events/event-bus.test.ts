// Order and isolation of the event bus.
import assert from 'node:assert/strict';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const online = (name: string): ProEvent => ({ type: 'streamOnline', name });

describe('EventBus', () => {
  it('delivers to every subscriber, in the order of publishing', () => {
    const bus = new EventBus(new RecordingLogger());
    const seen: string[] = [];
    bus.subscribe((event) => seen.push(`a ${'name' in event ? event.name : ''}`));
    bus.subscribe((event) => seen.push(`b ${'name' in event ? event.name : ''}`));
    bus.publish(online('1'));
    bus.publish(online('2'));
    assert.deepEqual(seen, ['a 1', 'b 1', 'a 2', 'b 2']);
  });

  it('delivers an event that a subscriber publishes after the current one', () => {
    const bus = new EventBus(new RecordingLogger());
    const seen: string[] = [];
    bus.subscribe((event) => {
      if ('name' in event && event.name === 'first') bus.publish(online('second'));
    });
    bus.subscribe((event) => seen.push('name' in event ? event.name : ''));
    bus.publish(online('first'));
    assert.deepEqual(seen, ['first', 'second']);
  });

  it('logs a subscriber that throws and goes on', () => {
    const logger = new RecordingLogger();
    const bus = new EventBus(logger);
    let count = 0;
    bus.subscribe(() => {
      throw new RangeError('broken');
    });
    bus.subscribe(() => count++);
    bus.publish(online('x'));
    bus.publish(online('x'));
    assert.equal(count, 2);
    assert.equal(logger.lines.filter((line) => line.message.includes('broken')).length, 2);
  });

  it('does not deliver after the subscription ended', () => {
    const bus = new EventBus(new RecordingLogger());
    let count = 0;
    const end = bus.subscribe(() => count++);
    end();
    bus.publish(online('x'));
    assert.equal(count, 0);
  });
});
