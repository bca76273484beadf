// Tells the Pro layer when the stream of a path comes or goes.
import type { PathManager } from '../../core/path/path-manager.ts';
import type { EventBus } from '../events/event-bus.ts';

/** Publishes streamOnline and streamOffline until the returned function is called. */
export function publishStreamEvents(components: {
  readonly pathManager: Pick<PathManager, 'observe'>;
  readonly events: Pick<EventBus, 'publish'>;
}): () => void {
  const { pathManager, events } = components;
  return pathManager.observe({
    onPathTransition: ({ name }, transition) => {
      if (transition !== 'online' && transition !== 'offline') return;
      const type = transition === 'online' ? 'streamOnline' : 'streamOffline';
      // Whoever hears of it may read or leave the path, which has to be done with itself first.
      queueMicrotask(() => events.publish({ type, name }));
    },
  });
}
