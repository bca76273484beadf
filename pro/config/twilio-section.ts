// config.yml: the Twilio account for TURN credentials; TWILIO_ variables override it.
import { key } from '../../core/config/config-key.ts';
import { secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { period, serviceUrl } from './pro-values.ts';

/** Twilio account. */
export interface TwilioConfig {
  /** AC and 32 hexadecimal digits; may be empty. */
  readonly accountSid: string;
  readonly authToken: string;
  /** SK...: used with `apiSecret` instead of `authToken` when set. */
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Without slash at the end. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
}

const baseUrl = serviceUrl("use 'accountSid' and 'authToken', or 'apiKey' and 'apiSecret'");

/** The section `twilio`. */
export const twilioSection = defineSection({
  keys: {
    accountSid: key(text, '', 'Account SID (AC...).'),
    authToken: key(secretText, '', 'Auth token of the account.'),
    apiKey: key(text, '', 'API key (SK...), instead of the auth token.'),
    apiSecret: key(secretText, '', 'Secret of the API key.'),
    baseURL: key(baseUrl, 'https://api.twilio.com', 'Where the API is, without user.'),
    timeout: key(period, '10s', 'Longest time of a call.'),
  },
  toConfig: ({ baseURL, timeout, ...others }): TwilioConfig => ({
    ...others,
    baseUrl: (baseURL === '' ? 'https://api.twilio.com' : baseURL).replace(/\/$/u, ''),
    timeoutMs: timeout,
  }),
  check: ({ accountSid, apiKey, apiSecret }, report) => {
    if (accountSid !== '' && !/^AC[0-9a-f]{32}$/iu.test(accountSid)) {
      report.warn(['accountSid'], 'does not look like AC and 32 hexadecimal digits');
    }
    if ((apiKey === '') !== (apiSecret === '')) {
      report.error(['apiSecret'], "'apiKey' and 'apiSecret' belong together");
    }
  },
});
