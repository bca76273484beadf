// Loads a module of the pages into Node.js; for those that need no browser.

/** The module's exports; the caller knows their types, which the compiler checks in the pages only. */
export function loadBrowserModule(name: string): Promise<unknown> {
  return import(new URL(`../../../../core/webrtc/pages/client/${name}`, import.meta.url).href);
}
