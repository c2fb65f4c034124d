// biome-ignore-all format: printed by scripts/print-docs.ts
// biome-ignore-all assist/source/organizeImports: printed by scripts/print-docs.ts
import type { CoreNames } from './core.ts';
import type { AccNames } from './acc.ts';
import type { AliasDbNames } from './alias-db.ts';
import type { AuthNames } from './auth.ts';
import type { AuthDbNames } from './auth-db.ts';
import type { CachedbLocalNames } from './cachedb-local.ts';
import type { CfgutilsNames } from './cfgutils.ts';
import type { DialogNames } from './dialog.ts';
import type { DialplanNames } from './dialplan.ts';
import type { DispatcherNames } from './dispatcher.ts';
import type { DomainNames } from './domain.ts';
import type { DroutingNames } from './drouting.ts';
import type { ExecNames } from './exec.ts';
import type { JsonNames } from './json.ts';
import type { LoadBalancerNames } from './load-balancer.ts';
import type { MaxfwdNames } from './maxfwd.ts';
import type { MiScriptNames } from './mi-script.ts';
import type { NathelperNames } from './nathelper.ts';
import type { OptionsNames } from './options.ts';
import type { PathNames } from './path.ts';
import type { PermissionsNames } from './permissions.ts';
import type { PikeNames } from './pike.ts';
import type { RatelimitNames } from './ratelimit.ts';
import type { RegistrarNames } from './registrar.ts';
import type { RrNames } from './rr.ts';
import type { RtpengineNames } from './rtpengine.ts';
import type { RtpproxyNames } from './rtpproxy.ts';
import type { SignalingNames } from './signaling.ts';
import type { SipmsgopsNames } from './sipmsgops.ts';
import type { SlNames } from './sl.ts';
import type { SqlCacherNames } from './sql-cacher.ts';
import type { SqlopsNames } from './sqlops.ts';
import type { StatisticsNames } from './statistics.ts';
import type { TextopsNames } from './textops.ts';
import type { TlsMgmNames } from './tls-mgm.ts';
import type { TmNames } from './tm.ts';
import type { TopologyHidingNames } from './topology-hiding.ts';
import type { UacNames } from './uac.ts';
import type { UsrlocNames } from './usrloc.ts';

/** What the modules of scripts have. */
export interface Names
  extends
    CoreNames,
    AccNames,
    AliasDbNames,
    AuthNames,
    AuthDbNames,
    CachedbLocalNames,
    CfgutilsNames,
    DialogNames,
    DialplanNames,
    DispatcherNames,
    DomainNames,
    DroutingNames,
    ExecNames,
    JsonNames,
    LoadBalancerNames,
    MaxfwdNames,
    MiScriptNames,
    NathelperNames,
    OptionsNames,
    PathNames,
    PermissionsNames,
    PikeNames,
    RatelimitNames,
    RegistrarNames,
    RrNames,
    RtpengineNames,
    RtpproxyNames,
    SignalingNames,
    SipmsgopsNames,
    SlNames,
    SqlCacherNames,
    SqlopsNames,
    StatisticsNames,
    TextopsNames,
    TlsMgmNames,
    TmNames,
    TopologyHidingNames,
    UacNames,
    UsrlocNames {}
