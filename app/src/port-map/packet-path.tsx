import type { PortRow, TransportRow } from '@oneport/protocol';
import type { ReactNode } from 'react';
import { formatAddress } from '../ui/common/labels.ts';
import { formatBytes, formatDuration, peerLabel, phaseLabels } from './labels.ts';
import './packet-path.css';

/** The path of the chosen transport's packets, step by step. */
export function PacketPath(props: {
  row: TransportRow;
  ports: ReadonlyMap<string, PortRow>;
  at: number;
}) {
  const { row, ports, at } = props;
  const { tuple, rates, stunAt, dtlsAt } = row;
  const port = tuple && ports.get(tuple.port);
  const ago = (time: number) => `${formatDuration(at - time)} ago`;
  return (
    <section
      className="packet-path"
      aria-label={`Packet path of ${peerLabel(row)}`}
      data-testid="packet-path"
    >
      <h3>
        {peerLabel(row)} <span>{row.direction === 'send' ? 'sends' : 'receives'} in</span>{' '}
        {row.roomId}
      </h3>
      <p>{phaseLabels[row.phase].long}</p>
      <dl>
        <Item name="Client address">
          {tuple ? formatAddress(tuple.address, tuple.remotePort) : 'not known yet'}
          {row.otherRemotes.length > 0 && <small>also {row.otherRemotes.join(', ')}</small>}
        </Item>
        <Item name="Port">
          {tuple ? tuple.port : row.ports.join(', ')}
          {port && <small>announced as {port.announced.join(', ')}</small>}
          {!tuple && <small>the client has not chosen one of these yet</small>}
        </Item>
        <Item name="Ufrag">
          {row.ufrag}
          {row.previousUfrag && <small>before the ICE restart: {row.previousUfrag}</small>}
        </Item>
        <Item name="Worker">{row.worker}</Item>
        <Item name="Transport">{row.key}</Item>
        <Item name="Per second">
          {rates
            ? `${formatBytes(rates.bytesIn)} in, ${formatBytes(rates.bytesOut)} out`
            : 'not measured yet'}
          {rates && (
            <small>
              {rates.packetsIn} RTP packets in, {rates.packetsOut} out
            </small>
          )}
        </Item>
        <Item name="Times">
          opened {ago(row.openedAt)}
          {stunAt !== null && <small>first STUN request {ago(stunAt)}</small>}
          {dtlsAt !== null && stunAt !== null && (
            <small>found by its tuple {Math.max(0, dtlsAt - stunAt)} ms later</small>
          )}
        </Item>
      </dl>
    </section>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
