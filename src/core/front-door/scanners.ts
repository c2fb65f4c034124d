import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/** User-Agents of programs that search the Internet for servers to abuse, in lower case. */
export const DEFAULT_SCANNERS: readonly string[] = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sip-scan',
  'sipcli',
  'sundayddr',
  'pplsip',
  'iwar',
  'vaxsipuseragent',
];

/** @param scanners in lower case; an empty list lets everybody in */
export function isScanner(request: SipMessage, scanners: readonly string[]): boolean {
  if (scanners.length === 0) return false;
  const agent = request.get(H.UserAgent);
  return agent !== undefined && isScannersName(agent, scanners);
}

/** Whether a User-Agent is that of such a program. @param scanners in lower case */
export function isScannersName(agent: string, scanners: readonly string[]): boolean {
  const lower = agent.toLowerCase();
  return scanners.some((scanner) => lower.includes(scanner));
}
