import { expect, it } from 'vitest';
import { rightsReason } from './sandbox.ts';
import { ADDRESS, type Machine, Topology } from './topology.ts';

const reason = rightsReason();
if (reason !== undefined) process.stderr.write(`topology.test.ts skipped: ${reason}\n`);

const ECHO = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (text, from) => socket.send(text, from.port, from.address));
  socket.bind(7, () => console.log('ready'));`;
const ASK = (address: string): string => `
  const socket = require('node:dgram').createSocket('udp4');
  const end = (text) => { console.log(text); process.exit(); };
  socket.on('message', () => end('yes'));
  socket.send('?', 7, '${address}');
  setTimeout(end, 400, 'no');`;

it.skipIf(reason !== undefined)('routes like an Internet with two NATs and without hairpins', async () => {
  await using net = await Topology.make();
  const places: Machine[] = ['phone', 'home', 'server', 'vpcphone'];
  for (const place of places) {
    const echo = net.spawn(place, [process.execPath, '-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => echo.stdout?.once('data', resolve));
  }
  const reaches = (from: Machine, address: string): string =>
    net.run(from, `${process.execPath} -e "${ASK(address)}"`).trim();

  expect(reaches('phone', ADDRESS.serverPublic)).toBe('yes');
  expect(reaches('home', ADDRESS.serverPublic)).toBe('yes');
  expect(reaches('server', ADDRESS.phone)).toBe('yes');
  expect(reaches('vpcphone', ADDRESS.server)).toBe('yes');
  expect(reaches('vpcphone', ADDRESS.phone)).toBe('yes');
  expect(reaches('phone', ADDRESS.vpcNatGateway)).toBe('no');
  expect(reaches('phone', ADDRESS.server)).toBe('no');
  expect(reaches('phone', ADDRESS.homegw)).toBe('no');
  expect(net.hairpins()).toEqual({ fromServer: 0, fromPhone: 0 });
  expect(reaches('vpcphone', ADDRESS.serverPublic)).toBe('no');
  expect(reaches('server', ADDRESS.serverPublic)).toBe('no');
  expect(net.hairpins()).toEqual({ fromServer: 1, fromPhone: 1 });
});
