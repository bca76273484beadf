// The Pro keys in the global section of mediamtx.yml.
import { key } from '../../core/config/config-key.ts';
import { flag, listOf, secretText, text } from '../../core/config/value-schemas.ts';
import { deviceAddress } from './general-section.ts';
import { httpUrl } from './pro-values.ts';

/** Keys about the API, its tokens and the licence; the values are used as they are. */
export const proGlobalKeys = {
  apiAuth: key(flag, false, 'Asks for a token of appid and appsecret on the API.'),
  appid: key(text, '', 'Who issues the tokens (claim iss).'),
  appsecret: key(secretText, '', 'Secret that tokens are signed with (HS256).'),
  coreServerKey: key(secretText, '', 'Licence.'),
  apiPublicHealth: key(flag, false, 'Answers /api/v2/health without token.'),
  apiAdminPage: key(flag, true, 'Accepted and ignored.'),
  apiDomain: key(httpUrl, '', 'Public base of the URLs of recorded files.'),
  proxyAllowedDevices: key(listOf(deviceAddress), [], 'Devices that the device proxy may reach.'),
  recordCreateWebhook: key(httpUrl, '', 'URL that is told about each new recording.'),
  recordDelWebhook: key(httpUrl, '', 'URL that is told about each deleted recording.'),
};
