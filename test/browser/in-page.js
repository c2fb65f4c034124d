// Runs in the page before its own scripts: keeps the peer connections, so that what they have received can be asked.
const Native = globalThis.RTCPeerConnection;
const connections = [];

globalThis.RTCPeerConnection = class extends Native {
  constructor(configuration) {
    super(configuration);
    connections.push(this);
  }
};

/** Whether the last of them has received more sound than a first packet or two. */
globalThis.hasHeard = async () => {
  const reports = await connections.at(-1)?.getStats();
  return [...(reports?.values() ?? [])].some(
    ({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived > 10,
  );
};
