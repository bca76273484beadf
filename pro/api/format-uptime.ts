// Durations as the dashboards of the first generation expect them.

/** Milliseconds as hours, minutes and whole seconds, e.g. `1h2m3s`, `2m0s`, `5s`. */
export function formatUptime(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
