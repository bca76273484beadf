// Every key of `pathDefaults` and `paths.<name>` in one table.
import { hookKeys } from './path-keys-hooks.ts';
import { recordKeys } from './path-keys-record.ts';
import { rpiCameraKeys } from './path-keys-rpi-camera.ts';
import { sourceKeys } from './path-keys-source.ts';

/** All path keys, in the order of the documentation. */
export const pathKeys = { ...sourceKeys, ...recordKeys, ...rpiCameraKeys, ...hookKeys };
