import { messageOwner } from '../../wire/sip/owner.ts';
import type { Connection } from '../connection.ts';
import type { Elsewhere } from '../connections.ts';
import type { Flow } from '../flow.ts';
import type { Listener } from '../listener.ts';
import type { NetCounters } from '../net-counters.ts';
import type { NetworkSink } from '../network.ts';
import type { WorkerPeers, WorkerPlace } from '../worker-place.ts';
import type { ConnectionNote, Note, Post } from './note.ts';
import { PeerQueue } from './peer-queue.ts';
import { type RemoteConnection, RemoteConnections } from './remote-connections.ts';
import { RemoteFlow, type RemoteOwner } from './remote-flow.ts';

const TOPIC = 'net';

export interface ExchangeOptions {
  readonly place: WorkerPlace;
  readonly peers: WorkerPeers;
  readonly counters: NetCounters;
  /** Connections that each worker may have. */
  readonly maxConnections: number;
  /** The listener of that name, where it is open here. */
  listener(name: string): Listener | undefined;
}

/** The connections of this worker, as the others use them. */
export interface OwnConnections {
  readonly shown: Iterable<ConnectionNote>;
  /** By which more keys some of them are found. */
  readonly aliases: Iterable<readonly [id: number, keys: readonly string[]]>;
  byId(id: number): Connection | undefined;
  alias(id: number, port: number): void;
}

/**
 * Connections belong to the worker that has accepted or dialled them, messages to the worker that {@link messageOwner}
 * names. What came on a connection for another worker is handed over to it, and what another sends on a connection of this
 * one comes back the same way. Every worker knows of the connections of all.
 */
export class Exchange implements NetworkSink, Elsewhere, RemoteOwner {
  readonly #options: ExchangeOptions;
  readonly #sink: NetworkSink;
  readonly #remote: RemoteConnections;
  readonly #queues: PeerQueue[];
  #own: OwnConnections = NONE;

  /** @param sink the floor above */
  constructor(options: ExchangeOptions, sink: NetworkSink) {
    const { place, peers, maxConnections } = options;
    this.#options = options;
    this.#sink = sink;
    this.#remote = new RemoteConnections(maxConnections * (place.count - 1));
    this.#queues = Array.from(
      { length: place.count },
      (_, index) => new PeerQueue((post, transfer) => peers.post(index, TOPIC, post, transfer)),
    );
  }

  /** Begins to listen to the other workers, which from then on know of the connections of this one. */
  join(own: OwnConnections): void {
    this.#own = own;
    this.#options.peers.subscribe(TOPIC, {
      message: (from, post) => this.#hear(from, post as Post),
      attached: (index) => this.#hello(index, 'question'),
      detached: (index) => this.#ended(index),
    });
  }

  close(): void {
    for (const queue of this.#queues) queue.close();
    this.#own = NONE;
  }

  /** What came on a connection of this worker. */
  message(bytes: Buffer, flow: Flow): void {
    const { place, counters } = this.#options;
    const owner = messageOwner(bytes, place.count);
    if (owner < 0 || owner === place.index) {
      this.#sink.message(bytes, flow);
    } else if (this.#queues[owner]!.give('message', flow.connectionId, bytes)) {
      counters.handedOver++;
    } else {
      counters.handOversDropped++;
    }
  }

  flowFailed(flow: Flow, reason: string): void {
    this.#sink.flowFailed(flow, reason);
  }

  flowClosed(flow: Flow, reason: string): void {
    this.#sink.flowClosed?.(flow, reason);
  }

  opened(connection: ConnectionNote): void {
    this.#tellAll({ kind: 'opened', connection });
  }

  aliased(id: number, keys: readonly string[]): void {
    this.#tellAll({ kind: 'aliased', id, keys });
  }

  closed(id: number, reason: string, lost: boolean): void {
    this.#tellAll({ kind: 'closed', id, reason, lost });
  }

  /** The flow to a peer over a connection of another worker. */
  openTo(key: string): RemoteFlow | undefined {
    return this.#flowOf(this.#remote.byKey(key));
  }

  /** The flow over a connection of another worker. */
  byId(id: number): RemoteFlow | undefined {
    return this.#flowOf(this.#remote.byId(id));
  }

  /** The peer of a connection wants to be called back on it (RFC 5923): the worker that has it sees to that. */
  reuse(id: number, port: number): void {
    const connection = this.#remote.byId(id);
    if (connection) this.#queues[connection.worker]!.tell({ kind: 'reuse', id, port });
  }

  send(flow: RemoteFlow, bytes: Buffer): boolean {
    if (this.#queues[flow.worker]!.give('send', flow.connectionId, bytes)) return true;
    this.#options.counters.handOversDropped++;
    return false;
  }

  watchOver({ worker, connectionId: id }: RemoteFlow, kind: 'hear-within' | 'may-idle', ms: number): void {
    this.#queues[worker]!.tell({ kind, id, ms });
  }

  #hear(from: number, post: Post): void {
    const queue = this.#queues[from];
    if (!queue) return;
    if ('hello' in post) {
      if (post.hello === 'question') this.#hello(from, 'answer');
      if (!queue.open) queue.begin(this.#known());
      return;
    }
    queue.acknowledged(post.taken);
    const bytes = Buffer.from(post.bytes.buffer);
    let at = 0;
    for (const note of post.notes) {
      if (note.kind === 'message') {
        // What is kept of a message shall not keep all that came with it.
        this.#takeOver(note.id, Buffer.from(bytes.subarray(at, at + note.length)));
        at += note.length;
      } else if (note.kind === 'send') {
        // Nor what has to wait for a slow peer.
        this.#sendOn(note.id, Buffer.from(bytes.subarray(at, at + note.length)), queue);
        at += note.length;
      } else {
        this.#heed(note, from);
      }
    }
    queue.took(bytes.length);
  }

  /** What another has to know of the connections of this worker. */
  #known(): Note[] {
    const { shown, aliases } = this.#own;
    const opened = Array.from(shown, (connection): Note => ({ kind: 'opened', connection }));
    return [...opened, ...Array.from(aliases, ([id, keys]): Note => ({ kind: 'aliased', id, keys }))];
  }

  #takeOver(id: number, bytes: Buffer): void {
    const { counters } = this.#options;
    const flow = this.byId(id);
    if (!flow) {
      counters.handOversDropped++;
      return;
    }
    counters.takenOver++;
    this.#sink.message(bytes, flow);
  }

  #sendOn(id: number, bytes: Buffer, queue: PeerQueue): void {
    const connection = this.#own.byId(id);
    // Of one that is closed the other hears anyway.
    if (connection && !connection.send(bytes))
      queue.tell({ kind: 'refused', id, reason: 'its queue is full' });
  }

  #heed(note: Exclude<Note, { kind: 'message' | 'send' }>, from: number): void {
    switch (note.kind) {
      case 'opened':
        this.#remote.add(note.connection, from);
        break;
      case 'aliased':
        this.#remote.alias(note.id, note.keys);
        break;
      case 'closed':
        this.#gone(note.id, note.reason, note.lost);
        break;
      case 'refused': {
        const flow = this.byId(note.id);
        if (flow) this.#sink.flowFailed(flow, note.reason);
        break;
      }
      case 'reuse':
        this.#own.alias(note.id, note.port);
        break;
      case 'hear-within':
        this.#own.byId(note.id)?.hearWithin?.(note.ms);
        break;
      case 'may-idle':
        this.#own.byId(note.id)?.mayIdle?.(note.ms);
    }
  }

  /** A connection of another worker is no more. */
  #gone(id: number, reason: string, lost: boolean): void {
    const connection = this.#remote.remove(id);
    const flow = this.#flowOf(connection);
    if (!flow) return;
    flow.closed = true;
    if (lost) this.#sink.flowFailed(flow, reason);
    this.#sink.flowClosed?.(flow, reason);
  }

  #flowOf(connection: RemoteConnection | undefined): RemoteFlow | undefined {
    if (!connection || connection.flow) return connection?.flow;
    const { note, worker } = connection;
    const listener = this.#options.listener(note.listener);
    if (listener) connection.flow = new RemoteFlow(note, worker, listener, this);
    return connection.flow;
  }

  #ended(index: number): void {
    this.#queues[index]?.end();
    for (const { note } of this.#remote.of(index)) this.#gone(note.id, 'its worker has ended', true);
  }

  #hello(index: number, hello: 'question' | 'answer'): void {
    const post: Post = { hello };
    this.#options.peers.post(index, TOPIC, post);
  }

  #tellAll(note: Note): void {
    for (const queue of this.#queues) queue.tell(note);
  }
}

const NONE: OwnConnections = { shown: [], aliases: [], byId: () => undefined, alias: () => {} };
