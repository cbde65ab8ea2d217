import type { TransportRow } from '@oneport/protocol';
import { formatAddress } from '../ui/common/labels.ts';
import { formatBytes, formatDuration, phaseLabels, shortId, shortUfrag } from './labels.ts';
import './transport-table.css';

/** The transports with their peers and tuples. On a narrow screen each row becomes a card. */
export function TransportTable(props: {
  transports: TransportRow[];
  matches: number;
  at: number;
  chosen: string | undefined;
  onChoose(key: string): void;
}) {
  const { transports, matches, at, chosen, onChoose } = props;
  if (transports.length === 0) {
    return <p className="map-empty">No transports.</p>;
  }
  return (
    <>
      <table className="map-transports">
        <thead>
          <tr>
            <th>Peer</th>
            <th>Room</th>
            <th>Client address</th>
            <th>Port</th>
            <th>Found by</th>
            <th>Since</th>
            <th>In</th>
            <th>Out</th>
          </tr>
        </thead>
        <tbody>
          {transports.map((row) => (
            <Row
              key={row.key}
              row={row}
              at={at}
              chosen={row.key === chosen}
              onChoose={() => onChoose(row.key)}
            />
          ))}
        </tbody>
      </table>
      {matches > transports.length && (
        <p className="map-more">
          The newest {transports.length} of {matches.toLocaleString('en')}. A search covers all of
          them.
        </p>
      )}
    </>
  );
}

function Row(props: { row: TransportRow; at: number; chosen: boolean; onChoose(): void }) {
  const { row, at, chosen, onChoose } = props;
  const { tuple, rates, phase } = row;
  return (
    <tr data-chosen={chosen} data-phase={phase} data-testid={`transport-${row.key}`}>
      <td data-label="Peer">
        <button type="button" aria-pressed={chosen} onClick={onChoose}>
          {row.displayName ?? row.peerId}
        </button>{' '}
        {row.displayName !== null && <code title={row.peerId}>{shortId(row.peerId)}</code>}{' '}
        <span>{row.direction === 'send' ? 'sends' : 'receives'}</span>
      </td>
      <td data-label="Room">{row.roomId}</td>
      <td data-label="Client address" className="mono">
        {tuple ? formatAddress(tuple.address, tuple.remotePort) : '—'}
      </td>
      <td data-label="Port" className="mono">
        {tuple?.port ?? row.ports.join(', ')}
      </td>
      <td data-label="Found by">
        <span className="map-phase" data-phase={phase}>
          {phaseLabels[phase].short}
        </span>{' '}
        <code title={row.ufrag}>{shortUfrag(row.ufrag)}</code>
      </td>
      <td data-label="Since">{formatDuration(at - (tuple?.since ?? row.openedAt))}</td>
      <td data-label="In">
        {rates ? `${formatBytes(rates.bytesIn)}/s · ${rates.packetsIn} RTP/s` : '…'}
      </td>
      <td data-label="Out">
        {rates ? `${formatBytes(rates.bytesOut)}/s · ${rates.packetsOut} RTP/s` : '…'}
      </td>
    </tr>
  );
}
