/** What a choice among relays goes by. */
export interface Weighted {
  /** 0: only where no other one is left. */
  readonly weight: number;
}

/** The sum of a Call-ID's bytes, 0 to 255: what OpenSIPS shares calls out by. */
export function callIdSum(callId: string): number {
  let sum = 0;
  for (let i = 0; i < callId.length; i++) sum += callId.charCodeAt(i);
  return sum & 0xff;
}

/**
 * The relay that a call belongs to, as OpenSIPS chooses it: all servers that know the same set find the same one, without
 * a word between them. Where that one is not usable, the call falls to the usable ones by their weights.
 */
export function chooseNode<N extends Weighted>(
  nodes: readonly N[],
  callId: string,
  usable: (node: N) => boolean,
): N | undefined {
  const home = homeNode(nodes, callId);
  if (home && usable(home)) return home;
  const left = nodes.filter(usable);
  return homeNode(left, callId) ?? left[0];
}

/** Where the call goes while all of the set are usable; undefined where none has weight. */
export function homeNode<N extends Weighted>(nodes: readonly N[], callId: string): N | undefined {
  let total = 0;
  for (const { weight } of nodes) total += weight;
  if (total === 0) return undefined;
  let cut = callIdSum(callId) % total;
  return nodes.find(({ weight }) => {
    if (cut < weight) return true;
    cut -= weight;
    return false;
  });
}
