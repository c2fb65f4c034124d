/** The kinds of top routes, by what sets them off. */
export const ROUTE_KINDS = [
  'request',
  'failure',
  'branch',
  'onreply',
  'error',
  'local',
  'startup',
  'timer',
  'event',
] as const;

export type RouteKind = (typeof ROUTE_KINDS)[number];

/** `ANY`, or the kinds of routes that something may be used in. */
export type RouteKinds = readonly RouteKind[];

/** Every route. */
export const ANY: RouteKinds = ROUTE_KINDS;
/** Routes that work on a message that was received or is about to be sent. */
export const WITH_MESSAGE: RouteKinds = ['request', 'failure', 'branch', 'onreply', 'error', 'local'];
/** Routes that work on a request. */
export const WITH_REQUEST: RouteKinds = ['request', 'failure', 'branch', 'local', 'error'];
