/** The routing API: what `import … from 'viaduct'` gives. */
export type { Address } from './address.ts';
export type { Answer, FollowRoute, ForkOutcome, HeaderFields, Reply } from './answer.ts';
export type { Branch, BranchReply, Call, CallLog, ForkOptions, ForkTargets, ReplyOptions } from './call.ts';
export { type Digest, type DigestOptions, digest, type Verification } from './digest.ts';
export type { Duration } from './duration.ts';
export type { Headers } from './headers.ts';
export type { LocalRequest } from './local-request.ts';
export { location, type SaveOptions, type TargetSet } from './location.ts';
export type {
  AnchorOptions,
  CallMedia,
  CallMediaStatistics,
  CallParty,
  MediaOutcome,
  PlayOptions,
  PressedKey,
  RecordOptions,
} from './media.ts';
export { type Handler, type Handlers, type Routes, routes } from './routes.ts';
