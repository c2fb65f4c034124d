// The Internet in a box: a cloud network behind a 1:1 NAT, a home behind a port-restricted NAT, and a public phone.
//
//   phone 203.0.113.10 ───┐                              ┌── server   10.0.0.34  (99.88.44.33 outside)
//                      internet ── cloudgw (1:1 NAT) ── vpc ─ relay   10.0.0.60  (99.88.44.60 outside)
//   home  192.168.1.20 ─┐ │                              └── vpcphone 10.0.0.50  (99.88.44.40 outside, out only)
//   home2 192.168.1.21 ── homegw 198.51.100.77
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { Sandbox } from './sandbox.ts';

/** The machines of the test network. */
export type Machine =
  | 'internet'
  | 'phone'
  | 'homegw'
  | 'home'
  | 'home2'
  | 'cloudgw'
  | 'server'
  | 'relay'
  | 'vpcphone';

/** The addresses that scenarios name. */
export const ADDRESS = {
  phone: '203.0.113.10',
  homegw: '198.51.100.77',
  home: '192.168.1.20',
  home2: '192.168.1.21',
  server: '10.0.0.34',
  serverPublic: '99.88.44.33',
  relay: '10.0.0.60',
  relayPublic: '99.88.44.60',
  vpcphone: '10.0.0.50',
  vpcNatGateway: '99.88.44.40',
  // IPv6 knows no NAT: the server and the VPC phone are on the Internet with the addresses that they have.
  phone6: '2001:db8:1::10',
  server6: '2001:db8:3::34',
  vpcphone6: '2001:db8:3::50',
} as const;

// A link is a veth pair. Reverse path filters are off because new namespaces inherit the machine's taste.
const LINKS = `
  for machine in internet phone homegw home home2 cloudgw server relay vpcphone; do
    ip netns add $machine
    ip -n $machine link set lo up
  done
  link() { # machine device address  machine device address
    ip -n $1 link add $2 type veth peer name $5 netns $4
    [ "$3" = - ] || ip -n $1 addr add $3 dev $2
    [ "$6" = - ] || ip -n $4 addr add $6 dev $5
    ip -n $1 link set $2 up
    ip -n $4 link set $5 up
  }
  link internet phone 203.0.113.1/24   phone eth0 203.0.113.10/24
  link internet home 198.51.100.1/24   homegw wan 198.51.100.77/24
  ip -n homegw link add lan type bridge
  ip -n homegw addr add 192.168.1.1/24 dev lan
  ip -n homegw link set lan up
  link homegw port-home -              home eth0 192.168.1.20/24
  link homegw port-home2 -             home2 eth0 192.168.1.21/24
  ip -n homegw link set port-home master lan
  ip -n homegw link set port-home2 master lan
  link internet cloud 192.0.2.1/30     cloudgw wan 192.0.2.2/30
  ip -n cloudgw link add vpc type bridge
  ip -n cloudgw addr add 10.0.0.1/24 dev vpc
  ip -n cloudgw link set vpc up
  link cloudgw port-server -           server eth0 10.0.0.34/24
  link cloudgw port-relay -            relay eth0 10.0.0.60/24
  link cloudgw port-phone -            vpcphone eth0 10.0.0.50/24
  ip -n cloudgw link set port-server master vpc
  ip -n cloudgw link set port-relay master vpc
  ip -n cloudgw link set port-phone master vpc
  ip -n internet route add 99.88.44.0/24 via 192.0.2.2
  ip -n phone route add default via 203.0.113.1
  ip -n home route add default via 192.168.1.1
  ip -n home2 route add default via 192.168.1.1
  ip -n homegw route add default via 198.51.100.1
  ip -n cloudgw route add default via 192.0.2.1
  ip -n server route add default via 10.0.0.1
  ip -n relay route add default via 10.0.0.1
  ip -n vpcphone route add default via 10.0.0.1
  six() { # machine device address
    ip -n $1 addr add $3/64 dev $2 nodad
  }
  six internet phone 2001:db8:1::1     ; six phone eth0 2001:db8:1::10
  six internet cloud 2001:db8:2::1     ; six cloudgw wan 2001:db8:2::2
  six cloudgw vpc 2001:db8:3::1
  six server eth0 2001:db8:3::34       ; six vpcphone eth0 2001:db8:3::50
  ip -n phone route add default via 2001:db8:1::1
  ip -n internet route add 2001:db8:3::/64 via 2001:db8:2::2
  ip -n cloudgw route add default via 2001:db8:2::1
  ip -n server route add default via 2001:db8:3::1
  ip -n vpcphone route add default via 2001:db8:3::1
  for router in internet homegw cloudgw; do
    ip netns exec $router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
      echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
      for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$filter; done
      helper=/proc/sys/net/netfilter/nf_conntrack_helper; [ ! -e $helper ] || echo 0 >$helper'
  done`;

// What the Internet must never carry it does not carry: private sources and destinations die on it.
const INTERNET = `
table ip world {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } counter drop
    ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } counter drop
  }
}`;

// The cloud's gateway: server and relay have a public address one to one, the phone may only call out. A packet from
// inside to one of those public addresses is not turned round (most clouds do not): it is counted and dropped.
const CLOUD_GATEWAY = `
table ip cloud {
  counter hairpin_server { }
  counter hairpin_phone { }
  chain hairpin {
    type filter hook prerouting priority raw;
    iifname "vpc" ip saddr { 10.0.0.34, 10.0.0.60 } ip daddr { 99.88.44.33, 99.88.44.60 } counter name hairpin_server drop
    iifname "vpc" ip daddr { 99.88.44.33, 99.88.44.60 } counter name hairpin_phone drop
  }
  chain inbound {
    type nat hook prerouting priority dstnat;
    iifname "wan" ip daddr 99.88.44.33 dnat to 10.0.0.34
    iifname "wan" ip daddr 99.88.44.60 dnat to 10.0.0.60
  }
  chain outbound {
    type nat hook postrouting priority srcnat;
    oifname "wan" ip saddr 10.0.0.34 snat to 99.88.44.33
    oifname "wan" ip saddr 10.0.0.60 snat to 99.88.44.60
    oifname "wan" ip saddr 10.0.0.0/24 snat to 99.88.44.40
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "vpc" accept
    iifname "wan" ip daddr { 10.0.0.34, 10.0.0.60 } accept
  }
}`;

// A home router as sold: masquerading, and nothing comes in that was not asked for from that very address and port.
const HOME_GATEWAY = `
table ip home {
  chain outbound {
    type nat hook postrouting priority srcnat;
    oifname "wan" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}`;

function load(machine: Machine, ruleset: string): string {
  return `ip netns exec ${machine} nft -f - <<'RULES'\n${ruleset}\nRULES\n`;
}

/** The test network, up and routed until it is disposed of. */
export class Topology {
  readonly #sandbox: Sandbox;

  private constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** @throws Error where `rightsReason()` names a reason, or a set-up command fails */
  static async make(): Promise<Topology> {
    const sandbox = await Sandbox.make();
    try {
      const rules =
        load('internet', INTERNET) + load('cloudgw', CLOUD_GATEWAY) + load('homegw', HOME_GATEWAY);
      sandbox.script(`${LINKS}\n${rules}`);
    } catch (error) {
      await sandbox[Symbol.asyncDispose]();
      throw error;
    }
    return new Topology(sandbox);
  }

  /** Starts a program on a machine; end it with `stop` of sandbox.ts. */
  spawn(machine: Machine, command: readonly string[], options?: SpawnOptions): ChildProcess {
    return this.#sandbox.spawn(machine, command, options);
  }

  /** Runs a shell script on a machine and returns what it printed. @throws Error with its stderr */
  run(machine: Machine, script: string): string {
    return this.#sandbox.script(`exec ip netns exec ${machine} sh -e <<'SCRIPT'\n${script}\nSCRIPT`);
  }

  /** Packets that were sent from inside the VPC to public addresses of its own, and died at the gateway. */
  hairpins(): { fromServer: number; fromPhone: number } {
    const count = (name: string): number => {
      const text = this.run('cloudgw', `nft list counter ip cloud ${name}`);
      return Number(/packets (\d+)/.exec(text)?.[1]);
    };
    return { fromServer: count('hairpin_server'), fromPhone: count('hairpin_phone') };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sandbox[Symbol.asyncDispose]();
  }
}
