// config.yml: the façade that speaks the API of go2rtc.
import { key } from '../../core/config/config-key.ts';
import type { ListenAddress } from '../../core/base/listen-address.ts';
import { address, flag, secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';

/** The façade of go2rtc. */
export interface Go2rtcConfig {
  readonly isEnabled: boolean;
  readonly address: ListenAddress;
  /** Basic authentication when set. */
  readonly username: string;
  readonly password: string;
  /** Access-Control-Allow-Origin: "*", an origin, or empty for none. */
  readonly origin: string;
}

const DEFAULT_ADDRESS = Object.freeze({ host: '', port: 1984 });

/** The section `go2rtc`. */
export const go2rtcSection = defineSection({
  keys: {
    enable: key(flag, false, 'Starts the listener.'),
    address: key(address, ':1984', 'Its address.'),
    username: key(text, '', 'User; empty = no password needed.'),
    password: key(secretText, '', 'Password of the user.'),
    origin: key(text, '', 'Web sites that may call: * for all, empty for none.'),
  },
  toConfig: ({ enable, address: where, ...others }): Go2rtcConfig => ({
    ...others,
    isEnabled: enable,
    address: where ?? DEFAULT_ADDRESS,
  }),
  check: ({ username, password, enable, address: where }, report) => {
    if ((username === '') !== (password === '')) {
      report.error(['password'], "'username' and 'password' belong together");
    }
    if (enable && where === undefined)
      report.error(['address'], "must be set; 'enable: no' turns it off");
  },
});
