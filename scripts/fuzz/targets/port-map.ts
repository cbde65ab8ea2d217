import { lookSchema, portMapNamespace, portMapSocketPath } from '@oneport/protocol';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { portMapToken } from '../../../testkit/servers/server-process.ts';
import { target } from '../run-target.ts';
import { fromSchema } from '../values/from-schema.ts';
import { hostileJson, hostileValue, nearlyValid } from '../values/hostile.ts';

const json = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value) ?? '');

/** Packets of socket.io (protocol revision 5) in those of engine.io (revision 4). */
const packet = fc.oneof(
  json(fc.oneof(fromSchema(lookSchema), nearlyValid(fromSchema(lookSchema)))).map(
    (look) => `42${portMapNamespace},["look",${look}]`,
  ),
  fc
    .tuple(
      fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '9', ''),
      fc.constantFrom(portMapNamespace, '/', '/x', ''),
      fc.oneof(json(hostileValue), hostileJson),
    )
    .map(([type, namespace, data]) => `4${type}${namespace},${data}`),
  fc
    .tuple(fc.nat({ max: 20 }), json(hostileValue))
    .map(([id, data]) => `43${portMapNamespace},${id}${data}`),
  fc
    .tuple(
      fc.nat({ max: 99 }),
      fc.constantFrom('{"_placeholder":true,"num":0}', '{"_placeholder":true,"num":-1}', '[]'),
    )
    .map(([attachments, data]) => `45${attachments}-${portMapNamespace},["look",${data}]`),
  fc.constantFrom(...'2 2probe 3 5 6 1 0 4 40 42 41'.split(' '), '', `41${portMapNamespace},`),
  hostileJson,
);

const viewer = fc.record({
  auth: fc.oneof(
    { weight: 3, arbitrary: fc.constant<unknown>({ token: portMapToken }) },
    { weight: 1, arbitrary: fc.record({ token: hostileValue }) },
    { weight: 1, arbitrary: hostileValue },
  ),
  packets: fc.array(fc.oneof(packet, fc.uint8Array({ maxLength: 50 })), {
    maxLength: 12,
    size: 'max',
  }),
});

/** The port map's socket, with and without its token. */
export const portMap = target(
  'port-map',
  fc.array(viewer, { minLength: 1, maxLength: 3 }),
  async (subject, viewers) => {
    const url = `${subject.server.url.replace('http', 'ws')}${portMapSocketPath}?EIO=4&transport=websocket`;
    await Promise.all(
      viewers.map(async ({ auth, packets }) => {
        const socket = new WebSocket(url);
        socket.on('error', () => {});
        const closed = new Promise((resolve) => socket.once('close', resolve));
        let messages = 0;
        const answered = new Promise((resolve) =>
          socket.on('message', (data) => {
            messages += 1;
            subject.count(`packets: ${String(data).slice(0, 2)}`);
            // The first is engine.io's handshake, the second answers the namespace's.
            if (messages === 2) {
              resolve(undefined);
            }
          }),
        );
        await Promise.race([closed, new Promise((resolve) => socket.once('open', resolve))]);
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(`40${portMapNamespace},${JSON.stringify(auth) ?? ''}`);
          await Promise.race([closed, answered]);
        }
        for (const packet of packets) {
          if (socket.readyState === WebSocket.OPEN) {
            socket.send(packet);
          }
        }
        socket.close();
        await closed;
      }),
    );
  },
);
