import type { ModuleContext } from '../../runtime/module-context.ts';
import type { UserLocation } from '../usrloc/user-location.ts';

/** Times in seconds, q in thousandths; 0 is no limit. */
export interface RegistrarSettings {
  readonly defaultExpires: number;
  readonly minExpires: number;
  readonly maxExpires: number;
  /** -1 where contacts that give none shall have none. */
  readonly defaultQ: number;
  readonly persistFlag: string | undefined;
  readonly realmPrefix: string;
  readonly caseSensitive: boolean;
  /** Names of AVPs. */
  readonly receivedAvp: string | undefined;
  readonly contactAvp: string | undefined;
  readonly attributesAvp: string | undefined;
  readonly receivedParam: string;
  readonly allowSameCseq: boolean;
  /** By how much lifetimes differ at random. */
  readonly deviation: number;
  readonly maxContacts: number;
  readonly maxUserLength: number;
  readonly maxDomainLength: number;
  readonly maxAorLength: number;
  readonly maxContactLength: number;
  readonly retryAfter: number;
  readonly socketHeader: string | undefined;
  /** What temporary GRUUs are made with; undefined for no GRUUs. */
  readonly gruuSecret: string | undefined;
}

/** The state of the module. */
export interface RegistrarState {
  readonly settings: RegistrarSettings;
  readonly location: UserLocation;
  readonly context: ModuleContext;
  accepted: number;
  rejected: number;
}
