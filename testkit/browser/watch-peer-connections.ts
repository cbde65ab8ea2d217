declare global {
  interface Window {
    /** Every open RTCPeerConnection of the page, in order of creation. */
    peerConnections: RTCPeerConnection[];
  }
}

/** Runs in the page, before its own scripts. The page can't tell the difference. */
export function watchPeerConnections(): void {
  const all: RTCPeerConnection[] = [];
  Object.defineProperty(window, 'peerConnections', {
    get: () => all.filter((pc) => pc.connectionState !== 'closed'),
  });
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      all.push(this);
    }
  };
}
