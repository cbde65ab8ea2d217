import { type DashboardFacts, dashboardLimits, type Look } from '@oneport/protocol';
import { useId } from 'react';
import { countWords } from './labels.ts';
import type { DashboardState } from './state.ts';

/** What is looked for, among all that is open. */
export function Search(props: {
  state: DashboardState;
  facts: DashboardFacts;
  onLook(look: Partial<Look>): void;
}) {
  const { state, facts, onLook } = props;
  const { look } = state;
  const id = useId();
  const asked = look.search.trim() !== '' || look.port !== null;
  const answered = facts.look.search === look.search && facts.look.port === look.port;
  return (
    <search className="dash-search">
      <div className="field">
        <label htmlFor={id}>Whose is it?</label>
        <input
          id={id}
          type="search"
          value={look.search}
          maxLength={dashboardLimits.searchCharacters}
          placeholder="address:port, ufrag, peer or room, from a capture or a firewall’s log"
          onChange={(event) => onLook({ search: event.target.value })}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      {asked && (
        <p role="status" data-testid="matches">
          {look.port !== null && (
            <button type="button" className="dash-chip" onClick={() => onLook({ port: null })}>
              {look.port} <span aria-hidden="true">×</span>
              <span className="visually-hidden">: show all ports again</span>
            </button>
          )}
          {!answered
            ? 'looking …'
            : facts.matches === 0
              ? 'Nobody’s, now. What has been closed is not kept.'
              : countWords(facts.matches, 'transport')}
        </p>
      )}
    </search>
  );
}
