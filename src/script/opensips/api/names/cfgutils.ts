// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Chance, pauses, locks, shared variables, times of day, and other small things. */
export interface CfgutilsNames {
  /** True by chance, with a probability in percent. */
  rand_event(probability?: Argument): boolean;
  /** Sets the probability of `rand_event`. */
  rand_set_prob(probability: Argument): boolean;
  /** Sets the probability back to that of the start. */
  rand_reset_prob(): boolean;
  /** Returns the probability as its code; 0, which would end the script, as -1. */
  rand_get_prob(): boolean;
  /** Waits; nothing else has to wait with it. */
  sleep(time: Argument): boolean | Promise<boolean>;
  /** Waits; nothing else has to wait with it. */
  usleep(time: Argument): boolean | Promise<boolean>;
  /** Counts the values of a variable that has several. */
  set_count(var_to_count: string, ret_var: string): boolean;
  /** Chooses one of the values by chance, each as likely as it is large, and returns its index. */
  set_select_weight(int_list_var: string): boolean;
  /** The difference of two times in microseconds, as text and as a number. */
  ts_usec_delta(t1_sec: Argument, t1_usec: Argument, t2_sec: Argument, t2_usec: Argument, delta_str?: string, delta_int?: string): boolean;
  /** Whether a time recurrence holds now. */
  check_time_rec(time_string: Argument, timestamp?: Argument): boolean;
  /** Waits for the lock of a name. Release it on every path: nobody else does. */
  get_static_lock(key: Argument): boolean | Promise<boolean>;
  /** Gives the lock to who waits for it. */
  release_static_lock(key: Argument): boolean;
  /** As `get_static_lock`, in a space of its own. */
  get_dynamic_lock(key: Argument): boolean | Promise<boolean>;
  /** As `release_static_lock`. */
  release_dynamic_lock(key: Argument): boolean;
  /** Whether two names mean the same lock: only where they are the same. */
  strings_share_lock(key1: Argument, key2: Argument): boolean;
  /** The time since 1970 in seconds and microseconds. */
  get_accurate_time(sec: string, usec: string, str_sec_usec?: string): boolean;
  /** Puts the values of an AVP into another order, by chance. */
  shuffle_avps(name: string): boolean;
  /** A number by chance, from 0 to 2^31 - 1. */
  readonly $RANDOM: Value;
  /** A variable of the environment. */
  $env(name: string): Value;
  /** The local time in parts. */
  $ctime(name: 'sec' | 'min' | 'hour' | 'mday' | 'mon' | 'year' | 'wday' | 'yday' | 'isdst' | (string & {})): Value;
  /** A variable that all requests share; 0 before it is set. */
  $shv(name: string): Value;
}
