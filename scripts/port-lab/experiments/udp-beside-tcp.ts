import { type Family, families, loopback } from '../address.ts';
import { type Experiment, measureRows, notHere } from '../experiment.ts';
import { type Setting, settings } from '../settings.ts';
import { attemptCalls, cannotUse, freePort, withSockets } from '../with-sockets.ts';

export const udpBesideTcpExperiment: Experiment = {
  id: 'udp-beside-tcp',
  title: 'A UDP socket and a TCP listener on one address and port',
  rowsAre: 'option of both',
  columns: families,
  note: 'OK: both are bound, and TCP listens.',
  run: () => measureRows(settings, families, measure),
};

async function measure(setting: Setting, family: Family): Promise<string> {
  if (await cannotUse(family)) {
    return notHere;
  }

  const port = await freePort(family);

  return withSockets((open) => {
    const refused = attemptCalls(() => {
      open('UDP', family, setting).bind(loopback[family], port);

      const listener = open('TCP', family, setting);

      listener.bind(loopback[family], port);
      listener.listen();
    });

    return refused ?? 'OK';
  });
}
