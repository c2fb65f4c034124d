/**
 * Numbers behind the `E` of an answer in rtpproxy's control protocol, as the daemon of version 3 has them. Names tell
 * what was wrong; several numbers for one thing tell where.
 */
export const RtpproxyError = {
  UnknownCommand: 0,
  ArgumentCount: 1,
  Modifiers: 2,
  Subcommand: 3,
  /** No cookie, or nothing behind it. */
  Syntax: 5,
  /** Something behind the `s` of a recording. */
  AfterRecordModifier: 6,
  RecordModifier: 7,
  DeleteModifier: 8,
  StatisticsModifier: 9,
  NotifyTag: 10,
  ExternalInterface: 11,
  InternalInterface: 12,
  PacketTime: 13,
  Codecs: 14,
  LocalAddressSyntax: 15,
  RemoteAddressSyntax: 16,
  PlayCount: 17,
  InfoModifier: 18,
  QueryModifier: 19,
  ReplyTooLong: 25,
  QueryTooLong: 26,
  LocalAddress: 31,
  RemoteAddress: 32,
  UnknownModifier: 35,
  NoAddressOfFamily: 36,
  MediaAddress: 37,
  UnknownSession: 50,
  PlayFailed: 60,
  QueryFailed: 62,
  CopyFailed: 65,
  UnknownCounter: 68,
  NoListener: 71,
  NoSecondListener: 72,
  NotifyNotPermitted: 75,
  NoMemory: 81,
  Overload: 98,
  ShuttingDown: 99,
} as const;

export type RtpproxyErrorCode = (typeof RtpproxyError)[keyof typeof RtpproxyError];
