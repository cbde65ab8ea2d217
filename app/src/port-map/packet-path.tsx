import type { PortRow, TransportRow } from '@oneport/protocol';
import { addressWords, bytesWords, peerWords, phaseWords, sinceWords } from './labels.ts';
import './packet-path.css';

/** One transport's way, step by step. */
export function Way(props: { row: TransportRow; ports: ReadonlyMap<string, PortRow>; at: number }) {
  const { row, ports, at } = props;
  const { tuple, rates, stunAt, dtlsAt } = row;
  const port = tuple && ports.get(tuple.port);
  const ago = (time: number) => `${sinceWords(at - time)} ago`;
  return (
    <section className="dash-way" aria-label={`The way of ${peerWords(row)}`} data-testid="way">
      <h3>
        {peerWords(row)} <span>{row.direction === 'send' ? 'sends' : 'receives'} in</span>{' '}
        {row.roomId}
      </h3>
      <p>{phaseWords[row.phase].long}</p>
      <dl>
        <Item name="Client address">
          {tuple ? addressWords(tuple.address, tuple.remotePort) : 'not known yet'}
          {row.otherRemotes.length > 0 && <small>also {row.otherRemotes.join(', ')}</small>}
        </Item>
        <Item name="Port">
          {tuple ? tuple.port : row.ports.join(', ')}
          {port && <small>told to the client as {port.announced.join(', ')}</small>}
          {!tuple && <small>any of these: the client has not chosen yet</small>}
        </Item>
        <Item name="Ufrag">
          {row.ufrag}
          {row.previousUfrag && <small>before the ICE restart: {row.previousUfrag}</small>}
        </Item>
        <Item name="Worker">{row.worker}</Item>
        <Item name="Transport">{row.key}</Item>
        <Item name="In a second">
          {rates
            ? `${bytesWords(rates.bytesIn)} in, ${bytesWords(rates.bytesOut)} out`
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
            <small>by its tuple {Math.max(0, dtlsAt - stunAt)} ms after that</small>
          )}
        </Item>
      </dl>
    </section>
  );
}

function Item({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
