// Which addresses requests to configured devices may go to: those of the configuration as it is now.
import {
  AddressPolicy,
  type Destination,
  type DestinationCheck,
} from '../../core/http/address-policy.ts';
import { parseDeviceAddress } from './device-target.ts';

/**
 * An operator who writes the address of a device down means it, this machine included; no other
 * address in a denied range is opened. `replace()` puts the next list into effect at once.
 */
export class DevicePolicy implements DestinationCheck {
  #policy = policyFor([]);

  /**
   * @param addresses `host[:port]` of devices, of which every port is opened.
   * @param others Entries as AddressPolicy takes them.
   * @throws MediaError invalid-argument `invalid-device-address`, `invalid-allow-entry`; the former
   * list stays.
   */
  replace(addresses: readonly string[], others: readonly string[] = []): void {
    this.#policy = policyFor([
      ...others,
      ...addresses.map((text) => parseDeviceAddress(text).host),
    ]);
  }

  /** As AddressPolicy. */
  checkHost(destination: Destination): void {
    this.#policy.checkHost(destination);
  }

  /** As AddressPolicy. */
  checkAddress(destination: Destination, address: string): void {
    this.#policy.checkAddress(destination, address);
  }
}

function policyFor(allow: readonly string[]): AddressPolicy {
  const place = 'devices of the configuration';
  return new AddressPolicy({ allow, isHostAllowed: () => true, place });
}
