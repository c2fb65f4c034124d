import { isAddressOf } from '../../wire/sip/address-scan.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/**
 * Whether the first Contact names this very address and port, as that of a user agent without a NAT before it does. Read
 * where it stands, for every request and answer is asked; where it says no, the Contact may still mean that place.
 * @param address a canonical IP address
 */
export function isContactAt(message: SipMessage, address: string, port: number): boolean {
  const line = message.find(H.Contact);
  if (line < 0) return false;
  return isAddressOf(message.bytes, message.valueStart(line), message.valueEnd(line), address, port);
}
