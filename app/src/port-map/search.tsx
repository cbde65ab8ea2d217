import { type Look, type PortMapFacts, portMapLimits } from '@oneport/protocol';
import { useId } from 'react';
import { formatCount } from './labels.ts';
import type { PortMapState } from './state.ts';

/** Searches all open transports, and shows the chosen port. */
export function Search(props: {
  state: PortMapState;
  facts: PortMapFacts;
  onLook(look: Partial<Look>): void;
}) {
  const { state, facts, onLook } = props;
  const { look } = state;
  const id = useId();
  const isSearching = look.search.trim() !== '' || look.port !== null;
  const isAnswered = facts.look.search === look.search && facts.look.port === look.port;
  return (
    <search className="map-search">
      <div className="field">
        <label htmlFor={id}>Find a transport</label>
        <input
          id={id}
          type="search"
          value={look.search}
          maxLength={portMapLimits.searchCharacters}
          placeholder="address:port, ufrag, peer or room"
          onChange={(event) => onLook({ search: event.target.value })}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      {isSearching && (
        <p role="status" data-testid="matches">
          {look.port !== null && (
            <button type="button" className="map-chip" onClick={() => onLook({ port: null })}>
              {look.port} <span aria-hidden="true">×</span>
              <span className="visually-hidden">: show all ports again</span>
            </button>
          )}
          {!isAnswered
            ? 'searching…'
            : facts.matches === 0
              ? 'No open transport matches. Closed transports are not kept.'
              : formatCount(facts.matches, 'transport')}
        </p>
      )}
    </search>
  );
}
