import type { PortMapFacts } from '@oneport/protocol';
import { useMemo, useState, useSyncExternalStore } from 'react';
import { LogoIcon } from '../ui/common/icons.tsx';
import './port-map-page.css';
import { Diagram } from './diagram.tsx';
import { countedLabels, formatCount } from './labels.ts';
import type { LivePortMap } from './live.ts';
import { PacketPath } from './packet-path.tsx';
import { PortTable } from './port-table.tsx';
import { Search } from './search.tsx';
import type { PortMapState } from './state.ts';
import { TokenForm } from './token-form.tsx';
import { TransportTable } from './transport-table.tsx';
import { WorkerCards } from './worker-cards.tsx';

export function PortMapPage(props: { live: LivePortMap; onToken(token: string): void }) {
  const { live, onToken } = props;
  const state = useSyncExternalStore(live.subscribe, live.getSnapshot);
  const { link, facts } = state;
  return (
    <div className="port-map">
      <header className="map-header">
        <div className="brand">
          <LogoIcon /> oneport
        </div>
        <h1>Live port map</h1>
        {facts && <span className="map-mode">{facts.mode}</span>}
        <span className="map-link" role="status" data-link={link.name}>
          {link.name === 'open' ? 'live' : link.name === 'connecting' ? 'connecting…' : 'closed'}
        </span>
      </header>
      {link.name === 'no-token' || link.name === 'rejected' ? (
        <TokenForm reason={link.name === 'rejected' ? link.reason : undefined} onToken={onToken} />
      ) : (
        facts && <LiveMap state={state} facts={facts} live={live} />
      )}
    </div>
  );
}

function LiveMap({
  state,
  facts,
  live,
}: {
  state: PortMapState;
  facts: PortMapFacts;
  live: LivePortMap;
}) {
  const [chosen, setChosen] = useState<string | undefined>();
  const transports = useMemo(
    () =>
      [...state.transports.values()].sort(
        (a, b) => b.openedAt - a.openedAt || (a.key < b.key ? -1 : 1),
      ),
    [state.transports],
  );
  const row = chosen === undefined ? undefined : state.transports.get(chosen);
  const choose = (key: string) => setChosen(key === chosen ? undefined : key);
  return (
    <main className="map-main">
      <Summary facts={facts} />
      <Search state={state} facts={facts} onLook={(look) => live.look(look)} />
      <section aria-labelledby="paths-heading">
        <h2 id="paths-heading">Packet paths</h2>
        <Diagram
          transports={transports}
          anyOpen={facts.transports > 0}
          at={state.at}
          chosen={chosen}
          onChoose={choose}
        />
        {row && <PacketPath row={row} ports={state.ports} at={state.at} />}
      </section>
      <section aria-labelledby="workers-heading">
        <h2 id="workers-heading">Workers</h2>
        <WorkerCards workers={[...state.workers.values()]} />
      </section>
      <section aria-labelledby="ports-heading">
        <h2 id="ports-heading">Ports</h2>
        <PortTable
          ports={[...state.ports.values()]}
          facts={facts}
          chosen={state.look.port}
          onChoose={(port) => live.look({ port })}
        />
      </section>
      <section aria-labelledby="transports-heading">
        <h2 id="transports-heading">Transports</h2>
        <TransportTable
          transports={transports}
          matches={facts.matches}
          at={state.at}
          chosen={chosen}
          onChoose={choose}
        />
      </section>
    </main>
  );
}

function Summary({ facts }: { facts: PortMapFacts }) {
  const { rooms, transports, portNumbers, usedPortNumbers, why, counted } = facts;
  const idle = portNumbers - usedPortNumbers;
  return (
    <section className="map-summary" aria-label="Summary">
      <p className="map-count">
        {formatCount(transports, 'transport')} on {formatCount(usedPortNumbers, 'port')}
        <span>
          {' '}
          in {formatCount(rooms, 'room')}
          {idle > 0 && `, ${formatCount(idle, 'port')} idle`}
        </span>
      </p>
      <p className="map-why">{why}</p>
      {counted === 'needs-patched-worker' && <p className="map-note">{countedLabels[counted]}</p>}
    </section>
  );
}
