import type { AddressParts } from '../../net/listener.ts';
import type { Source } from '../registrar/location-store.ts';
import { CSeqShift } from './cseq-shift.ts';

export type DialogSide = 'caller' | 'callee';

/** How one party of a dialog is reached from here. */
export interface LegWay {
  /** Its Contact: the Request-URI of requests to it. */
  readonly target: string;
  /** Where to send instead of resolving {@link target}, for a party behind a NAT. */
  readonly source: Source | undefined;
  /** The connection that it has open to this server; 0 where there is none, or a proxy stands between. */
  readonly connectionId: number;
}

/** What is known of one party when its leg is made. */
export interface LegStart extends LegWay {
  readonly side: DialogSide;
  readonly tag: string;
  readonly local: string;
  readonly remote: string;
  readonly routes: readonly string[];
  readonly listener: string;
  readonly override: AddressParts | undefined;
}

/** One party of a dialog, as this server that stands between sees it. */
export class DialogLeg implements LegWay {
  readonly side: DialogSide;
  /** The party's own tag. */
  readonly tag: string;
  /** What the party calls itself: To of requests to it, its tag included. */
  readonly local: string;
  /** What it calls the other party: From of requests to it. That of a caller is without the callee's tag. */
  readonly remote: string;
  /** Route values of requests to it, topmost first. */
  routes: readonly string[];
  target: string;
  source: Source | undefined;
  connectionId: number;
  /** Name of the listener that it talks to. */
  listener: string;
  /** What a script has printed to it. */
  override: AddressParts | undefined;
  /** The value of the Contact that it was shown last: the other party's, as this server writes it. */
  shownContact: string | undefined = undefined;
  /** The session description that it was sent last, where the dialog keeps those. */
  shownSdp: Buffer | undefined = undefined;
  /** The numbers of requests to it. */
  readonly cseq: CSeqShift;

  constructor(start: LegStart, cseq: CSeqShift = new CSeqShift()) {
    this.side = start.side;
    this.tag = start.tag;
    this.local = start.local;
    this.remote = start.remote;
    this.routes = start.routes;
    this.target = start.target;
    this.source = start.source;
    this.connectionId = start.connectionId;
    this.listener = start.listener;
    this.override = start.override;
    this.cseq = cseq;
  }

  /** RFC 3261 §12.2: a target refresh request, or its 2xx, tells of another Contact. */
  moveTo({ target, source, connectionId }: LegWay): void {
    this.target = target;
    this.source = source;
    this.connectionId = connectionId;
  }
}
