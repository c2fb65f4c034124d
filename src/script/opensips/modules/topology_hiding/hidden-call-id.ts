/**
 * Another Call-ID in which nothing of the first can be read: a prefix, then what it gives mixed with a password.
 * @param password not empty
 */
export function hiddenCallId(callId: string, prefix: string, password: string): string {
  const bytes = Buffer.from(callId, 'latin1');
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= password.charCodeAt(i % password.length);
  // Neither padding nor what a Call-ID may not have (RFC 3261 §25.1).
  return prefix + bytes.toString('base64url');
}
