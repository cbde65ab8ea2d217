/**
 * The flow of the official mediasoup-demo's client, as a second client of our server. It runs in a page.
 *
 * Where the demo asks for something and waits (router capabilities, each transport, the transport's connection), this client
 * waits for a round trip too, by the request `ping`; the answer itself is in our server's `welcome`.
 */
import { Device, type types } from 'mediasoup-client';

/** The part of our messages that this client reads. */
interface Message {
  id: number;
  method?: string;
  request?: true;
  response?: true;
  data: never;
}

interface Welcome {
  generation: number;
  routerRtpCapabilities: types.RtpCapabilities;
  recvTransport: types.TransportOptions & { transportId: string };
}

interface Offer {
  consumerId: string;
  producerId: string;
  kind: types.MediaKind;
  rtpParameters: types.RtpParameters;
}

/**
 * Joins a room, and receives. It publishes nothing, but creates the transport for it, as the demo does.
 *
 * @param url - of the WebSocket, with its query
 */
export async function join(url: string): Promise<void> {
  const socket = new WebSocket(url, 'protoo');
  const pending = new Map<number, () => void>();
  let nextId = 1;
  const request = (method: string, data: object = {}): Promise<void> => {
    const id = nextId++;
    socket.send(JSON.stringify({ request: true, id, method, data }));
    return new Promise((resolve) => pending.set(id, resolve));
  };
  const welcomed = new Promise<Welcome>((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const message: Message = JSON.parse(data);
      if (message.response) {
        pending.get(message.id)?.();
      } else if (message.method === 'welcome') {
        resolve(message.data);
      } else if (message.method === 'newConsumers') {
        void consume(message.id, message.data);
      }
    });
  });
  const { generation, routerRtpCapabilities, recvTransport } = await welcomed;

  // getRouterRtpCapabilities
  await request('ping');
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities });
  // createWebRtcTransport, to send
  await request('ping');
  // createWebRtcTransport, to receive
  await request('ping');
  const { transportId, ...parameters } = recvTransport;
  const transport = device.createRecvTransport({ ...parameters, id: transportId });
  transport.on('connect', ({ dtlsParameters }, connected, failed) => {
    request('connectWebRtcTransport', { transportId, dtlsParameters }).then(connected, failed);
  });
  await request('join', {
    generation,
    displayName: 'Demo',
    device: { flag: 'chrome', name: 'Demo' },
    rtpCapabilities: device.recvRtpCapabilities,
  });

  async function consume(id: number, { consumers }: { consumers: Offer[] }): Promise<void> {
    await Promise.all(
      consumers.map(({ consumerId, producerId, kind, rtpParameters }) =>
        transport.consume({ id: consumerId, producerId, kind, rtpParameters }),
      ),
    );
    const accepted = consumers.map(({ consumerId }) => consumerId);
    socket.send(JSON.stringify({ response: true, id, ok: true, data: { accepted } }));
  }
}
