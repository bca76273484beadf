// Every global key of mediamtx.yml in one table.
import { authKeys } from './global-keys-auth.ts';
import { generalKeys } from './global-keys-general.ts';
import { httpKeys } from './global-keys-http.ts';
import { protocolKeys } from './global-keys-protocols.ts';
import { rtspKeys } from './global-keys-rtsp.ts';
import { webhookKeys } from './global-keys-webhooks.ts';
import { webrtcKeys } from './global-keys-webrtc.ts';

/** All global keys but `pathDefaults` and `paths`, in the order of the documentation. */
export const globalKeys = {
  ...generalKeys,
  ...webhookKeys,
  ...authKeys,
  ...httpKeys,
  ...rtspKeys,
  ...protocolKeys,
  ...webrtcKeys,
};
