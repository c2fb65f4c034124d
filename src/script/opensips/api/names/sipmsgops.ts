// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Headers, bodies and codecs. Reading sees the message as it came; what is changed shows in what goes out. */
export interface SipmsgopsNames {
  /** Adds headers to all answers that the server itself gives to the request. */
  append_to_reply(txt: Argument): boolean;
  /** Adds a body to all answers that the server itself gives; append_to_reply gives its Content-Type. */
  append_body_to_reply(txt: Argument): boolean;
  /** Adds headers below all others, or below the first of a name. */
  append_hf(txt: Argument, hdr_anchor?: Argument): boolean;
  /** Adds headers above all others, or above the first of a name. */
  insert_hf(txt: Argument, hdr?: Argument): boolean;
  /** Adds a header with the Request-URI as it came between two texts. */
  append_urihf(prefix: Argument, suffix: Argument): boolean;
  /** Whether the message has a header of that name, in any form. */
  is_present_hf(hf_name: Argument): boolean;
  /** Takes all headers of a name away that the message came with. */
  remove_hf(hname: Argument): boolean;
  /** Takes headers away whose names match an expression. */
  remove_hf_re(hname_expr: Argument): boolean;
  /** Takes headers away whose names match a pattern with `*` and `?`. */
  remove_hf_glob(hname_pattern: Argument): boolean;
  /** Adds a Date to the answers of the server. */
  append_time(): boolean;
  /** Whether the method is one of those; of a reply that in CSeq. */
  is_method(name: Argument): boolean;
  /** Whether the message belongs to a dialog that stands: its To has a tag. */
  has_totag(): boolean;
  /** Gives a reply another status of its own class, and another reason phrase. */
  change_reply_status(code: Argument, reason: Argument): boolean;
  /** Whether the Request-URI has a parameter; without a value, one without a value. */
  ruri_has_param(param: Argument, value?: Argument): boolean;
  /** Adds a parameter to the Request-URI. */
  ruri_add_param(param: Argument): boolean;
  /** Takes a parameter of the Request-URI away. */
  ruri_del_param(param: Argument): boolean;
  /** Makes a sip URI of a tel URI, with the domain of From. */
  ruri_tel2sip(): boolean;
  /** Whether the user of a URI is a number with a `+` before it. */
  is_uri_user_e164(uri: Argument): boolean;
  /** Whether two URIs are the same (RFC 3261 §19.1.4). */
  compare_uri(uri1: Argument, uri2: Argument): boolean;
  /** Whether a header that lists options (Supported, Require …) has one. */
  list_hdr_has_option(hdr_name: Argument, option: Argument): boolean;
  /** Adds an option to a header that lists them, or the header with it; nothing where it has it. */
  list_hdr_add_option(hdr_name: Argument, option: Argument): boolean;
  /** Takes an option out of a header that lists them, and the header where nothing is left. */
  list_hdr_remove_option(hdr_name: Argument, option: Argument): boolean;
  /** Whether the message has a body, or a part of a media type. */
  has_body_part(mime?: Argument): boolean;
  /** Whether an audio stream is on hold. */
  is_audio_on_hold(): boolean;
  /** Whether Privacy asks for something (RFC 3323). */
  is_privacy(privacy_type: Argument): boolean;
  /** Takes parts of a media type out of the body, or with `revert` all others; without a type the body. */
  remove_body_part(mime?: Argument, revert?: Argument): boolean;
  /** Adds a part to the body, which becomes a multipart one where it has another. */
  add_body_part(body: Argument, mime: Argument, headers?: Argument): boolean;
  /** Puts the body, or a part of a media type, into a variable as it will go out. */
  get_updated_body_part(mime: Argument, variable: string): boolean;
  /** Whether the description offers a codec. */
  codec_exists(name: Argument, clock?: Argument): boolean;
  /** As codec_exists, by an expression on the name. */
  codec_exists_re(regexp: Argument): boolean;
  /** Takes a codec out of the description. */
  codec_delete(name: Argument, clock?: Argument): boolean;
  /** As codec_delete, by an expression on the name. */
  codec_delete_re(regexp: Argument): boolean;
  /** Takes all codecs out whose names do not match. */
  codec_delete_except_re(regexp: Argument): boolean;
  /** Puts a codec before all others. */
  codec_move_up(name: Argument, clock?: Argument): boolean;
  /** As codec_move_up, by an expression on the name. */
  codec_move_up_re(regexp: Argument): boolean;
  /** Puts a codec behind all others. */
  codec_move_down(name: Argument, clock?: Argument): boolean;
  /** As codec_move_down, by an expression on the name. */
  codec_move_down_re(regexp: Argument): boolean;
  /** Whether the description has a medium whose kind matches. */
  stream_exists(regexp: Argument): boolean;
  /** Takes media out of the description whose kinds match. */
  stream_delete(regexp: Argument): boolean;
  /** Whether the message is as RFC 3261 has it. What is badly broken is turned away before any script. */
  sipmsg_validate(flags?: Argument, result_pvar?: string): boolean;
}
