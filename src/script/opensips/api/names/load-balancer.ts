// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Sends each call to the destination that has the most room for it; calls are counted by their dialogs. */
export interface LoadBalancerNames {
  /** Chooses the destination of a group that has the most room in all of the resources; `$du` leads there. */
  lb_start(grp: Argument, resources: Argument, flags?: Argument, attrs?: string): boolean;
  /** Chooses another destination, when the last one has failed. */
  lb_next(attrs?: string): boolean;
  /** As lb_start where no search is under way, else as lb_next. */
  lb_start_or_next(grp: Argument, resources: Argument, flags?: Argument, attrs?: string): boolean;
  /** Ends the search, so that another one may begin. */
  lb_reset(): boolean;
  /** Whether a search is under way. */
  lb_is_started(): boolean;
  /** Leaves the destination that was tried last out, until a probe finds it. */
  lb_disable_dst(): boolean;
  /** Whether an address is that of a destination. Port 0 means any. */
  lb_is_destination(ip: Argument, port: Argument, group?: Argument, active?: Argument, attrs?: string): boolean;
  /** Counts a call for a destination that it was not sent to by this module, or no longer. */
  lb_count_call(ip: Argument, port: Argument, grp: Argument, resources: Argument, undo?: Argument): boolean;
}
