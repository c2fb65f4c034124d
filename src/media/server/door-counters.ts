/** What happened at the doors by which commands come in; the numbers only grow. */
export interface DoorCounters {
  /** Datagrams answered from the cache, or dropped because the first is still being executed. */
  repeated: number;
  /** Answers that were cached, and left for want of room before their time. */
  forgotten: number;
  /** Datagrams without a cookie, lines that are too long. */
  malformed: number;
  /** Connections turned away or closed because there were too many. */
  refused: number;
  /** Connections closed because their peer reads no answers. */
  stalled: number;
}

export function doorCounters(): DoorCounters {
  return { repeated: 0, forgotten: 0, malformed: 0, refused: 0, stalled: 0 };
}
