/** The two ends of a dialog, by who began it. */
export type Party = 'caller' | 'callee';

/** What the session description of a message is (RFC 3264), and whose. */
export interface SdpRole {
  readonly kind: 'offer' | 'answer';
  readonly from: Party;
}

/** One request that may carry a description, and what became of it. */
interface Exchange {
  readonly method: string;
  readonly from: Party;
  readonly cseq: number;
  /** The request itself carried the offer; else one may come with an answer to it. */
  readonly offered: boolean;
  /** `answered` by the final answer or a provisional one; `prack` and `ack` say what answered a late offer. */
  state: 'open' | 'late' | 'answered' | 'prack' | 'ack';
  /** CSeq of the PRACK that answered a late offer. */
  prack: number;
}

/** More requests are never open at once in one dialog (RFC 3261 §14, RFC 3311 §5.2); what is older has lost its answer. */
const MOST_OPEN = 8;

export function otherParty(party: Party): Party {
  return party === 'caller' ? 'callee' : 'caller';
}

/**
 * Tells offers from answers in one dialog, whatever carries them: INVITE and its answers, a late offer with its ACK,
 * reliable provisional answers with PRACK (RFC 3262 §5), UPDATE (RFC 3311), and all of them again inside the dialog, from
 * either side. A message that comes again is told the same.
 */
export class OfferAnswer {
  readonly #exchanges: Exchange[] = [];

  /** @returns undefined where there is no description, or none that belongs to an exchange */
  request(method: string, from: Party, cseq: number, hasSdp: boolean): SdpRole | undefined {
    if (method === 'ACK') return hasSdp ? this.#ack(from, cseq) : undefined;
    if (method === 'PRACK') return hasSdp ? this.#prack(from, cseq) : undefined;
    if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
    const { offered } = this.#begin(method, from, cseq, hasSdp);
    return hasSdp && offered ? { kind: 'offer', from } : undefined;
  }

  /** @param asker who sent the request that is answered. @returns as {@link request} does */
  response(method: string, asker: Party, cseq: number, status: number, hasSdp: boolean): SdpRole | undefined {
    if (!hasSdp || status <= 100 || status >= 300) return undefined;
    const from = otherParty(asker);
    const exchange = this.#find(method, asker, cseq);
    if (!exchange) return undefined;
    if (exchange.offered) {
      exchange.state = 'answered';
      return { kind: 'answer', from };
    }
    if (method !== 'INVITE') return undefined;
    if (exchange.state === 'open') exchange.state = 'late';
    return { kind: 'offer', from };
  }

  /** A request was refused. @returns the offer that fell with it: what held before holds again (RFC 3261 §14.1) */
  refused(method: string, asker: Party, cseq: number): SdpRole | undefined {
    const exchange = this.#find(method, asker, cseq);
    if (!exchange) return undefined;
    this.#exchanges.splice(this.#exchanges.indexOf(exchange), 1);
    return exchange.offered && exchange.state === 'open' ? { kind: 'offer', from: asker } : undefined;
  }

  /** The answer to the offer of a 2xx; any other description in an ACK has no meaning. */
  #ack(from: Party, cseq: number): SdpRole | undefined {
    const invite = this.#find('INVITE', from, cseq);
    if (invite?.state !== 'late' && invite?.state !== 'ack') return undefined;
    invite.state = 'ack';
    return { kind: 'answer', from };
  }

  /** The answer to the offer of a reliable provisional answer, or an offer of its own. */
  #prack(from: Party, cseq: number): SdpRole {
    const invite = this.#exchanges.findLast(
      (it) => it.method === 'INVITE' && it.from === from && (it.state === 'late' || it.prack === cseq),
    );
    if (invite) {
      invite.state = 'prack';
      invite.prack = cseq;
      return { kind: 'answer', from };
    }
    this.#begin('PRACK', from, cseq, true);
    return { kind: 'offer', from };
  }

  #begin(method: string, from: Party, cseq: number, offered: boolean): Exchange {
    const known = this.#find(method, from, cseq);
    if (known) return known;
    if (this.#exchanges.length === MOST_OPEN) this.#exchanges.shift();
    const exchange: Exchange = { method, from, cseq, offered, state: 'open', prack: -1 };
    this.#exchanges.push(exchange);
    return exchange;
  }

  #find(method: string, from: Party, cseq: number): Exchange | undefined {
    return this.#exchanges.findLast((it) => it.method === method && it.from === from && it.cseq === cseq);
  }
}
